/**
 * Why the store did not do what was asked.
 * - `UNAVAILABLE`: no answer; a write may or may not have happened
 * - `FULL`: it has no room for more
 * - `DENIED`: it does not take these credentials
 * - `LEASE_GONE`: there is no such lease any more; nothing of the write happened
 * - `BAD_CONFIG`: it cannot be started or reached as configured
 */
export type StoreErrorCode = 'UNAVAILABLE' | 'FULL' | 'DENIED' | 'LEASE_GONE' | 'BAD_CONFIG';

/** One line that says what happened and what to do. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}
