/**
 * Up to this many bytes a loop copies faster than the runtime, which wants a view of the source first: by a
 * measurement on Node 20, 39 against 68 ns for 16 bytes, 105 against 76 ns for 64.
 */
const LOOP_BYTES = 32;

/** `from[start..end)` as an array of its own. (`slice` would do, but on a Buffer it is a view.) */
export function copyOf(from: Uint8Array, start: number, end: number): Uint8Array {
  const length = end - start;
  if (length > LOOP_BYTES) return new Uint8Array(from.subarray(start, end));
  const copy = new Uint8Array(length);
  for (let i = 0; i < length; i += 1) copy[i] = from[start + i]!;
  return copy;
}

/** Copies `from[start..end)` to `into[at]` and returns the offset after it. */
export function copyInto(
  into: Uint8Array,
  at: number,
  from: Uint8Array,
  start: number,
  end: number,
): number {
  const length = end - start;
  if (length > 4 * LOOP_BYTES) into.set(from.subarray(start, end), at);
  else for (let i = 0; i < length; i += 1) into[at + i] = from[start + i]!;
  return at + length;
}
