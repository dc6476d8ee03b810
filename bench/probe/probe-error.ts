/** `INVALID`: what was asked for makes no sense; `NO_ANSWER`: an endpoint does not give what it should. */
export type ProbeErrorCode =
  | 'NO_SUCH_PROCESS'
  | 'NO_LISTENER'
  | 'NOT_READABLE'
  | 'NO_PROC'
  | 'NO_ANSWER'
  | 'INVALID';

/** A process that cannot be probed: one line on which and why. */
export class ProbeError extends Error {
  readonly code: ProbeErrorCode;

  constructor(code: ProbeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ProbeError';
    this.code = code;
  }
}
