import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mean, variance } from 'simple-statistics';
import { type ArrivalSpec, type Arrivals, arrivals } from './arrivals.js';

const DAY_US = 86_400_000_000;

/** The device's arrivals below `untilUs`, asked for as a driver asks: one after the other. */
function timesOf(process: Arrivals, device: number, untilUs: number): number[] {
  const times: number[] = [];
  let dueUs = process.firstUs(device);
  for (let sequence = 1; dueUs < untilUs; sequence++) {
    times.push(dueUs);
    dueUs = process.nextUs(device, sequence, dueUs);
  }
  return times;
}

function groupTimes(process: Arrivals, devices: Iterable<number>, untilUs: number) {
  return [...devices]
    .flatMap((device) => timesOf(process, device, untilUs).map((dueUs) => ({ device, dueUs })))
    .sort((a, b) => a.dueUs - b.dueUs || a.device - b.device);
}

const range = (n: number) => Array.from({ length: n }, (_, k) => k);

const spec: fc.Arbitrary<ArrivalSpec> = fc.oneof(
  fc.record({
    kind: fc.constant('periodic' as const),
    intervalUs: fc.integer({ min: 1000, max: 3_000_000 }),
  }),
  fc.record({
    kind: fc.constantFrom('constant' as const, 'poisson' as const),
    ratePerSec: fc.double({ min: 0.5, max: 200, noNaN: true }),
  }),
);

test('the arrivals of the shards together are those of the fleet, for any split', () => {
  fc.assert(
    fc.property(
      spec,
      fc.integer({ min: 1, max: 20 }),
      fc.nat(0xffffffff),
      fc.nat(100),
      fc.array(fc.nat(3), { minLength: 20, maxLength: 20 }),
      (spec, count, seed, key, shardOf) => {
        const untilUs = 2_000_000;
        const whole = groupTimes(arrivals(spec, count, seed, key), range(count), untilUs);
        const parts = [0, 1, 2, 3].flatMap((shard) => {
          // A shard builds its own and asks for its own devices only, last device first.
          const own = range(count).filter((device) => shardOf[device] === shard);
          return groupTimes(arrivals(spec, count, seed, key), own.reverse(), untilUs);
        });
        parts.sort((a, b) => a.dueUs - b.dueUs || a.device - b.device);
        assert.deepEqual(parts, whole);
      },
    ),
  );
});

test('a device never has to send before what it has sent', () => {
  fc.assert(
    fc.property(spec, fc.integer({ min: 1, max: 20 }), fc.nat(1000), (spec, count, seed) => {
      for (const device of [0, count - 1]) {
        const times = timesOf(arrivals(spec, count, seed, 1), device, 3_000_000).slice(0, 500);
        assert.deepEqual(
          times,
          times.toSorted((a, b) => a - b),
        );
        assert.ok(times.every((dueUs) => dueUs >= 0));
      }
    }),
  );
});

test('periodic: each device has a phase of its own, uniform over the interval', () => {
  const intervalUs = 1_000_000;
  const process = arrivals({ kind: 'periodic', intervalUs }, 10_000, 7, 0);
  const phases = range(10_000).map((device) => process.firstUs(device) / intervalUs);
  assert.ok(phases.every((phase) => phase >= 0 && phase < 1));
  assert.ok(distance(phases, (phase) => phase) < criticalDistance(phases.length));
  const other = arrivals({ kind: 'periodic', intervalUs }, 10_000, 7, 1);
  const same = range(10_000).filter((device) => other.firstUs(device) === process.firstUs(device));
  assert.ok(same.length < 5, 'two streams of a device do not move in step');
});

test('periodic: no drift, message k is exactly k intervals after the first', () => {
  const intervalUs = 1_000_003;
  const process = arrivals({ kind: 'periodic', intervalUs }, 10, 7, 0);
  const firstUs = process.firstUs(3);
  const messages = Math.floor(DAY_US / intervalUs);
  let dueUs = firstUs;
  for (let sequence = 1; sequence <= messages; sequence++) {
    dueUs = process.nextUs(3, sequence, dueUs);
  }
  assert.equal(dueUs, firstUs + messages * intervalUs);
});

test('constant: the group is evenly spaced and its messages are dealt to the devices in turn', () => {
  const process = arrivals({ kind: 'constant', ratePerSec: 8 }, 3, 1, 0);
  const times = groupTimes(process, range(3), 1_000_000);
  assert.deepEqual(
    times,
    range(8).map((k) => ({ device: k % 3, dueUs: k * 125_000 })),
  );
});

