import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DELIVERY, HistogramSet, SERVICE } from '../../results/mod.js';
import { ForeignHeaders, keyOf } from './foreign-headers.js';
import { COUNTER, Tally } from './tally.js';

const WALL_MS = 1_795_305_600_000;

/** A payload as emqtt-bench makes it. */
function message(count: number, sentMs: number, order: readonly ('cnt64' | 'ts')[]): Buffer {
  const bytes = Buffer.alloc(8 * order.length + 5, 'a');
  for (const [k, name] of order.entries()) {
    bytes.writeBigUInt64BE(BigInt(name === 'cnt64' ? count : sentMs), 8 * k);
  }
  return bytes;
}

function reader(order: readonly ('cnt64' | 'ts')[] = ['cnt64', 'ts']) {
  const tally = new Tally();
  const foreign = new ForeignHeaders(tally, order, () => WALL_MS * 1000);
  const arrive = (count: number, ageMs = 3, topic = 'a', device = 0): boolean => {
    const bytes = message(count, WALL_MS - ageMs, order);
    const key = keyOf(Buffer.from(topic), 0, topic.length);
    return foreign.arrived(device, key, bytes, 0, bytes.length, COUNTER.deliveriesReceivedQos1);
  };
  const counts = () => {
    const of = tally.counters;
    return {
      expected: of[COUNTER.deliveriesExpected]!,
      received: of[COUNTER.deliveriesReceived]!,
      duplicated: of[COUNTER.deliveriesDuplicated]!,
      outOfOrder: of[COUNTER.deliveriesOutOfOrder]!,
      untimed: of[COUNTER.deliveriesUntimed]!,
    };
  };
  return { tally, foreign, arrive, counts };
}

test('gaps are expected and not received, repeats are told, and what comes late fills its gap', () => {
  const { arrive, counts } = reader();
  for (const count of [0, 1, 2, 4, 4, 7, 6]) assert.ok(arrive(count));
  // 0 to 7, of which 3 and 5 never came.
  assert.deepEqual(counts(), {
    expected: 8,
    received: 7,
    duplicated: 1,
    outOfOrder: 1,
    untimed: 0,
  });
});

test('a receiver that comes later, another topic, another receiver and a new beginning are no gaps', () => {
  const { arrive, counts } = reader();
  for (const count of [500, 501]) arrive(count);
  for (const count of [90, 91]) arrive(count, 1, 'b');
  for (const count of [501, 502]) arrive(count, 1, 'a', 1);
  for (const count of [0, 1, 2]) arrive(count);
  assert.deepEqual(counts(), {
    expected: 9,
    received: 9,
    duplicated: 0,
    outOfOrder: 0,
    untimed: 0,
  });
});

test('whatever is lost of one publisher is what the counts say', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 2, maxLength: 60 }), (kept) => {
      const { arrive, counts } = reader();
      const [first, last] = [kept.indexOf(true), kept.lastIndexOf(true)];
      for (const [count, isKept] of kept.entries()) if (isKept) arrive(count);
      const { expected, received } = counts();
      assert.equal(received, kept.filter(Boolean).length);
      assert.equal(expected, first < 0 ? 0 : last - first + 1);
    }),
  );
});

test('the age of a message is its delivery.service; there is no response, for nobody says when it was due', () => {
  const { arrive, tally } = reader(['ts']);
  for (const age of [3, 250, -5]) arrive(0, age);
  const set = HistogramSet.decode(tally.take().histograms);
  const service = set.get(DELIVERY * 3 + SERVICE)!;
  assert.equal(service.totalCount, 2);
  assert.ok(Math.abs(service.maxValue - 250_000) < 250);
  // Of a clock that is behind: in no histogram, and counted.
  assert.equal(set.negative[DELIVERY * 3 + SERVICE], 1);
  assert.equal(set.count(DELIVERY * 3 + SERVICE + 1), 0);
});

test('what has no room for the headers, or no time where it should be, is foreign, with its reason', () => {
  const { foreign, arrive, tally, counts } = reader();
  const bytes = Buffer.from('short');
  assert.equal(foreign.arrived(0, 1, bytes, 0, 5, COUNTER.deliveriesReceivedQos0), false);
  assert.equal(arrive(0, 2 * 3_600_000), false);
  assert.equal(counts().received, 0);
  assert.deepEqual(tally.take().errors, {
    'delivery: too short for the headers of --payload-hdrs': 1,
    'delivery: no time stamp where --payload-hdrs has one': 1,
  });
});
