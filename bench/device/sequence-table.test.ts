import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SEQUENCE_MODULUS } from './header.js';
import { DUPLICATE, IN_ORDER, OUT_OF_ORDER, SequenceTable, UNTRACKED } from './sequence-table.js';

test('it agrees with a plain set of seen numbers, whatever the order of arrival', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          receiver: fc.nat(3),
          sender: fc.nat(5),
          sequence: fc.integer({ min: 1, max: 25 }),
        }),
        { maxLength: 400 },
      ),
      (arrivals) => {
        const table = new SequenceTable(1000, 4);
        const seen = new Map<string, { last: number; numbers: Set<number> }>();
        for (const { receiver, sender, sequence } of arrivals) {
          const key = `${receiver}/${sender}`;
          const state = seen.get(key);
          let expected: number = IN_ORDER;
          if (state?.numbers.has(sequence)) expected = DUPLICATE;
          else if (state && sequence < state.last) expected = OUT_OF_ORDER;
          assert.equal(table.arrived(receiver, sender, sequence), expected);
          const numbers = state?.numbers ?? new Set<number>();
          numbers.add(sequence);
          seen.set(key, { last: Math.max(state?.last ?? 0, sequence), numbers });
        }
        assert.equal(table.pairs, seen.size);
      },
    ),
  );
});

test('numbers go on over the wrap at 2^24', () => {
  const table = new SequenceTable();
  assert.equal(table.arrived(1, 1, SEQUENCE_MODULUS - 1), IN_ORDER);
  assert.equal(table.arrived(1, 1, 1), IN_ORDER);
  assert.equal(table.arrived(1, 1, 0), OUT_OF_ORDER);
  assert.equal(table.arrived(1, 1, SEQUENCE_MODULUS - 1), DUPLICATE);
  assert.equal(table.arrived(1, 1, 2), IN_ORDER);
});

test('a gap is in order, and a full table says that it does not follow a new pair', () => {
  const table = new SequenceTable(1);
  assert.equal(table.arrived(0, 0, 1), IN_ORDER);
  assert.equal(table.arrived(0, 0, 1000), IN_ORDER);
  assert.equal(table.arrived(0, 1, 1), UNTRACKED);
  assert.equal(table.arrived(0, 0, 1001), IN_ORDER);
});
