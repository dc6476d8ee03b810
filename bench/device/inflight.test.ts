import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InflightList, InflightSlab } from './inflight.js';

test('devices sharing a slab each get their own messages back, in any order of answers', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ device: fc.nat(3), answer: fc.boolean(), pick: fc.nat(50) }), {
        maxLength: 3000,
      }),
      (steps) => {
        const slab = new InflightSlab();
        const lists = [0, 1, 2, 3].map(() => new InflightList());
        const model = lists.map(() => [] as { id: number; intended: number }[]);
        let id = 0;
        for (const { device, answer, pick } of steps) {
          const list = lists[device]!;
          const sent = model[device]!;
          if (answer && sent.length > 0) {
            const [taken] = sent.splice(pick % sent.length, 1);
            const slot = slab.remove(list, taken!.id);
            assert.equal(slab.intendedUs(slot), taken!.intended);
            assert.equal(slab.sentUs(slot), taken!.intended + 1);
            assert.equal(slab.remove(list, taken!.id), -1);
          } else {
            id++;
            slab.add(list, id, id * 10, id * 10 + 1);
            sent.push({ id, intended: id * 10 });
          }
          assert.equal(list.count, sent.length);
          assert.equal(slab.oldestIs(list, sent[0]?.id ?? -1), sent.length > 0);
        }
        for (const list of lists) {
          while (slab.removeOldest(list) >= 0);
          assert.equal(list.count, 0);
          assert.equal(list.head, -1);
          assert.equal(list.tail, -1);
        }
      },
    ),
  );
});
