import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunRecord } from '../results/mod.js';
import { inFolder, runCli } from './cli-under-test.js';

test('quickstart: broker, 10,000 devices, latency, verdict, sizing, and no process left', async () => {
  await inFolder({}, async (cwd) => {
    const run = await runCli(['quickstart', '--out', join(cwd, 'records')], { cwd });
    assert.equal(run.code, 0, run.err + run.out);
    const record = JSON.parse(
      readFileSync(join(cwd, 'records/quickstart/run.json'), 'utf8'),
    ) as RunRecord;
    assert.equal(record.totals.connects.connectedMax, 10_000);
    assert.equal(record.totals.connects.lost, 0);
    const { deliveries, publishes } = record.totals;
    assert.equal(deliveries.lost, 0);
    assert.equal(deliveries.duplicated, 0);
    assert.equal(publishes.scheduled, publishes.sent);
    const { counters } = record.measured;
    for (const qos of ['Qos0', 'Qos1'] as const) {
      assert.ok(counters[`publishesSent${qos}`]! > 1000);
      assert.ok(counters[`deliveriesReceived${qos}`]! > 1000);
    }
    assert.match(run.out, /^(VALID|SUSPECT) +quickstart on mqtt:/);
    assert.match(run.out, /lost 0, duplicated 0, out of order 0/);
    assert.match(run.out, /p50 +p90 +p99 +p99\.9 +max/);
    assert.match(run.out, /broker \(pid \d+\)/);
    assert.match(run.out, /\d+ nodes? of 16 cores, 32 GiB/);
    assert.match(run.out, /connections +1,000,000/);
    const pid = record.probes[0]!.pid;
    const left = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.trim().startsWith(`${pid} `) || line.includes(cwd));
    assert.deepEqual(left, []);
  });
});
