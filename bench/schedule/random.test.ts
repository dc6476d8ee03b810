import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { random } from './random.js';

const DRAWS = 100_000;

/** The four ways to walk through the counters; a poor hash shows along one of them. */
const WALKS: [string, (k: number) => number][] = [
  ['seed', (k) => random(k, 3, 5, 7)],
  ['first counter', (k) => random(1, k, 5, 7)],
  ['second counter', (k) => random(1, 3, k, 7)],
  ['third counter', (k) => random(1, 3, 5, k)],
  ['second counter in steps of 2^12', (k) => random(1, 3, k * 4096, 0)],
];

test('it is a function of its four arguments, in [0, 1)', () => {
  const uint32 = fc.nat(0xffffffff);
  fc.assert(
    fc.property(uint32, uint32, uint32, uint32, (seed, a, b, c) => {
      const value = random(seed, a, b, c);
      assert.ok(value >= 0 && value < 1);
      assert.equal(random(seed, a, b, c), value);
    }),
  );
});

for (const [name, draw] of WALKS) {
  test(`it is uniform along the ${name}`, () => {
    const bins = new Array<number>(256).fill(0);
    let sum = 0;
    let lagged = 0;
    let previous = draw(0);
    for (let k = 1; k <= DRAWS; k++) {
      const value = draw(k);
      bins[Math.floor(value * 256)]!++;
      sum += value;
      lagged += (value - 0.5) * (previous - 0.5);
      previous = value;
    }
    const expected = DRAWS / 256;
    const chiSquare = bins.reduce((total, n) => total + (n - expected) ** 2 / expected, 0);
    // 255 degrees of freedom: 99.9 % of true uniform draws stay below 330, and above 190.
    assert.ok(chiSquare < 330 && chiSquare > 185, `chi-square ${chiSquare}`);
    // Standard errors: 1/√(12n) of the mean, 1/√n of the correlation.
    assert.ok(Math.abs(sum / DRAWS - 0.5) < 4 / Math.sqrt(12 * DRAWS));
    assert.ok(Math.abs((12 * lagged) / DRAWS) < 4 / Math.sqrt(DRAWS));
  });
}

test('every bit of an argument changes half of the result bits', () => {
  const trials = 2000;
  for (let argument = 0; argument < 4; argument++) {
    for (const bit of [0, 1, 7, 15, 16, 23, 31]) {
      let flipped = 0;
      for (let k = 0; k < trials; k++) {
        const key = [k * 7919, k, k * 31, k * 104729].map((x) => x >>> 0);
        const before = bitsOf(key);
        key[argument] = (key[argument]! ^ (1 << bit)) >>> 0;
        flipped += onesIn(before ^ bitsOf(key));
      }
      const share = flipped / (32 * trials);
      assert.ok(Math.abs(share - 0.5) < 0.02, `argument ${argument}, bit ${bit}: ${share}`);
    }
  }
});

test('no two of a million devices draw the same sequence', () => {
  const seen = new Set<number>();
  for (let device = 0; device < 1_000_000; device++) {
    // Two draws make one number of 52 bits; chance alone repeats one in ten thousand runs.
    const high = Math.floor(random(1, 0, device, 0) * 2 ** 26);
    const low = Math.floor(random(1, 0, device, 1) * 2 ** 26);
    seen.add(high * 2 ** 26 + low);
  }
  assert.equal(seen.size, 1_000_000);
});

function bitsOf(key: readonly number[]): number {
  return random(key[0]!, key[1]!, key[2]!, key[3]!) * 4294967296;
}

function onesIn(bits: number): number {
  let ones = 0;
  for (let rest = bits >>> 0; rest !== 0; rest &= rest - 1) ones++;
  return ones;
}
