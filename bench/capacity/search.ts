import { KneePosterior } from './knee.js';

/** What one measured step said about its load. */
export type StepOutcome =
  /** The target carried it: objectives met, throughput as offered, no growing backlog. */
  | 'holds'
  /** The target did not. */
  | 'breaks'
  /** The generator did not offer it as it should: nothing is known of the target. */
  | 'starved';

export interface Observation {
  readonly load: number;
  readonly outcome: StepOutcome;
}

export interface SearchOptions {
  /** The first load; doubled while it holds, halved while it does not. */
  readonly from: number;
  /** Beyond it nobody wants to know; Infinity if there is no such load. */
  readonly to: number;
  /** The borders of the answer are no further apart than this share. */
  readonly tolerance: number;
  /** How often each border is measured. */
  readonly repeats: number;
  readonly maximumSteps: number;
}

/** How the repeats of one load went. */
export interface Tally {
  readonly load: number;
  readonly holds: number;
  readonly breaks: number;
  readonly starved: number;
}

export interface Answer {
  /**
   * `interval`: the capacity lies between low and high. `at-least`: above low, and why nobody knows how far
   * above (`limit`). `below`: under high, and no load that was tried holds.
   */
  readonly kind: 'interval' | 'at-least' | 'below';
  /** The largest load that holds in more than half of its repeats, the smallest above it that does not. */
  readonly holds: Tally | null;
  readonly breaks: Tally | null;
  /** The capacity lies between them with this probability; null where there is no such end. */
  readonly low: number | null;
  readonly high: number | null;
  readonly confidence: number;
  /** The generator could not offer more, or `to` was reached. */
  readonly limit: 'generator' | 'to' | null;
  /** The borders are as close and as often repeated as was asked for; false when the steps were used up. */
  readonly complete: boolean;
}

export type Decision =
  | { readonly kind: 'measure'; readonly load: number }
  | { readonly kind: 'answer'; readonly answer: Answer };

/** What an answer aims at; more repeats bring more. */
export const CONFIDENCE = 0.95;
/** A load this many times below the first is as good as none. */
const LOWEST_SHARE = 1 / 1024;

/**
 * The search for the knee: what to measure next, or the answer. A function of what has been observed alone.
 * Doubling until a load does not hold, then bisection on the logarithm of the load, then the two borders again
 * until each has its repeats. A repeat that disagrees may move the borders, and the search goes on from there.
 */
export function decide(options: SearchOptions, observed: readonly Observation[]): Decision {
  const { from, to, tolerance, repeats, maximumSteps } = options;
  if (observed.length === 0) return { kind: 'measure', load: Math.min(from, to) };
  const { low, high } = borders(tallies(observed));
  const done = (complete: boolean): Decision => ({
    kind: 'answer',
    answer: answerOf(observed, low, high, to, complete),
  });
  if (observed.length >= maximumSteps) return done(false);
  if (high === undefined && low!.load < to) {
    return { kind: 'measure', load: Math.min(2 * low!.load, to) };
  }
  if (low === undefined && high!.load > from * LOWEST_SHARE) {
    return { kind: 'measure', load: high!.load / 2 };
  }
  if (low !== undefined && high !== undefined && high.load > low.load * (1 + tolerance)) {
    return { kind: 'measure', load: Math.sqrt(low.load * high.load) };
  }
  const again = [low, high]
    .filter((border) => border !== undefined)
    .sort((a, b) => count(a) - count(b))
    .find((border) => count(border) < repeats);
  return again === undefined ? done(true) : { kind: 'measure', load: again.load };
}

/** One entry a load, rising. */
export function tallies(observed: readonly Observation[]): Tally[] {
  const loads = [...new Set(observed.map(({ load }) => load))].sort((a, b) => a - b);
  return loads.map((load) => {
    const at = observed.filter((each) => each.load === load);
    const of = (outcome: StepOutcome): number => at.filter((o) => o.outcome === outcome).length;
    return { load, holds: of('holds'), breaks: of('breaks'), starved: of('starved') };
  });
}

/**
 * Where "holds" ends: the cut with the fewest observations on its wrong side, the lowest of those, because
 * more load does not make a target faster.
 */
function borders(rising: readonly Tally[]): { low?: Tally; high?: Tally } {
  let wrong = rising.reduce((sum, { holds }) => sum + holds, 0);
  let best = { wrong, cut: 0 };
  for (const [at, tally] of rising.entries()) {
    wrong += tally.breaks + tally.starved - tally.holds;
    if (wrong < best.wrong) best = { wrong, cut: at + 1 };
  }
  const low = rising[best.cut - 1];
  const high = rising[best.cut];
  return { ...(low && { low }), ...(high && { high }) };
}

function answerOf(
  observed: readonly Observation[],
  low: Tally | undefined,
  high: Tally | undefined,
  to: number,
  complete: boolean,
): Answer {
  const starved = high !== undefined && high.starved > high.breaks;
  const open = high === undefined || starved;
  const limit = !open ? null : high === undefined && low!.load >= to ? 'to' : 'generator';
  const base = { holds: low ?? null, breaks: open ? null : high, limit, complete } as const;
  const told = tallies(observed).filter(({ holds, breaks }) => holds + breaks > 0);
  const posterior = told.length === 0 ? undefined : new KneePosterior(told);
  // An open end has no share in the doubt.
  const tail = (1 - CONFIDENCE) / (low !== undefined && !open ? 2 : 1);
  const lowAt = low && Math.min(low.load, posterior?.quantile(tail) ?? low.load);
  const highAt = open ? undefined : Math.max(high.load, posterior?.quantile(1 - tail) ?? high.load);
  return {
    kind: low === undefined ? 'below' : open ? 'at-least' : 'interval',
    ...base,
    low: lowAt ?? null,
    high: highAt ?? null,
    confidence: posterior?.between(lowAt ?? 0, highAt ?? Number.POSITIVE_INFINITY) ?? 0,
  };
}

/** Repeats of a border; those in which the generator failed count only where it mostly does. */
function count({ holds, breaks, starved }: Tally): number {
  const told = holds + breaks;
  return starved > told ? told + starved : told;
}
