import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import mqtt from 'mqtt';
import type { RunRecord } from '../results/mod.js';
import { startBrokerProcess } from './broker-process.js';
import { inFolder, runCli } from './cli-under-test.js';

const SCENARIO = `name: gateways
connect: { ratePerSec: 200 }
groups:
  - name: meters
    count: 1k
    devicesPerConnection: 10
    startNumber: 1
    clientId: gateway-%i
    subscribe: [{ filter: 'meter/%i/command', qos: 1 }]
    publish:
      - { topic: 'reading/%c/{gateway}/%i', qos: 1, arrivals: { kind: periodic, interval: 1s } }
  - name: control
    count: 2
    subscribe: [{ filter: 'reading/#', qos: 1 }]
    publish:
      - { topic: 'meter/%rand_1000/command', qos: 1, arrivals: { kind: constant, ratePerSec: 100 } }
phases:
  - { name: ramp, kind: ramp }
  - { name: steady, kind: steady, duration: 3s }
`;

test('a thousand devices behind a hundred gateways: nothing is lost, and each has its own topic and schedule', async () => {
  await inFolder({ 'gateways.yaml': SCENARIO }, async (folder) => {
    const broker = await startBrokerProcess({ env: { XDG_RUNTIME_DIR: folder } });
    const heard = new Map<string, number>();
    try {
      const url = `mqtt://127.0.0.1:${broker.port}`;
      const listener = await mqtt.connectAsync(url);
      listener.on('message', (topic) => heard.set(topic, (heard.get(topic) ?? 0) + 1));
      await listener.subscribeAsync('reading/#', { qos: 1 });
      const args = ['run', 'gateways.yaml', '--target', url, '--out', 'out', '--threads', '2'];
      const run = await runCli(args, { cwd: folder });
      assert.equal(run.code, 0, run.err + run.out);
      assert.match(run.out, /connections +102 +connected of 102, for 1,002 devices/);
      const record = JSON.parse(await readFile(join(folder, 'out/run.json'), 'utf8')) as RunRecord;
      const { connects, subscribes, publishes, deliveries } = record.totals;
      assert.deepEqual([record.devices, record.connections], [1002, 102]);
      assert.deepEqual([connects.succeeded, connects.connectedMax], [102, 102]);
      assert.equal(subscribes.succeeded, 1000 + 2);
      // 1,000 readings a second to two listeners, 100 commands a second to one gateway each.
      assert.equal(publishes.acked, 3 * 1000 + 3 * 100);
      assert.equal(deliveries.expected, 3 * 1000 * 2 + 3 * 100);
      assert.deepEqual(
        [deliveries.received, deliveries.lost, deliveries.duplicated, deliveries.outOfOrder],
        [deliveries.expected, 0, 0, 0],
      );
      await listener.endAsync();
    } finally {
      await broker.stop();
    }
    const expected = Array.from({ length: 1000 }, (_, index) => {
      const gateway = 1 + Math.floor(index / 10);
      return `reading/gateway-${gateway}/${gateway}/${1 + index}`;
    });
    assert.deepEqual([...heard.keys()].sort(), expected.sort());
    assert.ok([...heard.values()].every((times) => times === 3));
  });
});
