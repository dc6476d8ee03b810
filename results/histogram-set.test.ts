import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateSync, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import {
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  Int32Histogram,
  JsHistogram,
} from 'hdr-histogram-js';
import { countIndex, HIGHEST_US, highestValueAt, lowestValueAt } from './count-index.js';
import { addV2, encodeV2 } from './histogram-codec.js';
import { HistogramSet, transferables } from './histogram-set.js';
import { CumulativeHistogram, IntervalHistogram } from './latency-histogram.js';
import { ResultsError } from './results-error.js';
import { SERIES } from './series.js';

const DELIVERY_RESPONSE = SERIES.indexOf('delivery.response');

// Latencies of every size: log-uniform over the range, with its edges.
const latencyUs = fc.oneof(
  fc.double({ min: 0, max: Math.log(HIGHEST_US), noNaN: true }).map((x) => Math.floor(Math.exp(x))),
  fc.constantFrom(0, 1, 2047, 2048, 4095, 4096, HIGHEST_US),
);
const latencies = fc.array(latencyUs, { maxLength: 300 });
const record = fc.tuple(fc.integer({ min: 0, max: SERIES.length - 1 }), latencyUs);
const records = fc.array(record, { maxLength: 200 });

describe('the index of a count', () => {
  it('is the one of hdr-histogram-js for every bucket edge and for values in between', () => {
    const library = new Int32Histogram(1, HIGHEST_US, 3);
    const check = (us: number): void => assert.equal(countIndex(us), library.countsArrayIndex(us));
    for (let edge = 1; edge <= HIGHEST_US; edge *= 2) {
      check(edge - 1);
      check(edge);
      check(edge + 1);
    }
    fc.assert(fc.property(latencyUs, check), { numRuns: 2000 });
  });

  it('gives the value range it stands for', () => {
    fc.assert(
      fc.property(latencyUs, (us) => {
        const index = countIndex(us);
        assert.ok(lowestValueAt(index) <= us && us <= highestValueAt(index));
        assert.equal(countIndex(lowestValueAt(index)), index);
        assert.equal(countIndex(highestValueAt(index)), index);
      }),
    );
  });
});

