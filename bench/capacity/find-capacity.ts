import { type IntervalRow, type RunRecord, scenarioReached } from '../../results/mod.js';
import { type CapacityStep, capacityStep } from './capacity-record.js';
import { type Answer, decide, type SearchOptions } from './search.js';
import { judgeStep } from './step-verdict.js';

/** One step as it was run: its record, the rows of its `intervals.csv`, and what its folder is called. */
export interface MeasuredStep {
  readonly run: string;
  readonly record: RunRecord;
  readonly rows: readonly IntervalRow[];
}

export interface CapacityRequest {
  readonly search: SearchOptions;
  /** Runs step `number`, counted from 1; undefined if it was interrupted before there was a record. */
  readonly measure: (load: number, number: number) => Promise<MeasuredStep | undefined>;
  /** Called after each step, also one that is the last because nothing connected. */
  readonly onStep: (step: CapacityStep) => Promise<void> | void;
}

export interface CapacityResult {
  readonly state: 'finished' | 'interrupted' | 'unreached';
  readonly answer: Answer | null;
}

/** Runs steps until the search has its answer, or a step cannot be one. Throws what `measure` throws. */
export async function findCapacity(request: CapacityRequest): Promise<CapacityResult> {
  const steps: CapacityStep[] = [];
  for (;;) {
    const decision = decide(request.search, steps);
    if (decision.kind === 'answer') return { state: 'finished', answer: decision.answer };
    const measured = await request.measure(decision.load, steps.length + 1);
    if (measured === undefined) return { state: 'interrupted', answer: null };
    const { run, record, rows } = measured;
    if (record.state === 'interrupted') return { state: 'interrupted', answer: null };
    const step = capacityStep(run, decision.load, record, rows, judgeStep(record, rows));
    steps.push(step);
    await request.onStep(step);
    // Devices connect before there is load: it is not load that keeps them out.
    if (!scenarioReached(record)) return { state: 'unreached', answer: null };
  }
}
