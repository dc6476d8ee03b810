import { type LoadSegment, sine, spike, staircase } from '../schedule/mod.js';
import type { LoadLine, Phase, RunningPhase } from './phase-schema.js';

/**
 * The load of a group over a phase, as stretches from the phase's start; none where nothing is
 * sent. A phase with a shape gives it to the groups that it names (all, if it names none); the
 * others keep to its `load`.
 */
export function loadSegments(phase: Phase, groupName: string): LoadSegment[] {
  if (!isRunning(phase)) return [];
  const { durationUs } = phase;
  const line = loadLine(phase, groupName);
  if (isAbout(phase, groupName)) {
    switch (phase.kind) {
      case 'step':
        return staircase(durationUs, phase.from, phase.to, phase.steps);
      case 'spike':
        return spike(durationUs, line, phase.atUs, phase.widthUs, phase.peak);
      case 'sine':
        return sine(durationUs, phase.low, phase.high, phase.periodUs);
    }
  }
  return [{ startUs: 0, durationUs, ...line }];
}

/** Whether a phase that names groups names this one, or names none. */
export function isAbout(phase: RunningPhase, groupName: string): boolean {
  return !('groups' in phase) || phase.groups === undefined || phase.groups.includes(groupName);
}

function loadLine(phase: RunningPhase, groupName: string): LoadLine {
  if (phase.load.kind === 'all') return phase.load.line;
  return phase.load.lines[groupName] ?? NO_LOAD;
}

const NO_LOAD: LoadLine = { from: 0, to: 0 };

/** The streams run in it. */
export function isRunning(phase: Phase): phase is RunningPhase {
  return phase.kind !== 'ramp' && phase.kind !== 'drain';
}