describe('a latency histogram', () => {
  it('has the counts, extremes and percentiles hdr-histogram-js has for the same values', () => {
    fc.assert(
      fc.property(latencies, (values) => {
        const library = new Int32Histogram(1, HIGHEST_US, 3);
        for (const histogram of [new IntervalHistogram(), new CumulativeHistogram()]) {
          library.reset();
          for (const us of values) {
            library.recordValue(us);
            histogram.recordValue(us);
          }
          assert.deepEqual(countsOf(histogram), countsOf(library));
          assert.equal(histogram.totalCount, library.totalCount);
          assert.equal(histogram.maxValue, library.maxValue);
          assert.equal(histogram.minNonZeroValue, library.minNonZeroValue);
          for (const percentile of [0, 50, 99, 99.9, 100]) {
            assert.equal(
              histogram.getValueAtPercentile(percentile),
              library.getValueAtPercentile(percentile),
            );
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('counts beyond 32 bits when it is cumulative', () => {
    const histogram = new CumulativeHistogram();
    histogram.recordValueWithCount(7, 2 ** 40);
    histogram.recordValue(7);
    const copy = new CumulativeHistogram();
    addV2(encodeV2(histogram), copy);
    assert.equal(copy.counts[7], 2 ** 40 + 1);
  });
});

describe('V2 bytes', () => {
  it('are read count for count by hdr-histogram-js', () => {
    fc.assert(
      fc.property(latencies, (values) => {
        const histogram = filled(values);
        assert.deepEqual(
          countsOf(decodeFromCompressedBase64(compressed(encodeV2(histogram)))),
          countsOf(histogram),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('are read count for count from what hdr-histogram-js encodes', () => {
    fc.assert(
      fc.property(latencies, (values) => {
        const library = new Int32Histogram(1, HIGHEST_US, 3);
        for (const us of values) library.recordValue(us);
        const base64 = Buffer.from(encodeIntoCompressedBase64(library), 'base64');
        const read = new IntervalHistogram();
        addV2(inflateSync(base64.subarray(8)), read);
        assert.deepEqual(countsOf(read), countsOf(library));
        assert.equal(read.totalCount, library.totalCount);
      }),
      { numRuns: 50 },
    );
  });

  it('say that no index is shifted, which HdrHistogram_c would act on', () => {
    const bytes = encodeV2(filled([1, 2, 3]));
    const head = new DataView(bytes.buffer);
    assert.equal(head.getInt32(8), 0, 'normalizing index offset');
    assert.equal(head.getFloat64(32), 1, 'integer to double value conversion ratio');
  });

  it('survive the deflated base64 form of a log line', () => {
    const histogram = filled([0, 5, 5, 90_000, HIGHEST_US]);
    const line = histogram.encodeIntoCompressedBase64();
    assert.match(line, /^HISTFAAA/);
    assert.deepEqual(countsOf(decodeFromCompressedBase64(line)), countsOf(histogram));
  });

  it('are refused when they are damaged, and then nothing was added', () => {
    const good = encodeV2(filled([3, 700, 80_000]));
    const otherRange = new Int32Histogram(1, 60_000_000, 3);
    otherRange.recordValue(5);
    const foreign = inflateSync(
      Buffer.from(encodeIntoCompressedBase64(otherRange), 'base64').subarray(8),
    );
    const beyond = new Uint8Array([...good, 0x7f]);
    beyond.set([0xff, 0xff, 0x7f, 0x02], 40);
    const damaged: Uint8Array[] = [
      new Uint8Array(0),
      good.subarray(0, 39),
      good.subarray(0, good.length - 1),
      good.map((byte, at) => (at === 0 ? byte ^ 1 : byte)),
      good.map((byte, at) => (at === good.length - 1 ? 0x80 : byte)),
      foreign,
      beyond,
    ];
    for (const bytes of damaged) {
      const into = new IntervalHistogram();
      assert.throws(
        () => addV2(bytes, into),
        (error) => error instanceof ResultsError && error.code === 'HISTOGRAM_MISMATCH',
      );
      assert.equal(into.totalCount, 0);
      assert.ok(into.counts.every((count) => count === 0));
    }
  });
});

describe('a histogram set', () => {
  it('counts values below zero apart from every histogram', () => {
    const set = new HistogramSet();
    set.record(DELIVERY_RESPONSE, -1);
    set.record(DELIVERY_RESPONSE, Number.NaN);
    set.record(DELIVERY_RESPONSE, 0);
    assert.equal(set.negative[DELIVERY_RESPONSE], 2);
    assert.equal(set.count(DELIVERY_RESPONSE), 1);
    assert.equal(set.get(DELIVERY_RESPONSE)?.counts[0], 1);
  });

  it('records what is above an hour as an hour, and says how often', () => {
    const set = new HistogramSet();
    set.record(DELIVERY_RESPONSE, HIGHEST_US);
    set.record(DELIVERY_RESPONSE, HIGHEST_US + 1);
    set.record(DELIVERY_RESPONSE, Number.POSITIVE_INFINITY);
    assert.equal(set.clipped[DELIVERY_RESPONSE], 2);
    assert.equal(set.get(DELIVERY_RESPONSE)?.counts[countIndex(HIGHEST_US)], 3);
  });

  it('cuts fractions of a microsecond off', () => {
    const set = new HistogramSet();
    set.record(0, 2.9);
    assert.equal(set.get(0)?.counts[2], 1);
    assert.equal(set.get(0)?.maxValue, 2);
  });

  it('merges to the same counts in any order and grouping, as if recorded into one', () => {
    fc.assert(
      fc.property(records, records, records, fc.boolean(), (a, b, c, cumulative) => {
        const kind = cumulative ? 'cumulative' : 'interval';
        const one = setOf([...a, ...b, ...c]);
        const left = new HistogramSet(kind);
        for (const part of [a, b, c]) left.add(setOf(part));
        const right = new HistogramSet(kind);
        const inner = setOf(c);
        inner.add(setOf(b));
        right.add(inner);
        right.addEncoded(setOf(a).encode());
        for (const set of [left, right]) assertSameCounts(set, one);
      }),
      { numRuns: 25 },
    );
  });

  it('comes back from its encoded form, through a structured clone with transfer', () => {
    fc.assert(
      fc.property(records, (values) => {
        const set = setOf(values);
        set.record(3, -5);
        set.record(4, HIGHEST_US * 2);
        const encoded = set.encode();
        const clone = structuredClone(encoded, { transfer: transferables(encoded) });
        assertSameCounts(HistogramSet.decode(clone), set);
      }),
      { numRuns: 25 },
    );
  });

  it('ships nothing for series that were not recorded', () => {
    const set = setOf([[DELIVERY_RESPONSE, 12]]);
    const { series } = set.encode();
    assert.deepEqual(
      series.map((bytes) => bytes !== null),
      SERIES.map((_, index) => index === DELIVERY_RESPONSE),
    );
  });

  it('is as new after a reset', () => {
    const set = setOf([
      [0, 5],
      [7, 80_000],
      [7, HIGHEST_US],
    ]);
    set.record(1, -1);
    set.record(2, HIGHEST_US + 1);
    set.reset();
    assertSameCounts(set, new HistogramSet());
    set.record(7, 9);
    assertSameCounts(set, setOf([[7, 9]]));
    assert.equal(set.get(7)?.minNonZeroValue, 9);
  });
});

function filled(values: readonly number[]): IntervalHistogram {
  const histogram = new IntervalHistogram();
  for (const us of values) histogram.recordValue(us);
  return histogram;
}

function setOf(values: readonly (readonly [number, number])[]): HistogramSet {
  const set = new HistogramSet();
  for (const [series, us] of values) set.record(series, us);
  return set;
}

function assertSameCounts(actual: HistogramSet, expected: HistogramSet): void {
  for (let series = 0; series < SERIES.length; series += 1) {
    assert.equal(actual.count(series), expected.count(series));
    const [a, b] = [actual.get(series), expected.get(series)];
    if (a !== undefined && b !== undefined) assert.deepEqual(countsOf(a), countsOf(b));
  }
  assert.deepEqual([...actual.negative], [...expected.negative]);
  assert.deepEqual([...actual.clipped], [...expected.clipped]);
}

/** Plain V2 bytes in the form the library reads: deflated, behind a cookie and their length, in base64. */
function compressed(bytes: Uint8Array): string {
  const deflated = deflateSync(bytes);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(0x1c849314, 0);
  head.writeUInt32BE(deflated.length, 4);
  return Buffer.concat([head, deflated]).toString('base64');
}

/** Non-zero counts by index, of any histogram of the library. */
function countsOf(histogram: unknown): [number, number][] {
  assert.ok(histogram instanceof JsHistogram);
  const counts: [number, number][] = [];
  for (let index = 0; index < histogram.countsArrayLength; index += 1) {
    const count = histogram.getCountAtIndex(index);
    if (count !== 0) counts.push([index, count]);
  }
  return counts;
}
