import { random } from '../schedule/mod.js';
import { FifoServer } from './fifo-server.js';

/** A single server with Poisson arrivals and exponential service times. */
export interface MM1 {
  readonly arrivalsPerSec: number;
  readonly meanServiceUs: number;
}

/**
 * The time that a share p of all messages spends in the queue and the server of an M/M/1 (L. Kleinrock,
 * Queueing Systems 1, 3.2): exponential with the rate μ − λ, so t(p) = −ln(1 − p) / (μ − λ). µs.
 */
export function mm1SojournUs({ arrivalsPerSec, meanServiceUs }: MM1, share: number): number {
  return -Math.log(1 - share) / (1 / meanServiceUs - arrivalsPerSec / 1e6);
}

/** Lowest and highest that a quantile comes out at, in 99 of 100 samples. */
export interface Band {
  readonly lowUs: number;
  readonly highUs: number;
}

/**
 * How far the quantiles of `count` messages stray from the theory by chance alone. Messages that wait behind each
 * other are not independent, so there is no short formula: the same queue is run `REPLICATIONS` times, without
 * a network and without a clock.
 */
export function mm1Bands(queue: MM1, count: number, shares: readonly number[]): Band[] {
  const samples = Array.from({ length: REPLICATIONS }, (_, replication) => {
    const sojourns = mm1Sample(queue, count, replication + 1);
    return shares.map((share) => quantileUs(sojourns, share));
  });
  return shares.map((_, at) => {
    const values = samples.map((sample) => sample[at]!).sort((a, b) => a - b);
    return { lowUs: values[1]!, highUs: values.at(-2)! };
  });
}

/** With the lowest and the highest left out on either side, 198 of 200 lie between. */
const REPLICATIONS = 200;
/** Other random numbers than those of a target, which counts from 1. */
const OTHER_SEEDS = 1 << 20;

/** Rising. */
function mm1Sample(
  { arrivalsPerSec, meanServiceUs }: MM1,
  count: number,
  seed: number,
): Float64Array {
  const service = { kind: 'exponential', meanUs: meanServiceUs } as const;
  const server = new FifoServer({ service, seed: seed + OTHER_SEEDS });
  const sojourns = new Float64Array(count);
  let arrivalUs = 0;
  for (let at = 0; at < count; at += 1) {
    arrivalUs += -Math.log(1 - random(seed + OTHER_SEEDS, 1, 0, at)) * (1e6 / arrivalsPerSec);
    sojourns[at] = server.departUs(arrivalUs) - arrivalUs;
  }
  return sojourns.sort();
}

/** The nearest rank of values that rise. */
export function quantileUs(rising: Float64Array, share: number): number {
  return rising[Math.max(0, Math.ceil(share * rising.length) - 1)] ?? 0;
}

/** Messages at an even rate, one after the other, to a server that stands still now and then. */
export interface FrozenLine {
  readonly gapUs: number;
  /** From a send to its answer while nothing is frozen; less than the gap. */
  readonly tripUs: number;
  readonly everyUs: number;
  readonly lengthUs: number;
}

/**
 * What the freezes do to messages that must wait for each other. The first one due in a freeze waits all of
 * it, the next one gap less, and after the freeze each that is sent makes up another gap less a trip: message k
 * is late by d − k(g − s). So a share (d − x) / (T (1 − s/g)) of all messages is later than x.
 */
export function frozenShare(
  { gapUs, tripUs, everyUs, lengthUs }: FrozenLine,
  laterThanUs: number,
): number {
  return Math.max(0, lengthUs - laterThanUs) / (everyUs * (1 - tripUs / gapUs));
}

/** The lateness that a share of all messages exceeds: `frozenShare` the other way round. */
export function frozenLatenessUs(
  { gapUs, tripUs, everyUs, lengthUs }: FrozenLine,
  share: number,
): number {
  return Math.max(0, lengthUs - share * everyUs * (1 - tripUs / gapUs));
}
