import { deflateSync } from 'node:zlib';
import {
  countIndex,
  HIGHEST_US,
  highestValueAt,
  LOWEST_US,
  lowestValueAt,
  SIGNIFICANT_DIGITS,
} from './count-index.js';
import { ResultsError } from './results-error.js';

/** What the encoding needs of a histogram; fields as in hdr-histogram-js. */
export interface CountedValues {
  readonly counts: Uint32Array | Float64Array;
  maxValue: number;
  minNonZeroValue: number;
  _totalCount: number;
}

// HdrHistogram V2 encoding: a 40-byte head, then the counts as ZigZag LEB128, where a negative number is
// a run of that many zero counts. https://github.com/HdrHistogram/HdrHistogram, AbstractHistogram.java
// (encodeIntoByteBuffer, fillBufferFromCountsArray). hdr-histogram-js only offers the deflated, base64
// form of it, which costs several times as much and has a wrong head, see `encodeLogLine`.
const V2_COOKIE = 0x1c849313;
const V2_COMPRESSED_COOKIE = 0x1c849314;
const HEAD_BYTES = 40;
const COMPRESSED_HEAD_BYTES = 8;
/** Twelve logs a second beside a load test: the fastest level is a few percent larger, in half the time. */
const DEFLATE_LEVEL = 1;
/** A count up to 2⁵³, doubled by ZigZag, seven bits a byte. */
const MAX_WORD_BYTES = 8;

let scratch = new Uint8Array(16 * 1024);

/** One histogram as V2 bytes, in an array of its own. Work is in proportion to the highest value's index. */
export function encodeV2(histogram: CountedValues): Uint8Array<ArrayBuffer> {
  const length = encodeIntoScratch(histogram);
  return scratch.slice(0, length);
}

/**
 * Adds V2 bytes to a histogram, exactly; walks only the counts that are there.
 * @throws ResultsError HISTOGRAM_MISMATCH if they are not V2 bytes of our range and precision; then
 *   nothing was added.
 */
export function addV2(bytes: Uint8Array, into: CountedValues): void {
  const end = readHead(bytes);
  // Twice over the bytes, first to check them: a half-added histogram could not be taken back.
  walkCounts(bytes, end, into.counts.length, undefined);
  const span = walkCounts(bytes, end, into.counts.length, into.counts);
  if (span.total === 0) return;
  into._totalCount += span.total;
  const maxUs = highestValueAt(span.highest);
  if (maxUs > into.maxValue) into.maxValue = maxUs;
  if (span.lowestNonZero > 0) {
    const minUs = lowestValueAt(span.lowestNonZero);
    if (minUs < into.minNonZeroValue) into.minNonZeroValue = minUs;
  }
}

/**
 * The form of a log line: V2 bytes, deflated behind a cookie and their length, in base64. The library's own
 * writes 1 as the normalizing index offset (and an integer 1 where a double belongs): its own reader and the
 * Java one come out right all the same, HdrHistogram_c (hdr_decode_compressed_v2) sees every value one
 * bucket off. hdrhistogram-go had the same fault, pull request 66.
 */
export function encodeLogLine(histogram: CountedValues): string {
  const length = encodeIntoScratch(histogram);
  const deflated = deflateSync(scratch.subarray(0, length), { level: DEFLATE_LEVEL });
  const head = Buffer.alloc(COMPRESSED_HEAD_BYTES);
  head.writeUInt32BE(V2_COMPRESSED_COOKIE, 0);
  head.writeUInt32BE(deflated.length, 4);
  return Buffer.concat([head, deflated]).toString('base64');
}

function encodeIntoScratch(histogram: CountedValues): number {
  const counts = histogram.counts;
  const limit = histogram._totalCount === 0 ? 0 : countIndex(histogram.maxValue) + 1;
  if (scratch.length < HEAD_BYTES + limit * MAX_WORD_BYTES) {
    scratch = new Uint8Array(HEAD_BYTES + limit * MAX_WORD_BYTES);
  }
  const out = scratch;
  let at = HEAD_BYTES;
  let index = 0;
  while (index < limit) {
    const count = counts[index]!;
    index += 1;
    let word = count * 2;
    if (count === 0) {
      let zeros = 1;
      while (index < limit && counts[index] === 0) {
        zeros += 1;
        index += 1;
      }
      if (zeros > 1) word = zeros * 2 - 1;
    }
    while (word >= 128) {
      out[at] = (word % 128) + 128;
      at += 1;
      word = Math.floor(word / 128);
    }
    out[at] = word;
    at += 1;
  }
  const view = new DataView(out.buffer, out.byteOffset);
  view.setUint32(0, V2_COOKIE);
  view.setUint32(4, at - HEAD_BYTES);
  view.setUint32(8, 0);
  view.setUint32(12, SIGNIFICANT_DIGITS);
  view.setBigUint64(16, BigInt(LOWEST_US));
  view.setBigUint64(24, BigInt(HIGHEST_US));
  view.setFloat64(32, 1);
  return at;
}

function readHead(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < HEAD_BYTES || view.getUint32(0) !== V2_COOKIE) {
    throw mismatch('it does not start with the V2 cookie');
  }
  if (
    view.getUint32(12) !== SIGNIFICANT_DIGITS ||
    view.getBigUint64(16) !== BigInt(LOWEST_US) ||
    view.getBigUint64(24) !== BigInt(HIGHEST_US)
  ) {
    throw mismatch('its range or precision is another one');
  }
  const end = HEAD_BYTES + view.getUint32(4);
  if (end > bytes.byteLength) throw mismatch('it is cut short');
  return end;
}

interface Span {
  total: number;
  lowestNonZero: number;
  highest: number;
}

function walkCounts(
  bytes: Uint8Array,
  end: number,
  countsLength: number,
  into: Uint32Array | Float64Array | undefined,
): Span {
  const span: Span = { total: 0, lowestNonZero: -1, highest: -1 };
  let position = HEAD_BYTES;
  let index = 0;
  while (position < end) {
    let word = 0;
    let scale = 1;
    for (;;) {
      if (position >= end) throw mismatch('a count is cut short');
      const byte = bytes[position]!;
      position += 1;
      word += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 128;
    }
    if (word % 2 === 1) {
      index += (word + 1) / 2;
      continue;
    }
    if (word !== 0) {
      if (index >= countsLength) throw mismatch('it has counts outside its range');
      if (into !== undefined) into[index]! += word / 2;
      span.total += word / 2;
      if (span.lowestNonZero < 0 && index !== 0) span.lowestNonZero = index;
      span.highest = index;
    }
    index += 1;
  }
  return span;
}

function mismatch(what: string): ResultsError {
  return new ResultsError(
    'HISTOGRAM_MISMATCH',
    `cannot add an encoded histogram: ${what}; were both sides built from the same version?`,
  );
}
