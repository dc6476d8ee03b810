/** The search for the highest load that a target carries. */

export {
  CAPACITY_SCHEMA,
  type CapacityRecord,
  type CapacityStep,
} from './capacity-record.js';
export {
  type CapacityRequest,
  type CapacityResult,
  findCapacity,
  type MeasuredStep,
} from './find-capacity.js';
export { type Answer, CONFIDENCE, type SearchOptions, type StepOutcome } from './search.js';
export {
  NoLoadError,
  publishesAtLoadOne,
  type StepDurations,
  stepScenario,
} from './step-scenario.js';
export { judgeStep, type StepVerdict } from './step-verdict.js';
