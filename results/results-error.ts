export type ResultsErrorCode =
  | 'RECORD_EXISTS'
  | 'RECORD_NOT_FOUND'
  | 'RECORD_DAMAGED'
  | 'RECORD_FOREIGN'
  | 'RECORD_NOT_WRITABLE'
  | 'RECORD_ENDED'
  | 'HISTOGRAM_MISMATCH'
  | 'OBJECTIVE_INVALID';

/** What went wrong with a run record or with what is read from it: one line, stable `code`. */
export class ResultsError extends Error {
  readonly code: ResultsErrorCode;

  constructor(code: ResultsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ResultsError';
    this.code = code;
  }
}
