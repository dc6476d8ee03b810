import {
  isRunning,
  keepsSession,
  type LoadLine,
  leavers,
  loadSegments,
  type Phase,
  plan,
  type RunningPhase,
  type Scenario,
} from '../scenario/mod.js';

/** How long the parts of one step last. */
export interface StepDurations {
  readonly settleUs: number;
  readonly measureUs: number;
  readonly drainUs: number;
}

/** A scenario that has no load to vary. */
export class NoLoadError extends Error {
  readonly code = 'NO_LOAD';

  constructor(scenario: string, why: string) {
    super(`scenario '${scenario}': ${why}`);
    this.name = 'NoLoadError';
  }
}

/**
 * The scenario as one step at `load`: its ramp, then settle, measure and drain. Load 1 is what its first
 * measured phase offers, whatever that divides between groups; limits on messages do not hold. If devices come and go
 * in that phase, they do so while a step settles and is measured, at the same rate whatever the load.
 * @throws NoLoadError
 */
export function stepScenario(scenario: Scenario, load: number, durations: StepDurations): Scenario {
  const base = measuredPhase(scenario);
  const lines = Object.fromEntries(
    scenario.groups.map(({ name }) => [name, constant(load * meanLoad(base, name))]),
  );
  const churn = base.kind === 'churn' ? base : undefined;
  const running = (name: string, durationUs: number, measure: boolean): Phase => {
    const part = { name, durationUs, load: { kind: 'byGroup' as const, lines }, measure };
    return churn === undefined ? { ...part, kind: 'steady' } : { ...churn, ...part };
  };
  const { settleUs, measureUs, drainUs } = durations;
  return {
    ...scenario,
    groups: scenario.groups.map((group) => ({
      ...group,
      publish: group.publish.map((stream) => ({ ...stream, limit: 0 })),
    })),
    phases: [
      ...scenario.phases.filter(({ kind }) => kind === 'ramp'),
      ...(settleUs > 0 ? [running('settle', settleUs, false)] : []),
      running('measure', measureUs, true),
      { name: 'drain', kind: 'drain', durationUs: drainUs },
    ],
  };
}

/** What load 1 of a step means: publishes a second over the whole fleet. @throws NoLoadError */
export function publishesAtLoadOne(scenario: Scenario): number {
  const base = measuredPhase(scenario);
  const { groups, saturates } = plan(scenario);
  if (saturates) {
    throw new NoLoadError(
      scenario.name,
      'a stream that saturates takes what it gets: give it arrivals of a rate (periodic, constant or poisson)',
    );
  }
  const perSec = groups.reduce((sum, { name, streams }) => {
    const own = streams.reduce((all, { publishesPerSec }) => all + (publishesPerSec ?? 0), 0);
    return sum + own * meanLoad(base, name);
  }, 0);
  if (perSec === 0) throw new NoLoadError(scenario.name, 'nobody publishes in its measured phase');
  return perSec;
}

function measuredPhase(scenario: Scenario): RunningPhase {
  const phase = scenario.phases.filter(isRunning).find(({ measure }) => measure);
  if (phase === undefined) throw new NoLoadError(scenario.name, 'it has no measured phase');
  if (phase.kind === 'storm') {
    const why = `its first measured phase, ${phase.name}, is a storm, which is a moment and carries no load for long`;
    throw new NoLoadError(scenario.name, `${why}: put a steady or churn phase before it`);
  }
  const leaving = leavers(scenario, phase);
  const deaf = scenario.groups.find(
    (group, g) => leaving?.of(g) && group.subscribe.length > 0 && !keepsSession(group),
  );
  if (deaf !== undefined) {
    const why = `devices of '${deaf.name}' come and go in phase ${phase.name} and keep no session, so what is sent to them is lost at any load`;
    throw new NoLoadError(
      scenario.name,
      `${why}: give them cleanStart: false (in MQTT 5 with a sessionExpiry)`,
    );
  }
  return phase;
}

/** Over the phase, whatever its shape. */
function meanLoad(phase: RunningPhase, groupName: string): number {
  const area = loadSegments(phase, groupName).reduce(
    (sum, { durationUs, from, to }) => sum + (durationUs * (from + to)) / 2,
    0,
  );
  return area / phase.durationUs;
}

function constant(load: number): LoadLine {
  return { from: load, to: load };
}
