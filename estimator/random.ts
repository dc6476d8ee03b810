/**
 * Seeded uniform numbers in [0, 1): mulberry32 (Tommy Ettinger, public domain), one 32-bit word of
 * state. The same seed gives the same intervals on every machine, so a report can be reproduced.
 */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = state;
    word = Math.imul(word ^ (word >>> 15), word | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 4294967296;
  };
}
