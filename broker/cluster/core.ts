import {
  type Change,
  type Entry,
  type Lease,
  type Outcome,
  type Store,
  StoreError,
  type Watch,
} from '../../store/mod.js';
import { CallError } from './calls.js';
import { MEMBERS, NODES, type NodeRecord, REPLICATED, RETAINED } from './keys.js';
import type { Replica, ReplicaChange } from './replica.js';
import type { WireOutcome, WireWrite } from './wire-write.js';
import { WriteBatcher } from './write-batcher.js';

/** How long the store keeps what a node has after it was heard of last. */
export const LEASE_MS = 10_000;
const RETRY_MS = 500;

/** A node that has entered at this core. */
interface Entered {
  guid: string;
  lease: Lease;
  /** Of the same start of the node, kept until it has announced everything again. */
  former: Lease[];
}

/** Told what a core learns from its store. */
export interface CoreOwner {
  /** Changes of the replica, in the order of the store; applied already. */
  changed(changes: readonly ReplicaChange[]): void;
  /** The replica was read anew: followers must, too. */
  reread(): void;
  /** A retained message, packed and base64; undefined: gone. */
  retained(topic: string, value: string | undefined): void;
  /** The store does not know this node's lease any more: what it had there is gone. */
  leaseLost(node: string): void;
  /** Whether the store answers. */
  connected(connected: boolean, why: string): void;
}

/**
 * A core's side of the cluster database: reads it into the replica and follows it, and writes for its own
 * node and for the replicants that follow this core, each on a lease of its own.
 */
export class Core {
  readonly store: Store;
  readonly #replica: Replica;
  readonly #owner: CoreOwner;
  readonly #batcher: WriteBatcher;
  readonly #leases = new Map<string, Entered>();
  #watches: Watch[] = [];
  #closed = false;

  constructor(store: Store, replica: Replica, owner: CoreOwner) {
    this.store = store;
    this.#replica = replica;
    this.#owner = owner;
    this.#batcher = new WriteBatcher(store);
  }

