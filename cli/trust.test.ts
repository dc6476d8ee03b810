import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { counter, type RunRecord, readRun } from '../results/mod.js';
import { startBrokerProcess } from './broker-process.js';
import { inFolder, runCli, startCli } from './cli-under-test.js';
import { truthOf } from './testing/record-truth.js';
import { withBroker } from './testing/with-broker.js';

const SCENARIO = `name: trust
connect: { ratePerSec: 500, timeout: 5s }
groups:
  - name: d
    count: 120
    subscribe: [{ filter: 'p2p/%i/+', qos: 2 }]
    publish:
      - { topic: 'p2p/%i/0', qos: 0, arrivals: { kind: poisson, ratePerSec: 240 } }
      - { topic: 'p2p/%i/1', qos: 1, arrivals: { kind: periodic, interval: 500ms } }
      - { topic: 'p2p/%i/2', qos: 2, arrivals: { kind: poisson, ratePerSec: 240 } }
phases:
  - { name: ramp, kind: ramp }
  - { name: steady, kind: steady, duration: 11s }
  - { name: drain, kind: drain, duration: 3s }
`;

function codes(record: RunRecord): string[] {
  return record.verdict.reasons.map(({ code }) => code);
}

test("a real run holds Little's law on every path, has one clock, and every thread's own figures", async () => {
  await withBroker((target) =>
    inFolder({ 's.yaml': SCENARIO }, async (cwd) => {
      const args = ['run', 's.yaml', '--target', target, '--out', 'rec', '--threads', '2'];
      const run = await runCli([...args, '--quiet'], { cwd });
      assert.ok(run.code === 0 || run.code === 6, run.err);
      const record = await truthOf(join(cwd, 'rec'));
      const said = JSON.stringify(record.verdict, null, 1);
      for (const path of ['connect', 'subscribe', 'publish', 'delivery'] as const) {
        const law = record.littlesLaw?.[path];
        assert.ok(law !== undefined && law.answered >= 100, path);
        const apart = Math.abs(law.inFlightMean - law.expectedMean);
        assert.ok(apart <= law.tolerance, `${path} ${JSON.stringify(law)}`);
        assert.equal(law.underWayAtEnd, 0, path);
      }
      // 240 a second at QoS 1 and as many at QoS 2, for 11 s; QoS 0 has no answer.
      const { publish, delivery } = record.littlesLaw!;
      assert.ok(publish!.answered > 4_000 && publish!.answered < 6_500, `${publish!.answered}`);
      assert.ok(delivery!.answered > publish!.answered * 1.3);
      assert.ok(!codes(record).includes('LITTLES_LAW'), said);
      const [host] = record.clock!.hosts;
      assert.equal(host?.how, 'shared');
      assert.ok(record.clock!.errorUs < 50, `${record.clock!.errorUs}`);
      assert.ok(Math.abs(host!.check!.offsetUs) <= host!.check!.uncertaintyUs);
      const threads = record.generator.perThread!;
      assert.deepEqual(
        threads.map(({ shard }) => shard),
        [0, 1],
      );
      const sent = threads.reduce((sum, thread) => sum + thread.sent, 0);
      assert.equal(sent, record.measured.counters.publishesSent);
      for (const thread of threads) assert.ok(thread.loopUtilisationMean > 0);
      assert.ok(record.generator.gc!.share < 0.5);
      assert.equal(record.steadiness?.[0]?.ratePerSec.length, record.measured.seconds);
    }),
  );
});

