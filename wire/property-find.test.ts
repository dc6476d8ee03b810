import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { publishPropertyBytes } from './property-bytes.js';
import { CORRELATION_DATA, findProperty, RESPONSE_TOPIC } from './property-find.js';

test('a property is found wherever it stands among others, and not where it is not', () => {
  fc.assert(
    fc.property(
      fc.record(
        {
          payloadFormatIndicator: fc.constantFrom(0 as const, 1 as const),
          messageExpiryInterval: fc.nat(),
          contentType: fc.string(),
          responseTopic: fc.string({ minLength: 1 }).filter((text) => !/[#+\0]/.test(text)),
          correlationData: fc.uint8Array({ maxLength: 300 }),
          subscriptionIdentifiers: fc.array(fc.integer({ min: 1, max: 268_435_455 })),
          userProperties: fc.array(fc.tuple(fc.string(), fc.string())),
          topicAlias: fc.integer({ min: 1, max: 65_535 }),
        },
        { requiredKeys: [] },
      ),
      (properties) => {
        const bytes = publishPropertyBytes(properties);
        const dataOf = (id: number) => {
          const at = findProperty(bytes, 0, bytes.length, id);
          return at < 0
            ? undefined
            : bytes.slice(at + 2, at + 2 + bytes[at]! * 256 + bytes[at + 1]!);
        };
        const topic = dataOf(RESPONSE_TOPIC);
        assert.equal(topic && Buffer.from(topic).toString(), properties.responseTopic);
        assert.deepEqual(dataOf(CORRELATION_DATA), properties.correlationData);
      },
    ),
  );
});
