import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunRecord } from '../results/mod.js';
import { inFolder, runCli, type Started, startCli } from './cli-under-test.js';

const PATIENCE_MS = 60_000;

test('quickstart: a core and two replicants, 10,000 devices, latency, verdict, sizing, and no process left', async () => {
  await inFolder({}, async (cwd) => {
    const env = { XDG_RUNTIME_DIR: cwd, TMPDIR: cwd };
    const run = await runCli(['quickstart', '--out', join(cwd, 'records')], { cwd, env });
    assert.equal(run.code, 0, run.err + run.out);
    const record = recordOf(cwd, 'quickstart');
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
    assertNodes(record);
    const check = recordOf(cwd, 'quickstart-check');
    assertNodes(check);
    const pids = [record, check].flatMap(({ probes }) => probes.flatMap(({ pid }) => pid ?? []));
    assert.equal(new Set(pids).size, 6, 'each run has nodes of its own');

    assert.match(run.out, /^(VALID|SUSPECT) +quickstart on mqtt:/);
    assert.match(run.out, /lost 0, duplicated 0, out of order 0/);
    assert.match(run.out, /p50 +p90 +p99 +p99\.9 +max/);
    assert.match(run.out, /core1 \(pid \d+\)[^\n]*\n +replicant1 \(pid/);
    assert.match(run.out, /\n {2}together +\d/);
    const nodes = Number(/(\d+) nodes? of 16 cores, 32 GiB/.exec(run.out)?.[1]);
    const replicants = Number(/They run (\d+) replicants, 16 on each/.exec(run.out)?.[1]);
    assert.equal(replicants, 16 * nodes);
    assert.match(run.out.replace(/\s+/g, ' '), /Beside them, not on these nodes, a core without/);
    assert.match(run.out, /connections +1,000,000/);
    assert.match(run.out, /Copies to another node for each published message: 0\.\d\d, 0\.\d\d/);
    assert.deepEqual(left(cwd, pids), []);
  });
});

test('quickstart ended by Ctrl-C while it measures leaves an interrupted record and no process', async () => {
  await inFolder({}, async (cwd) => {
    const env = { XDG_RUNTIME_DIR: cwd, TMPDIR: cwd };
    const args = ['quickstart', '--scale', '0.05', '--out', join(cwd, 'records')];
    const started = startCli(args, { cwd, env });
    await said(started, /idle/);
    started.process.kill('SIGINT');
    const { code, err } = await started.ended;
    assert.equal(code, 7, err);
    const record = recordOf(cwd, 'quickstart');
    assert.equal(record.state, 'interrupted');
    assert.deepEqual(
      left(
        cwd,
        record.probes.flatMap(({ pid }) => pid ?? []),
      ),
      [],
    );
    const files = readdirSync(cwd).filter((name) => name.startsWith('fleetgauge-'));
    assert.deepEqual(
      files.filter((name) => /warmup|cluster/.test(name)),
      [],
    );
  });
});

test('quickstart ended by Ctrl-C while its nodes warm up leaves no record', async () => {
  await inFolder({}, async (cwd) => {
    const env = { XDG_RUNTIME_DIR: cwd, TMPDIR: cwd };
    const args = ['quickstart', '--scale', '0.05', '--out', join(cwd, 'records')];
    const started = startCli(args, { cwd, env });
    await said(started, /warm-up/);
    started.process.kill('SIGINT');
    const { code, err } = await started.ended;
    assert.equal(code, 7, err);
    assert.ok(!existsSync(join(cwd, 'records')));
    const hosts = [...err.matchAll(/@(127\.\d+\.\d+\.\d+) /g)].map(([, host]) => `${host} `);
    assert.equal(hosts.length, 3, err);
    assert.deepEqual(
      processes().filter((line) => hosts.some((host) => line.includes(host))),
      [],
    );
  });
});

test('quickstart says before it starts anything that a process may have too few open files', async () => {
  await inFolder({}, async (cwd) => {
    const { code, out, err } = await runCli(['quickstart'], { cwd, openFiles: 2000 });
    assert.equal(code, 2);
    assert.equal(out, '');
    assert.match(err, /^a process may have 2000 open files here/);
    assert.match(err, /a replicant with 5000 devices needs 5064: .* --scale 0\.38\n$/);
    assert.deepEqual(readdirSync(cwd), []);
  });
});

/** All three are probed, the core had no client, and messages went between the replicants. */
function assertNodes({ probes, totals }: RunRecord): void {
  assert.deepEqual(
    probes.map(({ node, role }) => [node, role]),
    [
      ['core1', 'core'],
      ['replicant1', 'replicant'],
      ['replicant2', 'replicant'],
    ],
  );
  const [core, ...replicants] = probes.map(({ forwarded }) => forwarded);
  assert.equal(core, 0);
  const copies = replicants.reduce<number>((sum, count) => sum + count!, 0);
  // Each message has a receiver on the other node or has not: one copy at most.
  assert.ok(copies > 0.3 * totals.publishes.sent && copies <= totals.publishes.sent);
}

function recordOf(cwd: string, scenario: string): RunRecord {
  return JSON.parse(readFileSync(join(cwd, 'records', scenario, 'run.json'), 'utf8')) as RunRecord;
}

async function said({ output, process }: Started, what: RegExp): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!what.test(output.err)) {
    assert.equal(process.exitCode, null, output.err);
    assert.ok(performance.now() < endMs, output.err);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Processes with these ids, or with the test's folder in their arguments. */
function left(cwd: string, pids: readonly number[]): string[] {
  return processes().filter(
    (line) => pids.includes(Number.parseInt(line, 10)) || line.includes(cwd),
  );
}

function processes(): string[] {
  return execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim());
}