test('a starved generator is called invalid, exit 6, and its rates are bounds', async () => {
  await withBroker((target) =>
    inFolder({ 's.yaml': SCENARIO }, async (cwd) => {
      const args = ['run', 's.yaml', '--target', target, '--out', 'rec'];
      const run = startCli([...args, '--set', 'phases.steady.duration=9s'], { cwd });
      let fleet = 0;
      try {
        for (let waited = 0; !/steady/.test(run.output.err); waited += 50) {
          assert.ok(waited < 30_000, run.output.err);
          await sleep(50);
        }
        fleet = childOf(run.process.pid!);
        // Three quarters of the time it does not run at all, as on a machine that has no time for it.
        for (let n = 0; n < 11; n += 1) {
          process.kill(fleet, 'SIGSTOP');
          await sleep(450);
          process.kill(fleet, 'SIGCONT');
          await sleep(100);
        }
        const { code, out } = await run.ended;
        const record = await truthOf(join(cwd, 'rec'));
        assert.equal(code, 6, out);
        assert.match(out, /^INVALID/);
        assert.match(out, /publishes +at least [\d,.]+\/s/);
        assert.match(out, /at most: the generator's own lateness is in these/);
        assert.ok(codes(record).includes('GENERATOR_LATE'), JSON.stringify(record.verdict));
        assert.ok(codes(record).includes('OWN_LAG'), JSON.stringify(record.verdict));
        assert.ok(record.generator.ownLagShare! > 0.5, `${record.generator.ownLagShare}`);
      } finally {
        if (fleet > 0) resume(fleet);
        run.process.kill('SIGKILL');
      }
    }),
  );
});

test('a target that dies and returns in mid-run: when and what it cost is in the record', async () => {
  const first = await startBrokerProcess();
  let second: Awaited<ReturnType<typeof startBrokerProcess>> | undefined;
  try {
    await inFolder({ 's.yaml': SCENARIO }, async (cwd) => {
      const target = `mqtt://127.0.0.1:${first.port}`;
      const args = ['run', 's.yaml', '--target', target, '--out', 'rec'];
      const run = startCli([...args, '--set', 'phases.steady.duration=8s'], { cwd });
      for (let waited = 0; !/steady/.test(run.output.err); waited += 50) {
        assert.ok(waited < 30_000, run.output.err);
        await sleep(50);
      }
      await sleep(2_500);
      const diedAtMs = Date.now();
      await first.kill();
      await sleep(1_000);
      second = await startBrokerProcess({ port: first.port });
      await run.ended;
      const record = await truthOf(join(cwd, 'rec'));
      const died = Math.floor((diedAtMs - Date.parse(record.startedAt)) / 1000);
      const rows = await readRun(join(cwd, 'rec')).then((read) => read.intervals());
      const lost = rows.map(({ counters }) => counter(counters, 'connectionsLost'));
      assert.equal(record.totals.connects.lost, 120);
      assert.equal((lost[died] ?? 0) + (lost[died + 1] ?? 0), 120, `second ${died} of ${lost}`);
      assert.equal(counter(rows[died - 1]!.counters, 'connected'), 120);
      const { publishes, deliveries } = record.totals;
      const unsent = record.errors['publish: the device is not connected'] ?? 0;
      // Whatever fell due was sent, or fell due on a device that was gone.
      assert.equal(publishes.scheduled, publishes.sent + unsent);
      assert.ok(unsent > 500, `${unsent}`);
      assert.ok(publishes.failed >= unsent && publishes.failed <= unsent + 400);
      assert.ok(deliveries.lost > 0 || deliveries.received === deliveries.expected);
      assert.ok(codes(record).includes('DEVICES_MISSING'), JSON.stringify(record.verdict));
      assert.ok(codes(record).includes('PROBE_GONE'), JSON.stringify(record.verdict));
      assert.ok(!codes(record).includes('LITTLES_LAW'), JSON.stringify(record.verdict));
    });
  } finally {
    await first.stop();
    await second?.stop();
  }
});

/** The one process that a run of ours has started: its fleet. */
function childOf(pid: number): number {
  const children = execFileSync('ps', ['--ppid', String(pid), '-o', 'pid='], { encoding: 'utf8' });
  const [child = ''] = children.trim().split(/\s+/);
  return Number(child);
}

function resume(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // It has ended.
  }
}
