import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  decode,
  encode,
  MqttError,
  PINGREQ,
  PINGRESP,
  type ProtocolVersion,
  PublishView,
  publishBytes,
  readAckPacketId,
  readAckReasonCode,
  readPublish,
  writeAck,
  writePublishHead,
} from './mod.js';
import { packetArbitrary, publishArbitrary } from './testing/arbitrary.js';
import { hex } from './testing/mod.js';
import { varintEnd } from './varint.js';

/** The bytes of a property list without its length, as they stand in a packet. */
function propertyBytes(packet: Uint8Array, view: PublishView): Uint8Array {
  return packet.subarray(view.propertiesStart, view.propertiesEnd);
}

function viewOf(bytes: Uint8Array, version: ProtocolVersion): PublishView {
  const view = new PublishView();
  readPublish(bytes, 0, varintEnd(bytes, 1), bytes.length, version, view);
  return view;
}

describe('readPublish', () => {
  for (const version of [3, 4, 5] as const) {
    it(`sees in place what decode copies out, version ${version}`, () => {
      fc.assert(
        fc.property(publishArbitrary(version), fc.nat(20), (packet, shift) => {
          assert.ok(packet.type === 'publish');
          const encoded = encode(packet, version);
          // Somewhere inside a larger buffer, as in a chunk.
          const bytes = Buffer.concat([Buffer.alloc(shift, 0xff), encoded, Buffer.alloc(5, 0xff)]);
          const end = shift + encoded.length;
          const view = new PublishView();
          readPublish(bytes, shift, varintEnd(bytes, shift + 1), end, version, view);
          const text = bytes.toString('utf8', view.topicStart, view.topicEnd);
          assert.equal(text, packet.topic);
          assert.deepEqual(
            new Uint8Array(bytes.subarray(view.payloadStart, view.payloadEnd)),
            new Uint8Array(packet.payload),
          );
          assert.equal(view.packetId, packet.packetId ?? 0);
          assert.deepEqual(
            [view.qos, view.dup, view.retain],
            [packet.qos, packet.dup, packet.retain],
          );
          const has = view.propertiesStart < view.propertiesEnd;
          assert.equal(has, packet.properties !== undefined);
          assert.ok(view.topicEnd <= view.propertiesStart);
          assert.equal(view.propertiesEnd, view.payloadStart);
          assert.equal(view.payloadEnd, end);
        }),
        { numRuns: 2000 },
      );
    });
  }

  it('leaves nothing of the packet before in the view', () => {
    const view = viewOf(encode({ ...base, qos: 2, packetId: 7, dup: true, retain: true }, 4), 4);
    const bytes = encode(base, 4);
    readPublish(bytes, 0, 2, bytes.length, 4, view);
    assert.deepEqual(view, viewOf(bytes, 4));
    assert.equal(view.packetId, 0);
  });

  it('refuses a wildcard, U+0000 or bad UTF-8 at every place of a topic of every length', () => {
    const view = new PublishView();
    for (let length = 1; length <= 12; length += 1) {
      for (let place = 0; place < length; place += 1) {
        for (const byte of [0x23, 0x2b, 0x00, 0x80, 0xc3, 0xff]) {
          const topic = Buffer.alloc(length, 0x61);
          topic[place] = byte;
          const bytes = Buffer.concat([Uint8Array.of(0x30, length + 2, 0, length), topic]);
          assert.throws(() => readPublish(bytes, 0, 2, bytes.length, 4, view), {
            name: 'MqttError',
          });
        }
      }
    }
  });

  it('takes every other ASCII character at every place', () => {
    const view = new PublishView();
    for (let length = 1; length <= 6; length += 1) {
      for (let place = 0; place < length; place += 1) {
        for (let byte = 1; byte < 0x80; byte += 1) {
          if (byte === 0x23 || byte === 0x2b) continue;
          const topic = Buffer.alloc(length, 0x61);
          topic[place] = byte;
          const bytes = Buffer.concat([Uint8Array.of(0x30, length + 2, 0, length), topic]);
          readPublish(bytes, 0, 2, bytes.length, 4, view);
          assert.equal(view.topicEnd, 4 + length);
        }
      }
    }
  });
});

/** The clause of the MqttError that `read` must throw. */
function clauseOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof MqttError) return error.clause;
    throw error;
  }
  return 'nothing thrown';
}

const base = {
  type: 'publish',
  topic: 'a/b',
  payload: hex('"hi"'),
  qos: 0,
  retain: false,
  dup: false,
} as const;

