/** The cluster cannot do what was asked; one line that says why and what to do. */
export class ClusterError extends Error {
  /** `NODE_DOWN`, `ALREADY_IN_CLUSTER`, `REPLICANT`, `NOT_IN_CLUSTER`, `NO_STORE`, … */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClusterError';
    this.code = code;
  }
}
