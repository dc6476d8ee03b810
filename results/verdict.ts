import type { RunRecord, Verdict } from './run-record.js';
import { judgeAchieved } from './verdict/achieved-load.js';
import { judgeClockError, judgeClocks } from './verdict/clocks.js';
import { judgeCompleteness } from './verdict/completeness.js';
import { judgeDeliveries } from './verdict/deliveries.js';
import { type Finding, isReason, isSilence } from './verdict/finding.js';
import { judgeGarbageCollection } from './verdict/garbage-collection.js';
import { judgeLoop } from './verdict/generator-loop.js';
import { judgeLittlesLaw } from './verdict/littles-law.js';
import { judgeProbes } from './verdict/probes.js';
import { judgeReached } from './verdict/scenario-reached.js';
import { judgeLag } from './verdict/send-lag.js';
import { judgeShards } from './verdict/shards.js';
import { judgeSteadyState } from './verdict/steady-state.js';
import { judgeThreads } from './verdict/threads.js';

export { generatorLate } from './verdict/generator-loop.js';
export { scenarioReached } from './verdict/scenario-reached.js';

/** Reasons that say the generator was too slow: then the target carries at least the measured load. */
export const GENERATOR_FAULTS: ReadonlySet<string> = new Set([
  'GENERATOR_BUSY',
  'GENERATOR_LATE',
  'LOAD_NOT_ACHIEVED',
  'REPORTS_MISSING',
]);

/** The checks, in the order their reasons are given within one severity. */
const CHECKS: readonly ((record: RunRecord) => Finding[])[] = [
  judgeCompleteness,
  judgeReached,
  judgeLoop,
  judgeThreads,
  judgeLag,
  judgeAchieved,
  judgeShards,
  judgeClocks,
  judgeClockError,
  judgeLittlesLaw,
  judgeSteadyState,
  judgeGarbageCollection,
  judgeDeliveries,
  judgeProbes,
];

const RANK = { note: 0, suspect: 1, invalid: 2 } as const;

/**
 * Judges a run by its record alone, so that any reader can judge again. Only whether the figures can be
 * trusted: loss, duplicates, wrong order and errors are results about the target. Notes do not change the
 * state; a check that lacks what it needs is named in `silent` and claims nothing.
 */
export function judge(record: RunRecord): Verdict {
  const findings = CHECKS.flatMap((check) => check(record));
  const silent = findings.filter(isSilence);
  const reasons = findings.filter(isReason);
  reasons.sort((a, b) => RANK[b.severity] - RANK[a.severity]);
  const worst = reasons[0]?.severity ?? 'note';
  return { state: worst === 'note' ? 'valid' : worst, reasons, silent };
}
