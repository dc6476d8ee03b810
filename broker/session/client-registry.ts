/** Whose client identifiers are in a cluster: one node at a time has each (§3.1.4 across nodes). */
export interface ClientRegistry {
  /**
   * Makes this node the owner. `done` comes later, never within the call: `owned` when the identifier is this
   * node's, whatever another node had of it ended or (without `cleanStart`) taken over into this node's sessions;
   * `refused` when the cluster cannot be asked.
   */
  claim(
    clientId: string,
    cleanStart: boolean,
    done: (outcome: 'owned' | 'refused', nowMs: number) => void,
  ): void;
  /** The session is over. */
  release(clientId: string): void;
}
