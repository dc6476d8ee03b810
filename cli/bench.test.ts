import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import type { RunRecord } from '../results/mod.js';
import { elapsed } from './bench-rows.js';
import { inFolder, runCli, startCli } from './cli-under-test.js';
import { withBroker } from './testing/with-broker.js';

/** The words of emqtt-bench for a target. */
function at(target: string): string[] {
  const { port } = new URL(target.replace('mqtt', 'http'));
  return ['-h', '127.0.0.1', '-p', port];
}

/** The last row of a counter, as `total`. */
function total(err: string, name: string): number {
  const rows = [...err.matchAll(/^\S+ (\w+) total=(\d+) rate=\d+\.\d\d\/sec$/gm)];
  return Number(rows.findLast(([, counter]) => counter === name)?.[2] ?? Number.NaN);
}

test('time is written as emqtt-bench does', () => {
  const rows: [number, string][] = [
    [5, '5s'],
    [60, '1m0s'],
    [65, '1m5s'],
    [7205, '2h0m5s'],
    [86_400, '1d0h0m0s'],
  ];
  for (const [seconds, text] of rows) assert.equal(elapsed(seconds), text);
});

test('pub shows the rows that emqtt-bench shows, QoS 0 once, and ends with its messages', async () => {
  await withBroker((target) =>
    inFolder({}, async (cwd) => {
      const args = ['pub', ...at(target), '-c', '10', '-R', '200', '-t', 'b/%i', '-I', '50'];
      const run = await runCli([...args, '-L', '300', '--json'], { cwd });
      assert.equal(run.code, 0, run.err);
      const record = JSON.parse(run.out) as RunRecord;
      assert.equal(record.totals.publishes.sent, 300);
      assert.equal(total(run.err, 'pub'), 300);
      assert.equal(total(run.err, 'connect_succ'), 10);
      assert.match(run.err, /^\d+s phase steady connected=10\/10$/m);
      // A counter that stops says so.
      assert.match(run.err, /^\d+s pub total=300 rate=0\.00\/sec$/m);
      assert.doesNotMatch(run.err, /sub total|recv total/);
    }),
  );
});

test('--keep-connected: devices stay when the messages of -L are sent', async () => {
  await withBroker((target) =>
    inFolder({}, async (cwd) => {
      const args = [
        'pub',
        ...at(target),
        '-c',
        '2',
        '-R',
        '100',
        '-t',
        'b',
        '-I',
        '50',
        '-L',
        '20',
      ];
      const run = async (...more: string[]) => {
        const { code, out, err } = await runCli([...args, ...more, '--json', '--quiet'], { cwd });
        assert.equal(code, 0, err);
        const record = JSON.parse(out) as RunRecord;
        assert.equal(record.totals.publishes.sent, 20);
        const steady = record.phases.find(({ kind }) => kind === 'steady')!;
        return (steady.endUs! - steady.startUs) / 1e6;
      };
      const [left, stayed] = await Promise.all([
        run('--duration', '6s'),
        run('--duration', '6s', '--keep-connected'),
      ]);
      assert.ok(left < 3, `${left} s`);
      assert.ok(stayed >= 5.9, `${stayed} s`);
    }),
  );
});

test('sub reads the headers of another program: its gaps, its repeats and its latency', async () => {
  await withBroker((target) =>
    inFolder({}, async (cwd) => {
      const args = ['sub', ...at(target), '-c', '1', '-R', '100', '-t', 'x/#', '-q', '1'];
      const more = ['--payload-hdrs', 'cnt64,ts', '--duration', '90s', '--json'];
      const run = startCli([...args, ...more], { cwd });
      const until = Date.now() + 30_000;
      while (!/phase steady/.test(run.output.err) && Date.now() < until) {
        await sleep(50);
      }
      const client = await connectAsync(target);
      for (const count of [0, 1, 2, 4, 4]) {
        const payload = Buffer.alloc(20, 'a');
        payload.writeBigUInt64BE(BigInt(count), 0);
        payload.writeBigUInt64BE(BigInt(Date.now() - 200), 8);
        await client.publishAsync('x/foreign', payload, { qos: 1 });
      }
      await client.endAsync();
      // Another run of ours is another program, too.
      const pub = [
        'pub',
        ...at(target),
        '-c',
        '2',
        '-R',
        '100',
        '-t',
        'x/%i',
        '-q',
        '1',
        '-I',
        '50',
      ];
      const other = await runCli([...pub, '-L', '60', '--payload-hdrs', 'cnt64,ts', '--quiet'], {
        cwd,
      });
      assert.ok(other.code === 0 || other.code === 6, other.err);
      while (total(run.output.err, 'recv') !== 65 && Date.now() < until + 30_000) await sleep(50);
      run.process.kill('SIGINT');
      const { code, out, err } = await run.ended;
      assert.equal(code, 7, err);
      const record = JSON.parse(out) as RunRecord;
      const { expected, received, lost, duplicated, foreign } = record.totals.deliveries;
      assert.deepEqual(
        { expected, received, lost, duplicated, foreign },
        { expected: 65, received: 65, lost: 1, duplicated: 1, foreign: 0 },
      );
      const service = record.latency['delivery.service']!;
      assert.ok(service.count + service.negative === 64, `${service.count}`);
      assert.ok(service.max >= 200_000 && service.p50 < 150_000, `${service.p50} ${service.max}`);
      assert.equal(record.latency['delivery.response'], undefined);
      assert.equal(total(err, 'recv'), 65);
      assert.match(err, /^\d+s publish_latency avg=[\d.]+ms$/m);
    }),
  );
});
