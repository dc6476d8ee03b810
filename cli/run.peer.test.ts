import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CapacityRecord } from '../bench/mod.js';
import type { RunRecord } from '../results/mod.js';
import { inFolder, runCli } from './cli-under-test.js';
import { freePort } from './free-port.js';
import { withPeer } from './testing/peer.js';

const MOSQUITTO = '/usr/sbin/mosquitto';

/** A mosquitto of the test's own, on a port of its own. */
async function withMosquitto(play: (port: number, pid: number) => Promise<void>): Promise<void> {
  const port = await freePort('127.0.0.1');
  const conf = `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n`;
  await inFolder({ 'mosquitto.conf': conf }, async (folder) => {
    const args = ['-c', join(folder, 'mosquitto.conf')];
    await withPeer(MOSQUITTO, args, [port], ({ pid }) => play(port, pid));
  });
}

async function runJson(args: readonly string[], cwd: string): Promise<RunRecord> {
  const run = await runCli([...args, '--json', '--quiet'], { cwd });
  assert.equal(run.code, 0, `${args.join(' ')}: ${run.err}`);
  return JSON.parse(run.out) as RunRecord;
}

test('a shipped preset runs against mosquitto without a loss, and watches its CPU and memory', async () => {
  await withMosquitto((port, pid) =>
    inFolder({}, async (cwd) => {
      const record = await runJson(['run', 'smoke', '--target', `mqtt://127.0.0.1:${port}`], cwd);
      const { deliveries, publishes } = record.totals;
      assert.ok(publishes.sent > 500);
      assert.equal(deliveries.received, deliveries.expected);
      assert.equal(deliveries.outOfOrder, 0);
      assert.equal(record.probes[0]?.pid, pid);
      assert.ok(record.probes[0]!.cpuPercentMean! > 0);
    }),
  );
});

for (const [preset, changes] of [
  ['fanout-1-1k-1-1k', ['--scale', '0.1']],
  ['p2p-1k-1k-1k-1k', ['--scale', '0.2']],
  ['sharedsub-1k-5-1k-1k', ['--scale', '0.2']],
] as const) {
  test(`the suite's ${preset}, scaled down, delivers what it should from mosquitto`, async () => {
    await withMosquitto((port) =>
      inFolder({}, async (cwd) => {
        const args = ['run', preset, '--target', `mqtt://127.0.0.1:${port}`, ...changes];
        const record = await runJson([...args, '--set', 'phases.hold.duration=4s'], cwd);
        assert.ok(record.totals.deliveries.expected > 100);
        assert.equal(record.totals.deliveries.received, record.totals.deliveries.expected);
        assert.equal(record.totals.deliveries.duplicated, 0);
      }),
    );
  });
}

test('MQTT 3.1, 3.1.1 and 5 at QoS 2, by both drivers, against mosquitto', async () => {
  await withMosquitto((port) =>
    inFolder({}, async (cwd) => {
      for (const driver of ['lean', 'mqttjs']) {
        for (const version of ['3', '4', '5']) {
          const flags = ['-h', '127.0.0.1', '-p', `${port}`, '-c', '20', '-V', version];
          const pub = ['pub', ...flags, '-t', 't/%i', '-q', '2', '-I', '50', '--duration', '2s'];
          const dry = await runCli([...pub, '--dry-run'], { cwd });
          assert.equal(dry.code, 0, dry.err);
          const file = join(cwd, `${driver}-${version}.yaml`);
          const { writeFile } = await import('node:fs/promises');
          await writeFile(file, dry.out);
          const record = await runJson(['run', file, '--set', `groups.0.driver=${driver}`], cwd);
          const { publishes } = record.totals;
          assert.ok(publishes.sent >= 700, `${driver} ${version}: ${publishes.sent}`);
          assert.equal(publishes.acked, publishes.sent);
        }
      }
    }),
  );
});

test('capacity gives an answer on mosquitto that stands on valid runs', async () => {
  const scenario = `
name: p2p
groups:
  - { name: listeners, count: 20, subscribe: [{ filter: p2p/%i, qos: 1 }] }
  - name: talkers
    count: 20
    publish:
      - { topic: p2p/%i, qos: 1, payload: { bytes: 16 }, arrivals: { kind: poisson, ratePerSec: 500 } }
phases:
  - { name: ramp, kind: ramp }
  - { name: steady, kind: steady, duration: 5s }
`;
  await withMosquitto((port) =>
    inFolder({ 'p2p.yaml': scenario }, async (cwd) => {
      const target = ['--target', `mqtt://127.0.0.1:${port}`];
      const search = ['--to', '2', '--repeats', '1', '--objective', 'delivery.response.p99 < 1s'];
      const steps = ['--settle', '0s', '--measure', '3s', '--json', '--quiet'];
      const run = await runCli(['capacity', 'p2p.yaml', ...target, ...search, ...steps], { cwd });
      assert.equal(run.code, 0, run.out + run.err);
      const { answer, steps: ran } = JSON.parse(run.out) as CapacityRecord;
      assert.equal(answer!.kind, 'at-least');
      assert.equal(answer!.holds!.load, 2);
      assert.deepEqual(
        ran.map(({ load, outcome }) => [load, outcome]),
        [
          [1, 'holds'],
          [2, 'holds'],
        ],
      );
      for (const { latency, verdict } of ran) {
        assert.notEqual(verdict, 'invalid');
        assert.ok(latency['delivery.response']!.p99 > 0);
      }
    }),
  );
});
