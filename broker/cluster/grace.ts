import { LEASE_MS } from './leases.js';
import type { Replica } from './replica.js';

/**
 * The time in which nodes still announce to another database what they have: what the copy keeps of theirs beyond
 * that is gone.
 */
export class Grace {
  readonly #replica: Replica;
  #timer: NodeJS.Timeout | undefined;

  constructor(replica: Replica) {
    this.#replica = replica;
  }

  get isOn(): boolean {
    return this.#timer !== undefined;
  }

  /** Begins, or begins anew. */
  begin(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#replica.dropUnconfirmed();
    }, LEASE_MS).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
