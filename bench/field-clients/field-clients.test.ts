import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { MEASUREMENT_HEADER_BYTES } from '../scenario/payload.js';
import type { Behaviour, FieldPayload } from './behaviour.js';
import { FieldPayloadTemplate } from './payload.js';
import { ProtobufWriter } from './protobuf.js';
import { FieldSession } from './session.js';
import { KURA_PROTO, SPARKPLUG_PROTO } from './testing/protos.js';

const Sparkplug = protobuf.parse(SPARKPLUG_PROTO, { keepCase: true }).root.lookupType('Payload');
const Kura = protobuf.parse(KURA_PROTO, { keepCase: true }).root.lookupType('KuraPayload');

interface Metric {
  name?: string;
  alias?: number;
  datatype?: number;
  long_value?: number;
  double_value?: number;
  boolean_value?: boolean;
  string_value?: string;
}
interface Decoded {
  timestamp: number;
  metrics: Metric[];
  metric: (Metric & { type: number })[];
  seq?: number;
  body?: Uint8Array;
}

/** As somebody else's decoder reads it. */
function read(type: protobuf.Type, bytes: Uint8Array): Decoded {
  return type.toObject(type.decode(bytes), { longs: Number }) as Decoded;
}

function session(behaviour: Behaviour) {
  const values = (index: number) => ({
    run: '0000',
    group: 'g',
    number: index,
    gateway: index,
    clientId: `edge-${index}`,
    username: '',
    message: 1,
    seed: 1,
    sender: 0,
  });
  return new FieldSession(behaviour, 3, values, () => 1_700_000_000_000);
}

const SPARKPLUG: Behaviour = {
  kind: 'sparkplug',
  group: 'plant',
  devices: 2,
  metrics: 3,
  changed: 2,
  intervalUs: 1_000_000,
};
const KURA: Behaviour = {
  kind: 'kura',
  account: 'acme',
  assets: 1,
  metrics: 2,
  gzip: true,
  intervalUs: 1_000_000,
};

/** Message `number` with its header written, as a device sends it. */
function data(spec: FieldPayload, number: number, sequence: number): Uint8Array {
  const template = new FieldPayloadTemplate(spec);
  const values = {
    ...{ run: '0000', group: 'g', number: 0, gateway: 0, clientId: 'c', username: '' },
    ...{ message: number, seed: 1, sender: 0, sessionSequence: sequence },
    wallUs: 1_700_000_000_000_000,
  };
  const bytes = new Uint8Array(template.sizeBytes(values));
  assert.equal(template.fill(bytes, 0, values), bytes.length);
  bytes.fill(0xee, template.headerAt, template.headerAt + MEASUREMENT_HEADER_BYTES);
  return bytes;
}

test('any fields that the writer writes are read back by another decoder', () => {
  const { root } = protobuf.parse(
    'syntax = "proto2"; message M { optional uint64 v = 1; optional string s = 2; optional double d = 3; optional M m = 4; optional float f = 5; }',
  );
  const type = root.lookupType('M');
  const field = fc.record(
    { v: fc.maxSafeNat(), s: fc.string({ unit: 'grapheme' }), d: fc.double() },
    { noNullPrototype: true },
  );
  const out = new ProtobufWriter();
  const write = ({ v, s, d }: { v: number; s: string; d: number }) => {
    out.varintField(1, v);
    out.stringField(2, s);
    out.doubleField(3, d);
  };
  fc.assert(
    fc.property(field, field, fc.float(), (outer, inner, f) => {
      out.reset();
      write(outer);
      out.message(4, () => write(inner));
      out.floatField(5, f);
      const got = type.toObject(type.decode(out.bytes.subarray(0, out.length)), { longs: Number });
      assert.deepEqual(got, { ...outer, m: inner, f });
    }),
  );
});

test('a will and the NBIRTH of the same connection have the same bdSeq, which grows from 0 to 255 and round', () => {
  const node = session(SPARKPLUG);
  for (let connection = 0; connection < 300; connection++) {
    node.connecting(1);
    const will = read(Sparkplug, node.will(1));
    assert.equal(will.seq, undefined);
    assert.equal(will.metrics.length, 1);
    assert.equal(will.metrics[0]!.name, 'bdSeq');
    assert.equal(will.metrics[0]!.datatype, 4);
    assert.equal(will.metrics[0]!.long_value, connection % 256);
    const birth = node.birth(1, 0);
    assert.equal(birth.topic, 'spBv1.0/plant/NBIRTH/edge-1');
    assert.equal(birth.qos, 0);
    const born = read(Sparkplug, birth.payload);
    assert.equal(born.metrics.find(({ name }) => name === 'bdSeq')!.long_value, connection % 256);
  }
});

