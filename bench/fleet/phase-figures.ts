import type { PhaseRecord } from '../../results/mod.js';
import { isRunning, type Phase, type RunningPhase } from '../scenario/mod.js';

/** What the record says of a phase besides its name and its time. */
export function phaseFigures(phase: Phase): Pick<PhaseRecord, 'load' | 'shape' | 'measured'> {
  if (!isRunning(phase)) return { load: null, measured: false };
  const shape = shapeText(phase);
  return {
    load: loadFigure(phase.load),
    ...(shape === undefined ? {} : { shape }),
    measured: phase.measure,
  };
}

function loadFigure(load: RunningPhase['load']): PhaseRecord['load'] {
  const factor = ({ from, to }: { from: number; to: number }): number | [number, number] =>
    from === to ? from : [from, to];
  if (load.kind === 'all') return factor(load.line);
  return Object.fromEntries(Object.entries(load.lines).map(([name, line]) => [name, factor(line)]));
}

function shapeText(phase: RunningPhase): string | undefined {
  const seconds = (us: number) => `${us / 1_000_000} s`;
  const who = 'groups' in phase && phase.groups !== undefined ? phase.groups.join(', ') : 'all';
  switch (phase.kind) {
    case 'steady':
      return undefined;
    case 'step':
      return `${who}: load from ${phase.from} to ${phase.to} in ${phase.steps} steps`;
    case 'spike':
      return `${who}: load ${phase.peak} from ${seconds(phase.atUs)} on for ${seconds(phase.widthUs)}`;
    case 'sine':
      return `${who}: load between ${phase.low} and ${phase.high}, period ${seconds(phase.periodUs)}`;
    case 'churn':
      return `${who}: ${phase.ratePerSec} cycles/s of a share of ${phase.share}, ${seconds(phase.offlineUs)} offline`;
    case 'storm':
      return `${who}: a share of ${phase.share} loses its connections within ${seconds(phase.withinUs)}`;
  }
}
