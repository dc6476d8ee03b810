import { loadSegments } from '../scenario/phase-load.js';
import type { Phase } from '../scenario/phase-schema.js';
import type { Scenario } from '../scenario/schema.js';
import { type LoadCurve, type LoadSegment, loadCurve } from '../schedule/mod.js';

/** A phase with its place in time, µs since publishing began. */
export interface TimedPhase {
  phase: Exclude<Phase, { kind: 'ramp' }>;
  startUs: number;
  endUs: number;
}

/** What a scenario without a drain of its own gets: what is under way at the end is not lost. */
const DRAIN: TimedPhase['phase'] = { name: 'drain', kind: 'drain', durationUs: 5_000_000 };

/** The phases after the ramp, one after the other from 0. */
export function timedPhases(scenario: Scenario): TimedPhase[] {
  const timed: TimedPhase[] = [];
  let atUs = 0;
  const last = scenario.phases.at(-1)?.kind;
  const phases = last === 'drain' ? scenario.phases : [...scenario.phases, DRAIN];
  for (const phase of phases) {
    if (phase.kind === 'ramp') continue;
    timed.push({ phase, startUs: atUs, endUs: atUs + phase.durationUs });
    atUs += phase.durationUs;
  }
  return timed;
}

/** Messages that the scenario sends in all; Infinity unless every stream has a limit. */
export function totalLimit(scenario: Scenario): number {
  const streams = scenario.groups.flatMap((group) => group.publish);
  if (streams.length === 0 || streams.some(({ limit }) => limit === 0)) {
    return Number.POSITIVE_INFINITY;
  }
  return streams.reduce((sum, { limit }) => sum + limit, 0);
}

/** When one group has load, and how much. */
export class GroupLoad {
  readonly curve: LoadCurve;
  readonly #segments: readonly LoadSegment[];

  constructor(scenario: Scenario, groupName: string) {
    this.#segments = timedPhases(scenario)
      .flatMap(({ phase, startUs }) =>
        loadSegments(phase, groupName).map((segment) => ({
          ...segment,
          startUs: startUs + segment.startUs,
        })),
      )
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
