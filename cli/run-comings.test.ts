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
      assert.ok(run.code === 0 || run.code === 3, run.err);
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

for (const driver of ['lean', 'mqttjs']) {
  test(`churn (${driver}): every cycle is run, counted and timed, and no message is lost`, async () => {
    const { totals, latency, phases } = await recordOf(
      CHURN,
      '--set',
      `groups.sensors.driver=${driver}`,
    );
    assert.deepEqual(totals.cycles, { scheduled: 600, completed: 600 });
    assert.equal(totals.connects.attempted, 101 + 600);
    assert.equal(totals.connects.succeeded, 101 + 600);
    assert.equal(totals.connects.ended, 600);
    assert.equal(totals.connects.lost, 0);
    for (const clock of ['service', 'response', 'lag'] as const) {
      assert.equal(latency[`connect.${clock}`]?.count, 701, clock);
    }
    // 100 devices, two messages a second, 3 s: sent, or due while their device was away.
    assert.equal(totals.publishes.scheduled + totals.publishes.away, 600);
    assert.ok(totals.publishes.away > 50, `${totals.publishes.away}`);
    assert.equal(totals.publishes.failed, 0);
    assert.equal(totals.deliveries.received, totals.publishes.sent);
    assert.match(phases[1]!.shape!, /sensors: 200 cycles\/s/);
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
  assert.equal(totals.cycles.completed, 20);
  assert.equal(totals.connects.sessionsResumed, 20);
  assert.equal(totals.deliveries.expected, 1500);
  assert.equal(totals.deliveries.received - totals.deliveries.duplicated, 1500);
  // 20 absences of 400 ms, 50 messages a second.
  const { queued } = totals.deliveries;
  assert.ok(queued > 350 && queued <= 500, `${queued}`);
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
  assert.ok(outage.min >= 250_000 && outage.p50 < 600_000, JSON.stringify(outage));
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
      await sleep(3000);
      await broker.close(0);
      await sleep(1000);
      broker = await startBroker({ host: '127.0.0.1', port });
      const { code, out, err } = await run.ended;
      assert.equal(code, 0, err);
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
      assert.equal(publishes.scheduled, publishes.sent + publishes.failed);
      assert.ok(record.verdict.reasons.some((reason) => reason.code === 'DEVICES_MISSING'));
    });
  } finally {
    await broker.close(0);
  }
});
