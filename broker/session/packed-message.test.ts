import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { PublishProperties, Qos } from '../../wire/mod.js';
import type { Message } from '../routing/mod.js';
import { SimulatedNode } from '../testing/simulation.js';
import { packMessage, unpackMessage } from './packed-message.js';

const text = fc.string({ unit: 'grapheme', maxLength: 10 });
const bytes = fc.uint8Array({ maxLength: 200 }).map((all) => Buffer.from(all));
const properties: fc.Arbitrary<PublishProperties> = fc.record(
  {
    payloadFormatIndicator: fc.constantFrom(0 as const, 1 as const),
    messageExpiryInterval: fc.oneof(fc.nat(100), fc.constant(0xffffffff)),
    contentType: text,
    responseTopic: text.filter((all) => !/[+#]/.test(all) && all !== ''),
    correlationData: bytes,
    userProperties: fc.array(fc.tuple(text, text), { maxLength: 3 }),
    topicAlias: fc.integer({ min: 1, max: 10 }),
  },
  { requiredKeys: [] },
);

/** The message a node makes of a PUBLISH, kept. */
function arrived(
  topic: string,
  payload: Buffer,
  having: PublishProperties,
  nowMs: number,
): Message {
  const simulated = new SimulatedNode();
  simulated.nowMs = nowMs;
  let found: Message | undefined;
  simulated.node.router.retainer = (message) => {
    found = message.keep();
  };
  const options = { properties: having, retain: true };
  simulated.connected('p').publish(topic, '', { ...options, payload });
  return found!;
}

function parts(message: Message): object {
  const { topic, topicStart, topicEnd, properties: own, payload } = message;
  return {
    topic: Buffer.from(topic.subarray(topicStart, topicEnd)),
    properties: Buffer.from(own.subarray(message.propertiesStart, message.propertiesEnd)),
    payload: Buffer.from(payload.subarray(message.payloadStart, message.payloadEnd)),
    expiryAt: message.expiryAt < 0 ? -1 : message.expiryAt - message.propertiesStart,
  };
}

describe('a packed message', () => {
  const anything = fc.record({
    topic: text.filter((all) => !/[+#$]/.test(all) && all !== ''),
    payload: fc.oneof(
      bytes,
      fc.nat(300_000).map((length) => Buffer.alloc(length, 7)),
    ),
    properties,
    qos: fc.constantFrom<Qos>(0, 1, 2),
    retain: fc.boolean(),
    waitedMs: fc.nat(200_000),
    clockMs: fc.nat(1_000_000),
  });

  it('is the same after unpacking on another node, its expiry being what is left', () => {
    fc.assert(
      fc.property(
        anything,
        ({ topic, payload, properties: having, qos, retain, waitedMs, clockMs }) => {
          const before = arrived(topic, payload, having, 1_000_000);
          const packedMs = before.receivedAtMs + waitedMs;
          const packed = packMessage(before, qos, retain, packedMs);
          const after = unpackMessage(Buffer.from(packed.toString('base64'), 'base64'), clockMs);
          assert.deepEqual([after.qos, after.retain], [qos, retain]);
          assert.equal(after.receivedAtMs, clockMs);
          const { expiryAt } = before;
          if (expiryAt >= 0) {
            const leftMs = Math.max(0, before.expiresAtMs - packedMs);
            assert.equal(after.expiresAtMs - clockMs, Math.ceil(leftMs / 1000) * 1000);
            assert.equal(after.isExpired(clockMs), before.isExpired(packedMs));
            const own = before.properties as Buffer;
            Buffer.from(own.buffer, own.byteOffset).writeUInt32BE(
              Math.ceil(leftMs / 1000),
              expiryAt,
            );
          } else assert.equal(after.expiresAtMs, Number.POSITIVE_INFINITY);
          assert.deepEqual(parts(after), parts(before));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('owns its bytes: the packed ones may be used again', () => {
    const packed = packMessage(arrived('t', Buffer.from('x'), {}, 0), 1, false, 0);
    const message = unpackMessage(packed, 0);
    packed.fill(0xff);
    assert.equal(message.topicName, 't');
    assert.equal(Buffer.from(message.payload.subarray(message.payloadStart)).toString(), 'x');
  });
});