test('seq is 0 in NBIRTH, then one more with every message of node and devices, 255 before 0', () => {
  const node = session(SPARKPLUG);
  node.connecting(0);
  const sequences: number[] = [];
  for (let k = 0; k < node.birthCount; k++) {
    const { topic, payload } = node.birth(0, k);
    sequences.push(read(Sparkplug, payload).seq!);
    if (k > 0) assert.equal(topic, `spBv1.0/plant/DBIRTH/edge-0/device-${k}`);
    node.sent(0);
  }
  for (let n = 1; n <= 600; n++) {
    const spec = { kind: 'sparkplug', member: n % 3, metrics: 3, changed: 2 } as const;
    sequences.push(read(Sparkplug, data(spec, n, node.sequence(0))).seq!);
    node.sent(0);
  }
  assert.deepEqual(
    sequences,
    Array.from({ length: 603 }, (_, k) => k % 256),
  );
});

test('births name every metric with an alias of its own; data has aliases that a birth has named', () => {
  const node = session(SPARKPLUG);
  node.connecting(0);
  const names = new Map<number, string>();
  for (let k = 0; k < node.birthCount; k++) {
    for (const { name, alias, datatype } of read(Sparkplug, node.birth(0, k).payload).metrics) {
      if (alias === undefined) continue;
      assert.equal(datatype, 10);
      assert.ok(!names.has(alias), `alias ${alias} is there twice`);
      names.set(alias, `${k} ${name}`);
    }
  }
  assert.equal(names.size, 9);
  for (const member of [0, 1, 2]) {
    const spec = { kind: 'sparkplug', member, metrics: 3, changed: 2 } as const;
    const { metrics, body } = read(Sparkplug, data(spec, 5, 7));
    assert.equal(metrics.length, 2);
    assert.ok(
      body!.every((byte) => byte === 0xee),
      'the measurement header is the body',
    );
    for (const { alias, name, double_value } of metrics) {
      assert.equal(name, undefined);
      assert.ok(names.get(alias!)!.startsWith(`${member} `));
      assert.ok(Number.isFinite(double_value));
    }
  }
});

test('a Kura message is read by another decoder, gzipped or not, with the measurement header in it', () => {
  const plain = read(Kura, data({ kind: 'kura', metrics: 2, gzip: false }, 1, 0));
  assert.equal(plain.body!.length, 16);
  assert.ok(plain.body!.every((byte) => byte === 0xee));
  const zipped = data({ kind: 'kura', metrics: 2, gzip: true }, 1, 0);
  assert.deepEqual([...zipped.subarray(0, 2)], [0x1f, 0x8b]);
  const { metric, timestamp, body } = read(Kura, gunzipSync(zipped));
  assert.equal(body, undefined);
  assert.equal(timestamp, 1_700_000_000_000);
  assert.deepEqual(metric, plain.metric);
  assert.deepEqual(
    metric.map(({ name, type }) => ({ name, type })),
    [
      { name: 'channel-1', type: 0 },
      { name: 'channel-2', type: 0 },
    ],
  );
});

test('a Kura gateway says who it is when it comes and that it goes when it goes; its will is empty', () => {
  const gateway = session(KURA);
  gateway.connecting(2);
  assert.equal(gateway.will(2).length, 0);
  const birth = gateway.birth(2, 0);
  assert.equal(birth.topic, '$EDC/acme/edge-2/MQTT/BIRTH');
  assert.equal(birth.qos, 1);
  const said = new Map(read(Kura, gunzipSync(birth.payload)).metric.map((m) => [m.name, m]));
  assert.equal(said.get('display_name')!.string_value, 'edge-2');
  assert.ok(said.has('uptime') && said.has('application_ids') && said.has('accept_encoding'));
  const goodbye = gateway.farewell(2);
  assert.equal(goodbye.topic, '$EDC/acme/edge-2/MQTT/DC');
  assert.equal(goodbye.qos, 0);
  assert.equal(read(Kura, gunzipSync(goodbye.payload)).metric.length, 2);
});
