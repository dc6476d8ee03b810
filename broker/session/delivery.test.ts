import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  decode,
  encode,
  type ProtocolVersion,
  type PublishPacket,
  type PublishProperties,
  PublishView,
  type Qos,
  readPublish,
} from '../../wire/mod.js';
import { Message } from '../routing/mod.js';
import { FrameWriter, TOO_LARGE } from './delivery.js';
import { Outbox } from './outbox.js';
import { readPublishProperties } from './publish-properties.js';
import { Turn } from './turn.js';

const text = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme-ascii' });
const properties: fc.Arbitrary<PublishProperties> = fc.record(
  {
    payloadFormatIndicator: fc.constantFrom(0, 1),
    messageExpiryInterval: fc.integer({ min: 1, max: 100_000 }),
    contentType: text,
    responseTopic: fc.constant('answers/here'),
    correlationData: fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
    userProperties: fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 3 }),
    topicAlias: fc.integer({ min: 1, max: 100 }),
  },
  { requiredKeys: [] },
);

/** The message a PUBLISH of a client becomes, read in place. */
function messageOf(packet: PublishPacket, nowMs: number): { message: Message; alias: number } {
  const bytes = encode(packet, 5);
  const view = new PublishView();
  const bodyStart = 1 + bytes.findIndex((byte, index) => index > 0 && byte < 0x80);
  readPublish(bytes, 0, bodyStart, bytes.length, 5, view);
  const message = new Message();
  message.topic = bytes;
  message.topicStart = view.topicStart;
  message.topicEnd = view.topicEnd;
  message.payload = bytes;
  message.payloadStart = view.payloadStart;
  message.payloadEnd = view.payloadEnd;
  message.qos = view.qos;
  message.receivedAtMs = nowMs;
  const { propertiesStart, propertiesEnd } = view;
  const alias = readPublishProperties(bytes, propertiesStart, propertiesEnd, nowMs, message);
  return { message, alias };
}

function sent(
  frames: FrameWriter,
  message: Message,
  version: ProtocolVersion,
  qos: Qos,
  id: number,
  nowMs: number,
  identifiers?: number[],
): PublishPacket {
  const outbox = new Outbox(new Turn(() => {}), { write: () => true, end() {}, destroy() {} });
  const args = [outbox, version, 2 ** 28, message, qos, false, false, id] as const;
  const bytes = frames.send(...args, identifiers, nowMs);
  assert.equal(outbox.used, bytes);
  const frame = outbox.buffer.subarray(0, bytes);
  const bodyStart = 1 + frame.findIndex((byte, index) => index > 0 && byte < 0x80);
  return decode(frame, 0, bodyStart, bytes, version) as PublishPacket;
}

describe('delivery', () => {
  it('passes everything on as it came but for the topic alias, the expiry and the identifiers', () => {
    const cases = fc.record({
      given: properties,
      payload: fc.uint8Array({ maxLength: 300 }),
      qos: fc.constantFrom<Qos>(0, 1, 2),
      version: fc.constantFrom<ProtocolVersion>(3, 4, 5),
      waitedMs: fc.constantFrom(0, 1, 999, 1500, 30_000),
      identifiers: fc.option(fc.array(fc.integer({ min: 1, max: 268_435_455 }), { minLength: 1 }), {
        nil: undefined,
      }),
      fanOut: fc.boolean(),
      kept: fc.boolean(),
    });
    const frames = new FrameWriter();
    fc.assert(
      fc.property(cases, (given) => {
        const base = { type: 'publish', topic: 'some/topic', retain: false, dup: false } as const;
        const { payload, qos, version, waitedMs, identifiers } = given;
        const packet: PublishPacket = { ...base, payload, qos, properties: given.given };
        if (qos > 0) packet.packetId = 77;
        const { message, alias } = messageOf(packet, 5000);
        assert.equal(alias, given.given.topicAlias ?? 0);
        message.fanOut = given.fanOut;
        const source = given.kept ? message.keep() : message;
        for (const id of qos > 0 ? [300, 5] : [0, 0]) {
          const out = sent(frames, source, version, qos, id, 5000 + waitedMs, identifiers);
          assert.equal(out.topic, 'some/topic');
          assert.deepEqual(Buffer.from(out.payload), Buffer.from(payload));
          assert.deepEqual([out.qos, out.packetId ?? 0], [qos, id]);
          const { topicAlias: _, ...expected } = given.given;
          if (expected.messageExpiryInterval !== undefined && waitedMs >= 1000) {
            const leftMs = expected.messageExpiryInterval * 1000 - waitedMs;
            expected.messageExpiryInterval = Math.max(0, Math.ceil(leftMs / 1000));
          }
          const all: PublishProperties =
            identifiers === undefined
              ? expected
              : { ...expected, subscriptionIdentifiers: identifiers };
          if (version !== 5 || Object.keys(all).length === 0)
            assert.equal(out.properties, undefined);
          else assert.deepEqual(plain(out.properties), plain(all));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('fans out copies that differ in nothing but form and packet identifier', () => {
    const frames = new FrameWriter();
    const message = Message.of('t', Buffer.from('payload'), 2, false, 0);
    message.fanOut = true;
    for (const [version, qos, id] of [
      [4, 0, 0],
      [4, 1, 9],
      [5, 1, 10],
      [4, 1, 11],
      [5, 2, 12],
      [4, 0, 0],
    ] as const) {
      const out = sent(frames, message, version, qos, id, 0);
      assert.equal(Buffer.from(out.payload).toString(), 'payload');
      assert.deepEqual([out.qos, out.packetId ?? 0], [qos, id]);
    }
  });

  it('is not written when the client does not take a packet so large', () => {
    const frames = new FrameWriter();
    for (const fanOut of [false, true]) {
      const message = Message.of('t', Buffer.alloc(100), 0, false, 0);
      message.fanOut = fanOut;
      const outbox = new Outbox(new Turn(() => {}), { write: () => true, end() {}, destroy() {} });
      const rest = [0, false, false, 0, undefined, 0] as const;
      assert.equal(frames.send(outbox, 4, 104, message, ...rest), TOO_LARGE);
      assert.equal(outbox.used, 0);
      assert.equal(frames.send(outbox, 4, 105, message, ...rest), 105);
    }
  });
});

/** Buffers and arrays alike, for comparing. */
function plain(value: PublishProperties | undefined): unknown {
  const { correlationData, ...rest } = value ?? {};
  return {
    ...rest,
    correlationData: correlationData && Buffer.from(correlationData).toString('hex'),
  };
}
