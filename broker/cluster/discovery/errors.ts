/** The source of node names cannot be asked, or its options make no sense: one line, why and what to do. */
export class DiscoveryError extends Error {
  override readonly name = 'DiscoveryError';
  /** Stable: `BAD_CONFIG`, `STOPPED`, and per strategy `MCAST_…`, `DNS_…`, `ETCD_…`, `K8S_…`. */
  readonly code: string;

  constructor(code: string, message: string, options?: { cause: unknown }) {
    super(oneLine(message), options);
    this.code = code;
  }
}

/** What came from elsewhere may have many lines, or be very long. */
const LONGEST_MESSAGE = 500;

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= LONGEST_MESSAGE ? line : `${line.slice(0, LONGEST_MESSAGE - 1)}…`;
}

/** What an unknown thrown value says. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A connection that was tried to several addresses: an AggregateError, whose own message is empty.
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error.message;
}

/** The `code` that Node.js and gRPC put on their errors. */
export function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return String(error.code);
}
