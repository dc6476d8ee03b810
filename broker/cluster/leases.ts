import type { Lease, Store } from '../../store/mod.js';
import type { Role } from './hello.js';

/** How long the store keeps what a core has after it was heard of last. */
export const LEASE_MS = 10_000;
/**
 * A replicant's lease is renewed by the core it follows, which may stop doing so while the replicant is well: time
 * to notice that, and to find another core. A replicant that is gone is told of by its core, not by its lease.
 */
export const REPLICANT_LEASE_MS = 2 * LEASE_MS;

/** A node that has entered at this core. */
interface Entered {
  guid: string;
  role: Role;
  lease: Lease;
  /** Of the same start of the node, kept until it has announced everything again. */
  former: Lease[];
}

/** Leases in another store, one for each that there is here. */
export interface LeasesMove {
  /** Those there by the ids of those here. */
  readonly ids: ReadonlyMap<string, string>;
  /** From now on these are the nodes' leases; those here are left as they are. */
  take(): void;
  undo(): Promise<void>;
}

/** The leases of the nodes that have entered at a core, by their names. */
export class Leases {
  readonly #lost: (node: string) => void;
  #entered = new Map<string, Entered>();

  /** `lost`: the store does not know the node's lease any more. */
  constructor(lost: (node: string) => void) {
    this.#lost = lost;
  }

  /** The id of the node's latest lease; with `guid`, only if it is that start's. */
  idOf(name: string, guid?: string): string | undefined {
    const entered = this.#entered.get(name);
    return guid === undefined || entered?.guid === guid ? entered?.lease.id : undefined;
  }

  /** A lease for this start of a node. What an earlier start had is revoked; what this one had stays, as former. */
  async enter(store: Store, name: string, guid: string, role: Role): Promise<void> {
    const before = this.#entered.get(name);
    const isSameStart = before?.guid === guid;
    if (!isSameStart) {
      this.#entered.delete(name);
      await revokeAll(before);
    }
    const lease = await this.#grant(store, name, role);
    const former = isSameStart ? [...before.former, before.lease] : [];
    this.#entered.set(name, { guid, role, lease, former });
  }

  /** The node has on its latest lease all that it has. */
  async revokeFormer(name: string): Promise<void> {
    const former = this.#entered.get(name)?.former.splice(0) ?? [];
    await Promise.all(former.map((lease) => lease.revoke()));
  }

  async revoke(name: string): Promise<void> {
    await revokeAll(this.#take(name));
  }

  /** As `revoke`, where the store is asked to end the latest lease, which may be another core's. */
  async revokeById(store: Store, name: string, id: string): Promise<void> {
    const former = this.#take(name)?.former ?? [];
    await store.revoke(id);
    await Promise.all(former.map((lease) => lease.revoke()));
  }

  /** @throws StoreError; then nothing is there */
  async copyTo(store: Store): Promise<LeasesMove> {
    const ids = new Map<string, string>();
    const moved = new Map<string, Entered>();
    const fresh: Lease[] = [];
    const undo = async (): Promise<void> => {
      await Promise.allSettled(fresh.map((lease) => lease.revoke()));
    };
    const grantLike = async (name: string, role: Role, old: Lease): Promise<Lease> => {
      const lease = await this.#grant(store, name, role);
      fresh.push(lease);
      ids.set(old.id, lease.id);
      return lease;
    };
    try {
      for (const [name, { guid, role, lease, former }] of this.#entered) {
        const own = await grantLike(name, role, lease);
        const others: Lease[] = [];
        for (const old of former) others.push(await grantLike(name, role, old));
        moved.set(name, { guid, role, lease: own, former: others });
      }
    } catch (error) {
      await undo();
      throw error;
    }
    const take = (): void => {
      this.#entered = moved;
    };
    return { ids, take, undo };
  }

  /** Revokes the leases of node `own`; those of others stay for as long as they last, though the store is closed. */
  async close(own: string): Promise<void> {
    const entered = this.#take(own);
    for (const { lease, former } of this.#entered.values()) {
      for (const each of [lease, ...former]) each.letGo();
    }
    this.#entered.clear();
    await revokeAll(entered);
  }

  #take(name: string): Entered | undefined {
    const entered = this.#entered.get(name);
    this.#entered.delete(name);
    return entered;
  }

  async #grant(store: Store, name: string, role: Role): Promise<Lease> {
    const lease = await store.lease(role === 'core' ? LEASE_MS : REPLICANT_LEASE_MS, () => {
      if (this.#entered.get(name)?.lease !== lease) return;
      this.#entered.delete(name);
      this.#lost(name);
    });
    return lease;
  }
}

async function revokeAll(entered: Entered | undefined): Promise<void> {
  if (entered === undefined) return;
  await Promise.all([entered.lease, ...entered.former].map((lease) => lease.revoke()));
}
