import type { BenchValues } from './bench-values.js';
import type { ScenarioSpelling } from './schema.js';

export type StreamSpelling = NonNullable<ScenarioSpelling['groups'][number]['publish']>[number];

export const MAX_INTERVAL_MS = 86_400_000;

/** When messages are due: every interval, or as fast as the window lets; the first one after a random wait. */
export function arrivalsOf(values: BenchValues, intervalMs: number): StreamSpelling['arrivals'] {
  const wait = randomWaitMs(values);
  if (intervalMs === 0) {
    if (wait.to > 0) {
      const flag = wait.from > 0 ? 'min-random-wait' : 'max-random-wait';
      values.problem(flag, 'has a meaning with an interval (-I) above 0 only');
    }
    return { kind: 'saturate' };
  }
  return {
    kind: 'periodic',
    interval: `${intervalMs}ms`,
    ...(wait.to > 0 && { first: [`${wait.from}ms`, `${wait.to}ms`] }),
  };
}

/** The latest that the first message of a device is due, ms; without a wait, a point within its interval. */
export function latestFirstMs(values: BenchValues): number {
  return randomWaitMs(values).to;
}

/** emqtt-bench takes the lower bound alone where the upper one is below it. */
function randomWaitMs(values: BenchValues): { from: number; to: number } {
  const from = values.count('min-random-wait', 0, 0, MAX_INTERVAL_MS);
  const to = values.count('max-random-wait', 0, 0, MAX_INTERVAL_MS);
  return { from, to: Math.max(from, to) };
}
