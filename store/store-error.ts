import type { Outcome } from './store.js';

/**
 * Why the store did not do what was asked.
 * - `UNAVAILABLE`: no answer; a write may or may not have happened
 * - `FULL`: it has no room for more; a write may or may not have happened
 * - `DENIED`: it does not take these credentials
 * - `LEASE_GONE`: there is no such lease any more; nothing of the write happened
 * - `BAD_CONFIG`: it cannot be started or reached as configured
 * - `DAMAGED`: the file behind the embedded engine does not hold what was written to it
 */
export type StoreErrorCode =
  | 'UNAVAILABLE'
  | 'FULL'
  | 'DENIED'
  | 'LEASE_GONE'
  | 'BAD_CONFIG'
  | 'DAMAGED';

export interface StoreErrorOptions extends ErrorOptions {
  outcomes?: readonly (Outcome | undefined)[];
}

/** One line that says what happened and what to do. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  /**
   * Of a commit of several writes: what became of each. undefined: with LEASE_GONE, nothing of this write
   * happened; with the other codes that is not known.
   */
  readonly outcomes: readonly (Outcome | undefined)[] | undefined;

  constructor(code: StoreErrorCode, message: string, options: StoreErrorOptions = {}) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
    this.outcomes = options.outcomes;
  }
}
