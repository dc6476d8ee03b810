/** The node cannot start or go on; one line that says why and what to do. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';
  /**
   * Stable: `ADDRESS_IN_USE`, `ADDRESS_REFUSED`, `LISTEN_FAILED`, `BAD_CONFIG`, `NODE_NAME_IN_USE`,
   * `CONTROL_FAILED`, `NOT_WELCOME`.
   */
  readonly code: string;

  constructor(code: string, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.code = code;
  }
}
