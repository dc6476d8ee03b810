import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DeviceText } from './device-text.js';

const piece = fc.constantFrom('', '0', '1', '10', '01', 'a', '-');
const text = fc.array(piece, { minLength: 2, maxLength: 4 }).map((p) => new DeviceText(p));

test('a rendered text is asked for its device and names it', () => {
  fc.assert(
    fc.property(text, fc.oneof(fc.nat(120), fc.nat(2 ** 31)), (text, number) => {
      assert.equal(text.numberOf(text.render(number)), number);
    }),
    { numRuns: 2000 },
  );
});

test('a text that no device has names none', () => {
  fc.assert(
    fc.property(
      text,
      fc.array(piece).map((p) => p.join('')),
      (text, other) => {
        const number = text.numberOf(other);
        if (number >= 0) assert.equal(text.render(number), other);
      },
    ),
    { numRuns: 2000 },
  );
});
