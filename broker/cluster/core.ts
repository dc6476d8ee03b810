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
import { NODES, type NodeRecord, REPLICATED, RETAINED } from './keys.js';
import type { Replica, ReplicaChange } from './replica.js';
import type { WireOutcome, WireWrite } from './wire-write.js';
import { WriteBatcher } from './write-batcher.js';

/** How long the store keeps what a node has after it was heard of last. */
export const LEASE_MS = 10_000;
const RETRY_MS = 500;

/** A node that entered the cluster at this core. */
interface Entered {
  guid: string;
  lease: Lease;
  /** Of entering before, with what has not been said again yet. */
  readonly former: Lease[];
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
  readonly #entered = new Map<string, Entered>();
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
   * A node is up from now on: a lease and its record. What an earlier start of it had goes at once; if it is the same
   * start that enters again, what it had stays until it has `announced` it.
   */
  async enter(name: string, record: NodeRecord): Promise<void> {
    const before = this.#entered.get(name);
    const isSame = before?.guid === record.guid;
    if (before !== undefined && !isSame) {
      this.#entered.delete(name);
      await revokeAll(before).catch(() => undefined);
    }
    const lease = await this.store.lease(LEASE_MS, () => {
      if (this.#entered.get(name)?.lease !== lease) return;
      this.#entered.delete(name);
      this.#owner.leaseLost(name);
    });
    const former = isSame ? [...before.former, before.lease] : [];
    this.#entered.set(name, { guid: record.guid, lease, former });
    await this.write(name, [['put', `${NODES}${name}`, JSON.stringify(record)]]);
  }

  /** The node has said again all that it has: what is left of before is out of date. */
  async announced(name: string): Promise<void> {
    const former = this.#entered.get(name)?.former.splice(0) ?? [];
    for (const lease of former) await lease.revoke();
  }

  /** The node is gone for sure, whichever core it entered at: what it had goes at once. */
  async expel(name: string, guid: string): Promise<void> {
    const key = `${NODES}${name}`;
    const { entries } = await this.store.read(key);
    const entry = entries.find((other) => other.key === key);
    if (entry?.lease === undefined) return;
    if ((JSON.parse(entry.value.toString()) as NodeRecord).guid !== guid) return;
    const entered = this.#entered.get(name);
    this.#entered.delete(name);
    await this.store.revoke(entry.lease);
    if (entered !== undefined) await revokeAll(entered);
  }

  /** Whether the node entered here, as this start of it. */
  has(name: string, guid: string): boolean {
    return this.#entered.get(name)?.guid === guid;
  }

  /** The node is gone: what it had goes at once. */
  async leave(name: string): Promise<void> {
    const entered = this.#entered.get(name);
    this.#entered.delete(name);
    if (entered !== undefined) await revokeAll(entered);
  }

  /** @throws CallError NOT_ENTERED; StoreError */
  async write(name: string, writes: readonly WireWrite[]): Promise<WireOutcome[]> {
    const lease = this.#entered.get(name)?.lease.id;
    if (lease === undefined) {
      throw new CallError('NOT_ENTERED', `'${name}' has not entered the cluster at this core`);
    }
    return Promise.all(
      writes.map(async (write) => {
        const outcome = await this.#batcher.write(storeWrite(write, lease));
        const [before] = outcome.previous;
        if (write[0] === 'add') return outcome.done ? null : this.#standing(write[1]);
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

  async close(): Promise<void> {
    this.#closed = true;
    for (const watch of this.#watches) watch.close();
    this.#watches = [];
    for (const entered of this.#entered.values()) await revokeAll(entered).catch(() => undefined);
    this.#entered.clear();
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

async function revokeAll({ lease, former }: Entered): Promise<void> {
  for (const each of [lease, ...former]) await each.revoke();
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