  /** Resolves when the replica is complete. */
  async start(): Promise<void> {
    await this.#follow(
      REPLICATED,
      (entries) => {
        this.#replica.reset(entries.map(({ key, value }) => [key, value.toString()] as const));
        this.#owner.reread();
      },
      (changes) => {
        const list = changes.map(({ key, value }) => [key, value?.toString()] as const);
        for (const change of list) this.#replica.apply(change);
        this.#owner.changed(list);
      },
    );
    const known = new Set<string>();
    await this.#follow(
      RETAINED,
      (entries) => {
        const gone = new Set(known);
        for (const { key, value } of entries) {
          gone.delete(key);
          known.add(key);
          this.#owner.retained(key.slice(RETAINED.length), value.toString());
        }
        for (const key of gone) {
          known.delete(key);
          this.#owner.retained(key.slice(RETAINED.length), undefined);
        }
      },
      (changes) => {
        for (const { key, value } of changes) {
          if (value === undefined) known.delete(key);
          else known.add(key);
          this.#owner.retained(key.slice(RETAINED.length), value?.toString());
        }
      },
    );
  }

  /**
   * A node is up from now on: a lease and its record. What an earlier start of it had goes at once; what this
   * start had, when it has `announced` what it has now: others go on sending to it meanwhile.
   */
  async enter(name: string, record: NodeRecord): Promise<void> {
    const before = this.#leases.get(name);
    const isSameStart = before?.guid === record.guid;
    if (!isSameStart) {
      this.#leases.delete(name);
      await revokeAll(before);
    }
    const lease = await this.store.lease(LEASE_MS, () => {
      if (this.#leases.get(name)?.lease !== lease) return;
      this.#leases.delete(name);
      this.#owner.leaseLost(name);
    });
    const former = isSameStart ? [...before.former, before.lease] : [];
    this.#leases.set(name, { guid: record.guid, lease, former });
    const writes: WireWrite[] = [['put', `${NODES}${name}`, JSON.stringify(record)]];
    // A core belongs to the cluster also while it is down; a replicant is there or not.
    if (record.role === 'core' && !this.#replica.members.has(name)) {
      const member = { role: record.role, since: Number.parseInt(record.guid.slice(0, 12), 16) };
      writes.push(['keep', `${MEMBERS}${name}`, JSON.stringify(member)]);
    }
    await this.write(name, writes);
  }

  /** The node has written all that it has: what it had before and did not write again goes. */
  async announced(name: string): Promise<void> {
    const former = this.#leases.get(name)?.former.splice(0) ?? [];
    await Promise.all(former.map((lease) => lease.revoke()));
  }

  /** The node is gone for sure, whichever core it entered at: what it had goes at once. */
  async expel(name: string, guid: string): Promise<void> {
    const key = `${NODES}${name}`;
    const { entries } = await this.store.read(key);
    const entry = entries.find((other) => other.key === key);
    if (entry?.lease === undefined) return;
    if ((JSON.parse(entry.value.toString()) as NodeRecord).guid !== guid) return;
    const { former = [] } = this.#leases.get(name) ?? {};
    this.#leases.delete(name);
    await this.store.revoke(entry.lease);
    await Promise.all(former.map((lease) => lease.revoke()));
  }

  /** Takes a node out of the cluster for good; false if it does not belong to it. */
  async remove(name: string): Promise<boolean> {
    const record = this.#replica.nodes.get(name)?.record;
    const isMember = this.#replica.members.has(name);
    if (record !== undefined) await this.expel(name, record.guid);
    if (isMember) await this.#batcher.write({ operations: [{ delete: `${MEMBERS}${name}` }] });
    return isMember || record !== undefined;
  }

  /** The lease of the node's latest entering here, as this start of it. */
  leaseOf(name: string, guid: string): string | undefined {
    const entered = this.#leases.get(name);
    return entered?.guid === guid ? entered.lease.id : undefined;
  }

  /** The node is gone: what it had goes at once. */
  async leave(name: string): Promise<void> {
    const entered = this.#leases.get(name);
    this.#leases.delete(name);
    await revokeAll(entered);
  }

  /** @throws CallError NOT_ENTERED; StoreError */
  async write(name: string, writes: readonly WireWrite[]): Promise<WireOutcome[]> {
    const lease = this.#leases.get(name)?.lease.id;
    if (lease === undefined) {
      throw new CallError('NOT_ENTERED', `'${name}' has not entered the cluster at this core`);
    }
    return Promise.all(
      writes.map(async (write) => {
        const outcome = await this.#batcher.write(storeWrite(write, lease));
        const [before] = outcome.previous;
        if (write[0] === 'add' || write[0] === 'renew') {
          return outcome.done ? null : this.#standing(write[1]);
        }
        return before?.value.toString() ?? null;
      }),
    );
  }

  /** Writes that no node's lease carries. */
  commit(write: Parameters<WriteBatcher['write']>[0]): Promise<Outcome> {
    return this.#batcher.write(write);
  }

  /** What is there under this key. */
  async #standing(key: string): Promise<WireOutcome> {
    const { entries } = await this.store.read(key);
    return entries.find((entry) => entry.key === key)?.value.toString() ?? null;
  }

  /**
   * Node `own` leaves. What the replicants have stays for as long as a lease: they are up, and enter elsewhere
   * meanwhile.
   */
  async close(own: string): Promise<void> {
    this.#closed = true;
    for (const watch of this.#watches) watch.close();
    this.#watches = [];
    const entered = this.#leases.get(own);
    this.#leases.clear();
    await revokeAll(entered).catch(() => undefined);
  }

  async #follow(
    prefix: string,
    reset: (entries: readonly Entry[]) => void,
    changed: (changes: readonly Change[]) => void,
  ): Promise<void> {
    const { revision, entries } = await this.#read(prefix);
    reset(entries);
    const watch = this.store.watch(prefix, revision + 1, {
      changes: changed,
      compacted: () => {
        this.#watches = this.#watches.filter((other) => other !== watch);
        if (!this.#closed) void this.#follow(prefix, reset, changed);
      },
      connected: (connected) => {
        this.#owner.connected(connected, 'the watch of the cluster database is interrupted');
      },
    });
    this.#watches.push(watch);
  }

  async #read(prefix: string): ReturnType<Store['read']> {
    for (;;) {
      try {
        return await this.store.read(prefix);
      } catch (error) {
        if (!(error instanceof StoreError) || error.code !== 'UNAVAILABLE' || this.#closed) {
          throw error;
        }
        this.#owner.connected(false, error.message);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}

async function revokeAll(entered: Entered | undefined): Promise<void> {
  if (entered === undefined) return;
  await Promise.all([entered.lease, ...entered.former].map((lease) => lease.revoke()));
}

function storeWrite(write: WireWrite, lease: string): Parameters<WriteBatcher['write']>[0] {
  const [kind, key, value] = write;
  switch (kind) {
    case 'put':
      return { operations: [{ put: key, value: Buffer.from(value), lease }] };
    case 'add':
      return {
        when: [{ key, revision: 0 }],
        operations: [{ put: key, value: Buffer.from(value), lease }],
      };
    case 'renew':
      return {
        when: [{ key, value: Buffer.from(value) }],
        operations: [{ put: key, value: Buffer.from(value), lease }],
      };
    case 'keep':
      return { operations: [{ put: key, value: Buffer.from(value) }] };
    case 'delete':
      return value === undefined
        ? { operations: [{ delete: key }] }
        : { when: [{ key, value: Buffer.from(value) }], operations: [{ delete: key }] };
  }
}
