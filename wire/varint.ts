/** Largest value of a Variable Byte Integer: four bytes of seven bits (MQTT 5 §1.5.5). */
export const VARINT_MAX = 268_435_455;

/** How many bytes a Variable Byte Integer takes; the encoding must be the shortest [MQTT-1.5.5-1]. */
export function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}

/** Writes `value` at `at` and returns the offset after it. The caller has room for `varintBytes(value)`. */
export function writeVarint(into: Uint8Array, at: number, value: number): number {
  let rest = value;
  let next = at;
  while (rest >= 0x80) {
    into[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  into[next++] = rest;
  return next;
}

/** `readVarint`'s answers that are no value. */
export const VARINT_TRUNCATED = -1;
export const VARINT_TOO_LONG = -2;

/**
 * Reads a Variable Byte Integer in `bytes[at..end)`. Answers the value, `VARINT_TRUNCATED` when the bytes
 * end first, `VARINT_TOO_LONG` when the fourth byte wants a fifth. How far it reached is
 * `varintEnd(bytes, at)`: two calls instead of a result object keep this free of allocation.
 */
export function readVarint(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return VARINT_TRUNCATED;
  const b0 = bytes[at]!;
  if (b0 < 0x80) return b0;
  if (at + 1 >= end) return VARINT_TRUNCATED;
  const b1 = bytes[at + 1]!;
  if (b1 < 0x80) return (b0 & 0x7f) | (b1 << 7);
  if (at + 2 >= end) return VARINT_TRUNCATED;
  const b2 = bytes[at + 2]!;
  if (b2 < 0x80) return (b0 & 0x7f) | ((b1 & 0x7f) << 7) | (b2 << 14);
  if (at + 3 >= end) return VARINT_TRUNCATED;
  const b3 = bytes[at + 3]!;
  if (b3 < 0x80) return (b0 & 0x7f) | ((b1 & 0x7f) << 7) | ((b2 & 0x7f) << 14) | (b3 << 21);
  return VARINT_TOO_LONG;
}

/** The offset after the Variable Byte Integer at `at`, which `readVarint` has found whole. */
export function varintEnd(bytes: Uint8Array, at: number): number {
  if (bytes[at]! < 0x80) return at + 1;
  if (bytes[at + 1]! < 0x80) return at + 2;
  return bytes[at + 2]! < 0x80 ? at + 3 : at + 4;
}