describe('writePublishHead', () => {
  for (const version of [3, 4, 5] as const) {
    it(`writes the bytes encode writes, and publishBytes knows how many, version ${version}`, () => {
      fc.assert(
        fc.property(publishArbitrary(version), fc.nat(30), (packet, at) => {
          assert.ok(packet.type === 'publish');
          const encoded = encode(packet, version);
          const view = viewOf(encoded, version);
          const properties = propertyBytes(encoded, view);
          const topic = encoded.subarray(view.topicStart, view.topicEnd);
          const size = publishBytes(
            topic.length,
            packet.qos,
            properties.length,
            packet.payload.length,
            version,
          );
          assert.equal(size, encoded.length);
          const into = new Uint8Array(at + size);
          const payloadAt = writePublishHead(
            into,
            at,
            (packet.dup ? 8 : 0) | (packet.qos << 1) | (packet.retain ? 1 : 0),
            encoded,
            view.topicStart,
            view.topicEnd,
            packet.packetId ?? 0,
            properties.length === 0 ? null : encoded,
            view.propertiesStart,
            view.propertiesEnd,
            packet.payload.length,
            version,
          );
          into.set(packet.payload, payloadAt);
          assert.equal(payloadAt + packet.payload.length, at + size);
          assert.deepEqual(into.subarray(at), encoded);
        }),
        { numRuns: 1000 },
      );
    });
  }

  it('passes a packet of MQTT 5 on to MQTT 3.1.1 without its properties', () => {
    const properties = { contentType: 'text' };
    const encoded = encode({ ...base, properties }, 5);
    const view = viewOf(encoded, 5);
    const { topicStart, topicEnd, propertiesStart, propertiesEnd } = view;
    const size = publishBytes(3, 0, propertiesEnd - propertiesStart, 2, 4);
    const into = new Uint8Array(size);
    const at = writePublishHead(
      ...([into, 0, 0, encoded, topicStart, topicEnd, 0] as const),
      ...([encoded, propertiesStart, propertiesEnd, 2, 4] as const),
    );
    into.set(base.payload, at);
    assert.deepEqual(into, encode(base, 4));
  });
});

describe('acknowledgements in place', () => {
  for (const version of [3, 4, 5] as const) {
    it(`read like decoded ones, version ${version}`, () => {
      const acks = packetArbitrary(version).filter(({ type }) =>
        /^pub(ack|rec|rel|comp)$/.test(type),
      );
      fc.assert(
        fc.property(acks, (packet) => {
          assert.ok('packetId' in packet && 'reasonCode' in packet);
          const bytes = encode(packet, version);
          const bodyStart = varintEnd(bytes, 1);
          assert.equal(readAckPacketId(bytes, bodyStart, bytes.length), packet.packetId);
          assert.equal(
            readAckReasonCode(bytes, bodyStart, bytes.length, version),
            packet.reasonCode,
          );
        }),
        { numRuns: 500 },
      );
    });
  }

  it('refuse what decode refuses, for the same reason', () => {
    const lines = [
      '40 00',
      '40 01 01',
      '40 02 0000',
      '40 03 0001 84',
      '40 05 0001 10 00 00',
      '40 04 0001 10 01',
      '40 06 0001 10 02 01 01',
      '40 0a 0001 10 06 1f 0000 1f 0000',
    ];
    for (const line of lines) {
      const bytes = hex(line);
      const clause = clauseOf(() => decode(bytes, 0, 2, bytes.length, 5));
      const hot = clauseOf(() => {
        readAckPacketId(bytes, 2, bytes.length);
        readAckReasonCode(bytes, 2, bytes.length, 5);
      });
      assert.equal(hot, clause, line);
    }
  });

  it('are refused by either reader alone when the packet id is cut', () => {
    for (const line of ['40 00', '40 01 01']) {
      const bytes = hex(line);
      assert.equal(
        clauseOf(() => readAckPacketId(bytes, 2, bytes.length)),
        'MQTT 5 §2.1.4',
      );
      for (const version of [4, 5] as const) {
        const clause = clauseOf(() => readAckReasonCode(bytes, 2, bytes.length, version));
        assert.equal(clause, version === 5 ? 'MQTT 5 §2.1.4' : 'MQTT 3.1.1 §2.2.3');
      }
    }
  });

  it('have nothing after the packet id before MQTT 5', () => {
    const bytes = hex('40 03 0001 00');
    assert.equal(
      clauseOf(() => readAckReasonCode(bytes, 2, 5, 4)),
      'MQTT 3.1.1 §2.2.3',
    );
    assert.equal(readAckReasonCode(bytes, 2, 4, 4), 0);
  });

  it('write the bytes encode writes', () => {
    const types = ['puback', 'pubrec', 'pubrel', 'pubcomp'] as const;
    const into = new Uint8Array(16);
    for (const version of [3, 4, 5] as const) {
      for (const packetId of [1, 255, 256, 65_535]) {
        let at = 0;
        types.forEach((type, index) => {
          at = writeAck(into, at, (4 + index) as 4 | 5 | 6 | 7, packetId);
          const encoded = encode({ type, packetId, reasonCode: 0 }, version);
          assert.deepEqual(into.slice(at - 4, at), encoded);
        });
        assert.equal(at, 16);
      }
    }
  });

  it('have pings as whole packets', () => {
    assert.deepEqual(PINGREQ, encode({ type: 'pingreq' }, 4));
    assert.deepEqual(PINGRESP, encode({ type: 'pingresp' }, 5));
  });
});
