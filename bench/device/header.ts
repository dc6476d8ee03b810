/**
 * The measurement header: the first 16 bytes of a payload, big endian, which give a delivery its latency
 * on all three clocks, and loss, duplicates and order.
 *
 *     0  run       u16  which run sent it; other traffic on the topic is told apart by it
 *     2  lag       u16  µs from intended to actual send, as a float of 5 exponent and 11 mantissa bits
 *     4  sender    u32  the publishing stream of one device
 *     8  sequence  u24  message number of that sender, from 1, modulo 2^24
 *    11  intended  u40  µs since the run's epoch: 12 days
 *
 * The lag travels so that the receiver can tell service (from the actual send) from response (from the
 * intended one). Its 11-bit mantissa errs by less than 0.05 %, finer than the histograms.
 */
export const HEADER_BYTES = 16;
export const SEQUENCE_MODULUS = 0x1000000;

const MANTISSA_BITS = 11;
const MANTISSA_MASK = (1 << MANTISSA_BITS) - 1;
const LARGEST_LAG_US = 2 ** 41;

/** 16-bit float of a whole number of µs ≥ 0: exact below 4,096, then 12 significant bits (rounded down). */
export function encodeLag(lagUs: number): number {
  const whole = Math.floor(Math.min(Math.max(lagUs, 0), LARGEST_LAG_US));
  if (whole <= MANTISSA_MASK) return whole;
  // 2^11 ≤ whole: value = (2^11 + mantissa) · 2^(exponent − 1)
  const exponent = Math.floor(Math.log2(whole)) - MANTISSA_BITS + 1;
  const mantissa = Math.floor(whole / 2 ** (exponent - 1)) - (1 << MANTISSA_BITS);
  return (exponent << MANTISSA_BITS) | mantissa;
}

/** µs of an encoded lag. */
export function decodeLag(encoded: number): number {
  const exponent = encoded >>> MANTISSA_BITS;
  const mantissa = encoded & MANTISSA_MASK;
  if (exponent === 0) return mantissa;
  return ((1 << MANTISSA_BITS) + mantissa) * 2 ** (exponent - 1);
}

/** Writes the header at `at`. `intendedUs` counts from the run's epoch and must not be negative. */
export function writeHeader(
  into: Uint8Array,
  at: number,
  run: number,
  sender: number,
  sequence: number,
  intendedUs: number,
  lagUs: number,
): void {
  const lag = encodeLag(lagUs);
  const intended = Math.floor(intendedUs);
  const high = Math.floor(intended / 0x100000000);
  const low = intended >>> 0;
  into[at] = run >>> 8;
  into[at + 1] = run;
  into[at + 2] = lag >>> 8;
  into[at + 3] = lag;
  into[at + 4] = sender >>> 24;
  into[at + 5] = sender >>> 16;
  into[at + 6] = sender >>> 8;
  into[at + 7] = sender;
  into[at + 8] = sequence >>> 16;
  into[at + 9] = sequence >>> 8;
  into[at + 10] = sequence;
  into[at + 11] = high;
  into[at + 12] = low >>> 24;
  into[at + 13] = low >>> 16;
  into[at + 14] = low >>> 8;
  into[at + 15] = low;
}

/** What an answer has in place of the run, so that it is not taken for the request that it brings back. */
export function answerMark(run: number): number {
  return run ^ 0xffff;
}

/** Turns the header at the front of a request into that of its answer. */
export function markAnswer(payload: Uint8Array, run: number): void {
  const mark = answerMark(run);
  payload[0] = mark >>> 8;
  payload[1] = mark;
}

export function headerRun(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** µs between the intended and the actual send. */
export function headerLagUs(bytes: Uint8Array, at: number): number {
  return decodeLag((bytes[at + 2]! << 8) | bytes[at + 3]!);
}

export function headerSender(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at + 4);
}

export function headerSequence(bytes: Uint8Array, at: number): number {
  return (bytes[at + 8]! << 16) | (bytes[at + 9]! << 8) | bytes[at + 10]!;
}

/** µs since the run's epoch. */
export function headerIntendedUs(bytes: Uint8Array, at: number): number {
  return bytes[at + 11]! * 0x100000000 + readUint32(bytes, at + 12);
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  );
}
