import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { Message } from '../routing/mod.js';
import { MessageQueue } from './message-queue.js';

it('a message queue is first in, first out and knows the bytes it holds', () => {
  const step = fc.oneof(fc.string({ maxLength: 5 }), fc.constant(undefined));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const queue = new MessageQueue();
      const model: string[] = [];
      for (const text of steps) {
        if (text === undefined) assert.equal(queue.shift()?.message.topicName, model.shift());
        else {
          const message = Message.of(text, Buffer.from('xy'), 1, false, 0);
          queue.push({ message, qos: 1, retain: false, identifiers: undefined, group: undefined });
          model.push(text);
        }
        assert.equal(queue.length, model.length);
        assert.equal(queue.first?.message.topicName, model[0]);
        const bytes = model.reduce((sum, each) => sum + Buffer.byteLength(each) + 2, 0);
        assert.equal(queue.heldBytes, bytes);
      }
    }),
  );
});
