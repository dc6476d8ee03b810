export type ProbeErrorCode = 'NO_SUCH_PROCESS' | 'NO_LISTENER' | 'NOT_READABLE' | 'NO_PROC';

/** A process that cannot be probed: one line on which and why. */
export class ProbeError extends Error {
  readonly code: ProbeErrorCode;

  constructor(code: ProbeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ProbeError';
    this.code = code;
  }
}
