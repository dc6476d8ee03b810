import type { Message } from '../routing/mod.js';

/** Whose client identifiers are in a cluster: one node at a time has each (§3.1.4 across nodes). */
export interface ClientRegistry {
  /**
   * Makes this node the owner. `done` comes later, never within the call, with the claim when the identifier is
   * this node's: what another node had of it is ended, or (without `cleanStart`) in this node's sessions;
   * without one when the cluster cannot be asked.
   */
  claim(
    clientId: string,
    cleanStart: boolean,
    done: (claim: string | undefined, nowMs: number) => void,
  ): void;
  /** A session that had this claim is over. */
  release(clientId: string, claim: string): void;
}

/** Where new subscribers find what is retained. */
export interface RetainedSource {
  /** `give` is called within the call or later, once. */
  match(
    filter: string,
    nowMs: number,
    give: (messages: readonly Message[], nowMs: number) => void,
  ): void;
}
