/**
 * A counter-based random number: a pure function of what it is for, with no state to share or to
 * keep. Whoever asks, in whatever order, from whatever shard, gets the same answer, so a run is
 * reproducible from its seed alone.
 */

/** The golden ratio in 32 bits; keeps an all-zero key away from the fixed point of the mixers. */
const GOLDEN = 0x9e3779b9;

/**
 * Uniform in [0, 1), a multiple of 2^-32, from a seed and three counters (32-bit each).
 *
 * Two 32-bit lanes are carried, because one is not enough for a large fleet: among a million
 * devices about a hundred pairs would share one 32-bit state and so their whole sequence.
 * The mixers are bijections of 32 bits found by C. Wellons' search ("hash-prospector", lowest
 * known bias for two multiplications).
 */
export function random(seed: number, a: number, b: number, c: number): number {
  let x = mixLow(seed ^ GOLDEN);
  let y = mixHigh(seed + GOLDEN);
  x = mixLow(x ^ a);
  y = mixHigh(y + a);
  x = mixLow(x ^ b);
  y = mixHigh(y + b);
  x = mixLow(x ^ c);
  y = mixHigh(y + c);
  return ((x + y) >>> 0) / 4294967296;
}

function mixLow(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return x ^ (x >>> 15);
}

function mixHigh(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}
