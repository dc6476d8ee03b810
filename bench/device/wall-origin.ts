import type { NowUs } from './clock.js';

/**
 * µs since 1970 at the zero of a monotonic clock. `Date.now()` is cut to whole ms, so it is read as it changes:
 * 1 ms of waiting at most.
 */
export function wallOriginUs(nowUs: NowUs): number {
  const before = Date.now();
  for (;;) {
    const ms = Date.now();
    if (ms !== before) return ms * 1000 - nowUs();
  }
}
