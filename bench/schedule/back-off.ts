import { random } from './random.js';

/** How long a device waits before it tries again to connect. */
export interface BackOff {
  readonly initialUs: number;
  readonly maxUs: number;
  /** From one wait to the next; at least 1. */
  readonly multiplier: number;
  /** 0…1: the part of each wait that is left to chance. */
  readonly jitter: number;
  /** Attempts in a row after which a device gives up; 0 for never. */
  readonly limit: number;
}

/**
 * µs before attempt number `attempt` (from 1) of an outage: w = min(max, initial · multiplier^(attempt − 1)),
 * and of that evenly between w · (1 − jitter) and w, so that a fleet that fell together does not come
 * back together.
 * @param device its number in the fleet
 * @param draw how often the device has waited before, in this run: no two waits use one random number
 */
export function backOffUs(
  backOff: BackOff,
  attempt: number,
  seed: number,
  device: number,
  draw: number,
): number {
  const { initialUs, maxUs, multiplier, jitter } = backOff;
  const wholeUs = Math.min(maxUs, initialUs * multiplier ** (attempt - 1));
  return Math.round(wholeUs * (1 - jitter * random(seed, BACK_OFF_DRAW, device, draw)));
}

/** Apart from the draws of schedules (below 2^31) and of templates. */
const BACK_OFF_DRAW = 0xa000_0000;
