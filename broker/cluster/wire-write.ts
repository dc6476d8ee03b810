/**
 * What a node asks a core to write, as JSON; all of it on the node's lease unless it says otherwise.
 * - `put`: whatever was there; answers with what was there
 * - `add`: only if nothing is there; answers with what is there, null if it was added
 * - `renew`: what is there already, from an earlier lease of the node's onto its lease now; answers null if it was,
 *   with what is there instead if not
 * - `keep`: put without a lease
 * - `delete`: with a value, only if that is there
 */
export type WireWrite =
  | readonly ['put', key: string, value: string]
  | readonly ['add', key: string, value: string]
  | readonly ['renew', key: string, value: string]
  | readonly ['keep', key: string, value: string]
  | readonly ['delete', key: string, value?: string];

/** What was there before (see WireWrite), null for nothing. */
export type WireOutcome = string | null;
