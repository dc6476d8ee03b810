import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OpenRequests } from './open-requests.js';

test('what was added and not removed is found with its times, in any order, at any load', () => {
  const operation = fc.record({
    add: fc.boolean(),
    sender: fc.nat(20),
    sequence: fc.nat(30),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 400 }), (operations) => {
      const open = new OpenRequests(4);
      const model = new Map<string, number>();
      for (const [at, { add, sender, sequence }] of operations.entries()) {
        const key = `${sender}/${sequence}`;
        const slot = open.find(sender, sequence);
        assert.equal(slot >= 0, model.has(key));
        if (slot >= 0) {
          assert.equal(open.intendedUs(slot), model.get(key));
          assert.equal(open.sentUs(slot), model.get(key)! + 1);
        }
        if (add && slot < 0) {
          open.add(sender, sequence, at, at + 1);
          model.set(key, at);
        } else if (!add && slot >= 0) {
          open.remove(slot);
          model.delete(key);
        }
        assert.equal(open.count, model.size);
      }
    }),
  );
});
