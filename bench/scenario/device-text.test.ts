import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DeviceText, type Hole } from './device-text.js';

const piece = fc.constantFrom('', '0', '1', '10', '01', 'a', '-');
const text = fc.array(piece, { minLength: 2, maxLength: 4 }).map((p) => new DeviceText(p));
/** Texts with holes for the numbers of devices and of their connections, one of each at least. */
const gatewayText = fc
  .tuple(
    fc.array(piece, { minLength: 3, maxLength: 5 }),
    fc.shuffledSubarray<Hole>(['device', 'connection'], { minLength: 2 }),
    fc.array(fc.constantFrom<Hole>('device', 'connection'), { minLength: 2, maxLength: 2 }),
    fc.record({ first: fc.nat(200), devicesPerConnection: fc.integer({ min: 2, max: 60 }) }),
  )
  .map(([pieces, both, more, numbering]) => {
    return new DeviceText(pieces, [...both, ...more].slice(0, pieces.length - 1), numbering);
  });

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

test('a text with the numbers of a device and of its gateway names the device, and another text none', () => {
  fc.assert(
    fc.property(gatewayText, fc.nat(5000), fc.nat(9), (text, index, digit) => {
      const number = text.numbering.first + index;
      const rendered = text.render(number);
      assert.equal(text.numberOf(rendered), number);
      const other = rendered.replace(/\d/, String(digit));
      const named = text.numberOf(other);
      if (named >= 0) assert.equal(text.render(named), other);
    }),
    { numRuns: 2000 },
  );
});

test("a text with the number of a gateway alone names the gateway's first device", () => {
  const numbering = { first: 7, devicesPerConnection: 50 };
  const text = new DeviceText(['gw-', ''], ['connection'], numbering);
  assert.equal(text.render(7 + 149), 'gw-9');
  assert.equal(text.numberOf('gw-9'), 7 + 100);
  assert.equal(text.numberOf('gw-6'), -1, 'there is none before the first');
});
