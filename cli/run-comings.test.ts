import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBroker } from '../broker/mod.js';
import type { RunRecord } from '../results/mod.js';
import { inFolder, runCli, startCli } from './cli-under-test.js';

/** Runs a scenario against a broker of its own, and returns the record. */
async function recordOf(scenario: string, ...args: string[]): Promise<RunRecord> {
  const broker = await startBroker({ host: '127.0.0.1', port: 0 });
  try {
    let record: RunRecord | undefined;
    await inFolder({ 's.yaml': scenario }, async (cwd) => {
      const target = `mqtt://127.0.0.1:${broker.listeners[0]!.port}`;
      const flags = ['--target', target, '--json', '--quiet', ...args];
      const run = await runCli(['run', 's.yaml', ...flags], { cwd });
      // On a busy machine the generator may be late: then the verdict is invalid, the counts are not.
      assert.ok(run.code === 0 || run.code === 6, `${run.code} ${run.err}`);
      record = JSON.parse(run.out) as RunRecord;
    });
    return record!;
  } finally {
    await broker.close(0);
  }
}

const CHURN = `name: churn
connect: { ratePerSec: 500 }
groups:
  - { name: sensors, count: 100, publish: [{ topic: 't/%i', qos: 1, arrivals: { kind: periodic, interval: 500ms } }] }
  - { name: collector, count: 1, subscribe: [{ filter: 't/#', qos: 1 }] }
phases:
  - { name: ramp, kind: ramp }
  - { name: churn, kind: churn, duration: 3s, ratePerSec: 200, groups: [sensors] }
`;

for (const [driver, perSec] of [
  ['lean', 200],
  ['mqttjs', 20],
] as const) {
  test(`churn (${driver}): cycles are run at the rate, counted and timed, and no message is lost`, async () => {
    const { totals, latency, phases } = await recordOf(
      CHURN,
      '--set',
      `groups.sensors.driver=${driver}`,
      '--set',
      `phases.churn.ratePerSec=${perSec}`,
    );
    const { connects, cycles, publishes, deliveries } = totals;
    assert.equal(cycles.scheduled, 3 * perSec);
    // A cycle that falls due while its device is not back yet, as on a busy machine, is not run.
    assert.ok(cycles.completed > perSec, `${cycles.completed}`);
    // One that the run's end overtakes is ended and not completed.
    assert.ok(connects.ended >= cycles.completed);
    assert.ok(connects.attempted >= 101 + cycles.completed);
    assert.ok(connects.attempted <= 101 + connects.ended);
    assert.equal(connects.lost, 0);
    assert.equal(latency['connect.response']?.count, connects.succeeded);
    assert.equal(latency['connect.lag']?.count, connects.attempted);
    // 100 devices, two messages a second, 3 s: sent, or due while their device was away.
    assert.equal(publishes.scheduled + publishes.away, 600);
    assert.ok(publishes.away > 0, `${publishes.away}`);
    // A goodbye waits for answers, though not for ever.
    assert.equal(publishes.scheduled, publishes.acked + publishes.failed);
    assert.equal(deliveries.received, publishes.sent);
    assert.match(phases[1]!.shape!, /sensors: \d+ cycles\/s/);
  });
}

test('a session that is kept has what was sent meanwhile when its device returns', async () => {
  const { totals, latency } = await recordOf(`name: sessions
groups:
  - { name: pub, count: 1, publish: [{ topic: t, qos: 1, arrivals: { kind: periodic, interval: 20ms } }] }
  - name: sub
    count: 10
    cleanStart: false
    sessionExpiry: 1h
    subscribe: [{ filter: t, qos: 1 }]
phases:
  - { name: ramp, kind: ramp }
  - { name: churn, kind: churn, duration: 2s, ratePerSec: 10, groups: [sub], share: 0.5, offline: 400ms }
  - { name: after, kind: steady, duration: 1s }
`);
  assert.equal(totals.cycles.scheduled, 20);
  assert.ok(totals.cycles.completed > 5);
  assert.equal(totals.connects.sessionsResumed, totals.cycles.completed);
  assert.equal(totals.deliveries.expected, 1500);
  assert.equal(totals.deliveries.received - totals.deliveries.duplicated, 1500);
  // Up to 20 absences of 400 ms, 50 messages a second.
  const { queued } = totals.deliveries;
  assert.ok(queued > 50, `${queued}`);
  assert.equal(latency['delivery.response']!.count + queued, 1500);
});

test('a storm: all come back by their back-off, and how long each was away is timed', async () => {
  const { totals, latency } = await recordOf(`name: storm
connect: { ratePerSec: 500 }
groups:
  - { name: g, count: 200, reconnect: { initial: 500ms } }
phases:
  - { name: ramp, kind: ramp }
  - { name: storm, kind: storm, duration: 3s }
`);
  assert.equal(totals.connects.ended, 200);
  assert.equal(totals.connects.reconnected, 200);
  assert.equal(totals.connects.succeeded, 400);
  const outage = latency['outage.response']!;
  assert.equal(outage.count, 200);
  assert.ok(outage.min >= 250_000, JSON.stringify(outage));
});

test('a target that dies and comes back in mid-run: counted, timed, and the run goes on', async () => {
  let broker = await startBroker({ host: '127.0.0.1', port: 0 });
  const { port } = broker.listeners[0]!;
  const scenario = `name: outage
groups:
  - name: g
    count: 20
    reconnect: { initial: 100ms, max: 200ms }
    publish: [{ topic: 't/%i', qos: 1, arrivals: { kind: periodic, interval: 50ms } }]
phases:
  - { name: ramp, kind: ramp }
  - { name: steady, kind: steady, duration: 6s }
`;
  try {
    await inFolder({ 's.yaml': scenario }, async (cwd) => {
      const target = `mqtt://127.0.0.1:${port}`;
      const run = startCli(['run', 's.yaml', '--target', target, '--json', '--quiet'], { cwd });
      const until = Date.now() + 30_000;
      while (broker.stats().gauges['connections.count'] < 20 && Date.now() < until) await sleep(50);
      await sleep(2000);
      await broker.close(0);
      await sleep(1000);
      broker = await startBroker({ host: '127.0.0.1', port });
      const { code, out, err } = await run.ended;
      assert.ok(code === 0 || code === 6, `${code} ${err}`);
      const record = JSON.parse(out) as RunRecord;
      const { connects, publishes } = record.totals;
      assert.equal(record.state, 'finished');
      assert.equal(connects.lost, 20);
      assert.equal(connects.reconnected, 20);
      assert.equal(connects.succeeded, 40);
      assert.equal(connects.attempted, connects.succeeded + connects.failed);
      assert.ok(connects.failed > 20, `${connects.failed} attempts while it was away`);
      assert.equal(record.latency['outage.response']?.count, 20);
      assert.ok((record.latency['outage.response']?.p50 ?? 0) > 900_000);
      // What was sent is acknowledged or failed with its connection; the rest failed as it fell due.
      assert.equal(publishes.scheduled, publishes.acked + publishes.failed);
      assert.ok(record.verdict.reasons.some((reason) => reason.code === 'DEVICES_MISSING'));
    });
  } finally {
    await broker.close(0);
  }
});
