import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { topicMatches } from '../../wire/mod.js';
import { arbitraryFilter, arbitraryTopic } from '../testing/arbitrary-topics.js';
import { Message } from './message.js';
import { RetainedStore } from './retained.js';

function says(topic: string, payload: string): Message {
  return Message.of(topic, Buffer.from(payload), 1, true, 0);
}

const textOf = (message: Message): string =>
  Buffer.from(message.payload).toString('utf8', message.payloadStart, message.payloadEnd);

describe('retained messages', () => {
  it('are the last of each topic, found by every filter that matches, gone with an empty one', () => {
    const step = fc.tuple(arbitraryTopic, fc.constantFrom('', 'one', 'two'));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), arbitraryFilter, (steps, filter) => {
        const store = new RetainedStore();
        const model = new Map<string, string>();
        for (const [topic, payload] of steps) {
          store.put(says(topic, payload));
          if (payload === '') model.delete(topic);
          else model.set(topic, payload);
        }
        assert.equal(store.count, model.size);
        const bytes = [...model].reduce((sum, [t, p]) => sum + t.length + p.length, 0);
        assert.equal(store.heldBytes, bytes);
        const expected = [...model]
          .filter(([topic]) => topicMatches(filter, topic))
          .map(([topic, payload]) => `${topic} ${payload}`);
        const got = store.match(filter, 0).map((m) => `${m.topicName} ${textOf(m)}`);
        assert.deepEqual(got.sort(), expected.sort());
      }),
      { numRuns: 500 },
    );
  });

  it('are not given out once expired, and removed in time', () => {
    const store = new RetainedStore();
    for (let index = 0; index < 10; index++) {
      const message = says(`t/${index}`, 'x');
      if (index % 2 === 0) {
        message.expiryAt = 0;
        message.expiresAtMs = 1000 * (index + 1);
      }
      store.put(message);
    }
    assert.equal(store.match('#', 999).length, 10);
    assert.equal(store.match('#', 5000).length, 7);
    for (let round = 0; round < 10; round++) store.removeExpired(5000, 3);
    assert.equal(store.count, 7);
    for (let round = 0; round < 10; round++) store.removeExpired(60_000, 3);
    assert.equal(store.count, 5);
  });

  it('own their bytes', () => {
    const store = new RetainedStore();
    const buffer = Buffer.from('topic-payload');
    const borrowed = new Message();
    borrowed.topic = buffer;
    borrowed.topicEnd = 5;
    borrowed.payload = buffer;
    borrowed.payloadStart = 6;
    borrowed.payloadEnd = buffer.length;
    store.put(borrowed);
    buffer.fill(0);
    const [kept] = store.match('topic', 0);
    assert.equal(kept && textOf(kept), 'payload');
  });
});
