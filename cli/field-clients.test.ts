import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import mqtt from 'mqtt';
import protobuf from 'protobufjs';
import { KURA_PROTO, SPARKPLUG_PROTO } from '../bench/field-clients/testing/protos.js';
import type { RunRecord } from '../results/mod.js';
import { startBrokerProcess } from './broker-process.js';
import { inFolder, runCli } from './cli-under-test.js';

interface Heard {
  topic: string;
  payload: Buffer;
}

/** Runs a preset, scaled to ten, against a node of ours and returns what somebody else heard of it. */
async function overheard(
  preset: string,
  filters: readonly string[],
): Promise<{ heard: Heard[]; record: RunRecord }> {
  const heard: Heard[] = [];
  let record: RunRecord | undefined;
  await inFolder({}, async (folder) => {
    const broker = await startBrokerProcess({ env: { XDG_RUNTIME_DIR: folder } });
    try {
      const url = `mqtt://127.0.0.1:${broker.port}`;
      const listener = await mqtt.connectAsync(url);
      listener.on('message', (topic, payload) => heard.push({ topic, payload }));
      await listener.subscribeAsync([...filters], { qos: 1 });
      const args = ['run', preset, '--target', url, '--scale', '0.1', '--out', 'out', '--quiet'];
      const run = await runCli([...args, '--set', 'phases.steady.duration=4s'], { cwd: folder });
      assert.ok(run.code === 0, run.err + run.out);
      record = JSON.parse(await readFile(join(folder, 'out/run.json'), 'utf8')) as RunRecord;
      await listener.endAsync();
    } finally {
      await broker.stop();
    }
  });
  return { heard, record: record! };
}

test('Sparkplug edge nodes give birth, send data in sequence and say NDEATH, and every delivery is timed', async () => {
  const { heard, record } = await overheard('sparkplug', ['spBv1.0/#']);
  const type = protobuf.parse(SPARKPLUG_PROTO, { keepCase: true }).root.lookupType('Payload');
  const byNode = new Map<string, { kind: string; seq?: number; bdSeq?: number }[]>();
  for (const { topic, payload } of heard) {
    const [, , kind, edge] = topic.split('/') as [string, string, string, string];
    const { seq, metrics } = type.toObject(type.decode(payload), { longs: Number }) as {
      seq?: number;
      metrics: { name?: string; long_value?: number }[];
    };
    const bdSeq = metrics.find(({ name }) => name === 'bdSeq')?.long_value;
    const entry = { kind, ...(seq === undefined ? {} : { seq }) };
    const row = byNode.get(edge) ?? [];
    row.push(bdSeq === undefined ? entry : { ...entry, bdSeq });
    byNode.set(edge, row);
  }
  assert.equal(byNode.size, 10);
  for (const row of byNode.values()) {
    const kinds = row.map(({ kind }) => kind);
    assert.deepEqual(kinds.slice(0, 5), ['NBIRTH', 'DBIRTH', 'DBIRTH', 'DBIRTH', 'DBIRTH']);
    assert.equal(kinds.at(-1), 'NDEATH');
    assert.ok(kinds.filter((kind) => kind === 'DDATA').length >= 4 && kinds.includes('NDATA'));
    assert.deepEqual(
      row.slice(0, -1).map(({ seq }) => seq),
      row.slice(0, -1).map((_, k) => k % 256),
    );
    assert.equal(row[0]!.bdSeq, 0);
    assert.deepEqual(row.at(-1), { kind: 'NDEATH', bdSeq: 0 });
  }
  const { deliveries } = record.totals;
  assert.ok(deliveries.expected >= 80);
  assert.equal(deliveries.lost, 0);
  assert.equal(deliveries.untimed, 0);
  assert.equal(deliveries.outOfOrder, 0);
});

test('Kura gateways say BIRTH and DC on their control topics and send what gunzip and protobuf can read', async () => {
  const { heard, record } = await overheard('kura', ['acme/#', '$EDC/acme/#']);
  const type = protobuf.parse(KURA_PROTO, { keepCase: true }).root.lookupType('KuraPayload');
  for (const { payload } of heard) type.decode(gunzipSync(payload));
  const ending = (end: string) => heard.filter(({ topic }) => topic.endsWith(end)).length;
  assert.equal(ending('/MQTT/BIRTH'), 10);
  assert.equal(ending('/MQTT/DC'), 10);
  assert.equal(ending('/MQTT/LWT'), 0);
  assert.ok(ending('/W1/A1/asset-1') >= 30);
  assert.equal(record.totals.deliveries.lost, 0);
  assert.equal(record.totals.deliveries.untimed, 0);
});