test('constant: still evenly spaced to a thousandth of a µs after a day at 100,000/s', () => {
  const ratePerSec = 99_991;
  const count = 977;
  const process = arrivals({ kind: 'constant', ratePerSec }, count, 1, 0);
  const sequence = Math.floor((DAY_US / 1e6) * (ratePerSec / count));
  for (let device = 0; device + 1 < count; device++) {
    const gapUs = process.nextUs(device + 1, sequence, 0) - process.nextUs(device, sequence, 0);
    assert.ok(Math.abs(gapUs - 1e6 / ratePerSec) < 1e-3, `${gapUs}`);
  }
});

test('poisson: the gaps of one device are exponential with its share of the rate', () => {
  const process = arrivals({ kind: 'poisson', ratePerSec: 50 }, 5, 42, 3);
  const times = timesOf(process, 2, 20_000 * 100_000);
  checkExponential(gapsOf(times), 100_000);
});

test('poisson: the gaps of the whole group are exponential with its rate', () => {
  const process = arrivals({ kind: 'poisson', ratePerSec: 2000 }, 100, 42, 3);
  const times = groupTimes(process, range(100), 10_000_000).map(({ dueUs }) => dueUs);
  checkExponential(gapsOf(times), 500);
});

test('poisson: counts in disjoint seconds have variance equal to their mean', () => {
  const process = arrivals({ kind: 'poisson', ratePerSec: 100 }, 10, 9, 0);
  const counts = new Array<number>(2000).fill(0);
  for (const { dueUs } of groupTimes(process, range(10), 2000 * 1e6)) {
    counts[Math.floor(dueUs / 1e6)]!++;
  }
  assert.ok(Math.abs(mean(counts) - 100) < 4 * Math.sqrt(100 / 2000));
  assert.ok(Math.abs(variance(counts) / mean(counts) - 1) < 4 * Math.sqrt(2 / 2000));
});

test('another seed and another stream give other arrivals', () => {
  const first = arrivals({ kind: 'poisson', ratePerSec: 10 }, 4, 1, 0);
  const seeded = arrivals({ kind: 'poisson', ratePerSec: 10 }, 4, 2, 0);
  const keyed = arrivals({ kind: 'poisson', ratePerSec: 10 }, 4, 1, 1);
  assert.notEqual(first.firstUs(0), seeded.firstUs(0));
  assert.notEqual(first.firstUs(0), keyed.firstUs(0));
});

function gapsOf(times: readonly number[]): number[] {
  return times.slice(1).map((dueUs, k) => dueUs - times[k]!);
}

function checkExponential(gaps: readonly number[], meanUs: number): void {
  const n = gaps.length;
  assert.ok(n > 10_000);
  assert.ok(Math.abs(mean([...gaps]) / meanUs - 1) < 4 / Math.sqrt(n));
  // The variance of the variance of an exponential is 8·mean⁴/n.
  assert.ok(Math.abs(variance([...gaps]) / meanUs ** 2 - 1) < 4 * Math.sqrt(8 / n));
  assert.ok(distance(gaps, (gap) => 1 - Math.exp(-gap / meanUs)) < criticalDistance(n));
}

/** Kolmogorov and Smirnov's: the largest distance between the sample's distribution and `cdf`. */
function distance(sample: readonly number[], cdf: (x: number) => number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  let largest = 0;
  sorted.forEach((x, k) => {
    const expected = cdf(x);
    largest = Math.max(largest, expected - k / sorted.length, (k + 1) / sorted.length - expected);
  });
  return largest;
}

/** The distance that 99.9 % of true samples stay below. */
function criticalDistance(n: number): number {
  return 1.95 / Math.sqrt(n);
}

test('periodic: the first message comes when the scenario says, at a time of its own', () => {
  const spec = { kind: 'periodic', intervalUs: 1000, firstUs: { from: 5000, to: 9000 } } as const;
  const schedule = arrivals(spec, 1000, 1, 0);
  const firsts = Array.from({ length: 1000 }, (_, device) => schedule.firstUs(device));
  assert.ok(firsts.every((us) => us >= 5000 && us < 9000));
  assert.ok(new Set(firsts).size > 700);
  const mean = firsts.reduce((sum, us) => sum + us, 0) / firsts.length;
  assert.ok(Math.abs(mean - 7000) < 200, `${mean}`);
  assert.equal(schedule.nextUs(3, 4, 0), firsts[3]! + 4000);
  const fixed = arrivals({ ...spec, firstUs: { from: 700, to: 700 } }, 2, 1, 0);
  assert.deepEqual([fixed.firstUs(0), fixed.firstUs(1)], [700, 700]);
});
