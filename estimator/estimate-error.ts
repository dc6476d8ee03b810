/**
 * - `DEMAND_INVALID` the demand file cannot be understood, or asks for what cannot be
 * - `NO_PROBE` a run has no CPU and memory of its target
 * - `RUNS_UNSUITABLE` runs that cannot be fitted together, or be checked against
 * - `TOO_FEW_SAMPLES` the runs are too short to fit costs
 * - `NOT_MEASURED` the demand needs a cost that these runs do not tell
 * - `NODE_TOO_SMALL` a node is full before it has carried anything
 */
export type EstimateErrorCode =
  | 'DEMAND_INVALID'
  | 'NO_PROBE'
  | 'RUNS_UNSUITABLE'
  | 'TOO_FEW_SAMPLES'
  | 'NOT_MEASURED'
  | 'NODE_TOO_SMALL';

/** An estimate that cannot be given. The message says what, where and what to do next. */
export class EstimateError extends Error {
  readonly code: EstimateErrorCode;

  constructor(code: EstimateErrorCode, message: string) {
    super(message);
    this.name = 'EstimateError';
    this.code = code;
  }
}
