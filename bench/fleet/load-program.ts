import { loadOf, type Phase, type Scenario } from '../scenario/mod.js';
import { type LoadCurve, type LoadSegment, loadCurve } from '../schedule/mod.js';

/** A phase with its place in time, µs since publishing began. */
export interface TimedPhase {
  phase: Exclude<Phase, { kind: 'ramp' }>;
  startUs: number;
  endUs: number;
}

/** The phases after the ramp, one after the other from 0. */
export function timedPhases(scenario: Scenario): TimedPhase[] {
  const timed: TimedPhase[] = [];
  let atUs = 0;
  for (const phase of scenario.phases) {
    if (phase.kind === 'ramp') continue;
    timed.push({ phase, startUs: atUs, endUs: atUs + phase.durationUs });
    atUs += phase.durationUs;
  }
  return timed;
}

/** When one group has load, and how much. */
export class GroupLoad {
  readonly curve: LoadCurve;
  readonly #segments: readonly LoadSegment[];

  constructor(scenario: Scenario, groupName: string) {
    this.#segments = timedPhases(scenario)
      .map(({ phase, startUs, endUs }) => ({
        startUs,
        durationUs: endUs - startUs,
        ...loadOf(phase, groupName),
      }))
      .filter(({ from, to }) => from > 0 || to > 0);
    this.curve = loadCurve(this.#segments);
  }

  /** The first time from `atUs` on at which the group has load; Infinity when it never has again. */
  activeFromUs(atUs: number): number {
    for (const { startUs, durationUs } of this.#segments) {
      if (atUs < startUs + durationUs) return Math.max(atUs, startUs);
    }
    return Number.POSITIVE_INFINITY;
  }
}
