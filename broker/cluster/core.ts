import { randomUUID } from 'node:crypto';
import {
  type Change,
  copyStore,
  type Entry,
  type Lease,
  type Store,
  StoreError,
  type Watch,
} from '../../store/mod.js';
import { CallError } from './calls.js';
import { Gate } from './gate.js';
import type { Role } from './hello.js';
import { DATABASE, MEMBERS, NODES, type NodeRecord, REPLICATED, RETAINED } from './keys.js';
import type { Replica, ReplicaChange } from './replica.js';
import type { WireOutcome, WireWrite } from './wire-write.js';
import { WriteBatcher } from './write-batcher.js';

/** How long the store keeps what a core has after it was heard of last. */
export const LEASE_MS = 10_000;
/**
 * A replicant's lease is renewed by the core it follows, which may stop doing so while the replicant is well: time
 * to notice that, and to find another core. A replicant that is gone is told of by its core, not by its lease.
 */
export const REPLICANT_LEASE_MS = 2 * LEASE_MS;
const RETRY_MS = 500;

/** A node that has entered at this core. */
interface Entered {
  guid: string;
  role: Role;
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
  /** Topics that the node holds a retained message of, from wherever. */
  retainedTopics(): Iterable<string>;
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
  readonly #replica: Replica;
  readonly #owner: CoreOwner;
  /** Everything that reads or writes the store passes it: `moveTo` exchanges the store. */
  readonly #gate = new Gate();
  #store: Store;
  #batcher: WriteBatcher;
  #databaseId = '';
  #leases = new Map<string, Entered>();
  #watches: Watch[] = [];
  #closed = false;

  constructor(store: Store, replica: Replica, owner: CoreOwner) {
    this.#store = store;
    this.#replica = replica;
    this.#owner = owner;
    this.#batcher = new WriteBatcher(store);
  }

  /** Which database it is, wherever it is moved to. */
  get databaseId(): string {
    return this.#databaseId;
  }

  /** Resolves when the replica is complete. What the nodes that `keeps` names have stays until they have announced it here. */
  async start(keeps: (node: string) => boolean = () => false): Promise<void> {
    this.#databaseId = await this.#identify();
    await this.#read(() => this.#owner.reread(), keeps);
  }

  /** Reads the store and follows it. `reread`: what the replica has may be other than before. */
  async #read(reread: () => void, keeps?: (node: string) => boolean): Promise<void> {
    let first = true;
    await this.#follow(
      REPLICATED,
      (entries) => {
        const snapshot = entries.map(({ key, value }) => [key, value.toString()] as const);
        this.#replica.reset(snapshot, first ? keeps : undefined);
        if (first) reread();
        else this.#owner.reread();
        first = false;
      },
      (changes) => {
        const list = changes.map(({ key, value }) => [key, value?.toString()] as const);
        for (const change of list) this.#replica.apply(change);
        this.#owner.changed(list);
      },
    );
    const known = new Set(this.#owner.retainedTopics());
    await this.#follow(
      RETAINED,
      (entries) => {
        const gone = new Set(known);
        for (const { key, value } of entries) {
          const topic = key.slice(RETAINED.length);
          gone.delete(topic);
          known.add(topic);
          this.#owner.retained(topic, value.toString());
        }
        for (const topic of gone) {
          known.delete(topic);
          this.#owner.retained(topic, undefined);
        }
      },
      (changes) => {
        for (const { key, value } of changes) {
          const topic = key.slice(RETAINED.length);
          if (value === undefined) known.delete(topic);
          else known.add(topic);
          this.#owner.retained(topic, value?.toString());
        }
      },
    );
  }

  /**
   * A node is up from now on: a lease and its record. What an earlier start of it had goes at once; what this
   * start had, when it has `announced` what it has now: others go on sending to it meanwhile.
   */
  enter(name: string, record: NodeRecord): Promise<void> {
    return this.#gate.pass(() => this.#enter(name, record));
  }

  async #enter(name: string, record: NodeRecord): Promise<void> {
    const before = this.#leases.get(name);
    const isSameStart = before?.guid === record.guid;
    if (!isSameStart) {
      this.#leases.delete(name);
      await revokeAll(before);
    }
    const { guid, role } = record;
    const lease = await this.#lease(name, role, this.#store);
    const former = isSameStart ? [...before.former, before.lease] : [];
    this.#leases.set(name, { guid, role, lease, former });
    const writes: WireWrite[] = [['put', `${NODES}${name}`, JSON.stringify(record)]];
    // A core belongs to the cluster also while it is down; a replicant is there or not.
    if (record.role === 'core' && !this.#replica.members.has(name)) {
      const member = { role: record.role, since: Number.parseInt(record.guid.slice(0, 12), 16) };
      writes.push(['keep', `${MEMBERS}${name}`, JSON.stringify(member)]);
    }
    await this.#write(name, writes);
  }

  /** The node has written all that it has: what it had before and did not write again goes. */
  announced(name: string): Promise<void> {
    return this.#gate.pass(async () => {
      const former = this.#leases.get(name)?.former.splice(0) ?? [];
      await Promise.all(former.map((lease) => lease.revoke()));
    });
  }

  /** The node is gone for sure, whichever core it entered at: what it had goes at once. */
  expel(name: string, guid: string): Promise<void> {
    return this.#gate.pass(() => this.#expel(name, guid));
  }

  async #expel(name: string, guid: string): Promise<void> {
    const key = `${NODES}${name}`;
    const { entries } = await this.#store.read(key);
    const entry = entries.find((other) => other.key === key);
    if (entry?.lease === undefined) return;
    if ((JSON.parse(entry.value.toString()) as NodeRecord).guid !== guid) return;
    const { former = [] } = this.#leases.get(name) ?? {};
    this.#leases.delete(name);
    await this.#store.revoke(entry.lease);
    await Promise.all(former.map((lease) => lease.revoke()));
  }

  /** Takes a node out of the cluster for good; false if it does not belong to it. */
  remove(name: string): Promise<boolean> {
    return this.#gate.pass(async () => {
      const record = this.#replica.nodes.get(name)?.record;
      const isMember = this.#replica.members.has(name);
      if (record !== undefined) await this.#expel(name, record.guid);
      if (isMember) await this.#batcher.write({ operations: [{ delete: `${MEMBERS}${name}` }] });
      return isMember || record !== undefined;
    });
  }

  /** The lease of the node's latest entering here, as this start of it. */
  leaseOf(name: string, guid: string): string | undefined {
    const entered = this.#leases.get(name);
    return entered?.guid === guid ? entered.lease.id : undefined;
  }

  /** The node is gone: what it had goes at once. */
  leave(name: string): Promise<void> {
    return this.#gate.pass(async () => {
      const entered = this.#leases.get(name);
      this.#leases.delete(name);
      await revokeAll(entered);
    });
  }

  /** @throws CallError NOT_ENTERED; StoreError */
  write(name: string, writes: readonly WireWrite[]): Promise<WireOutcome[]> {
    return this.#gate.pass(() => this.#write(name, writes));
  }

  async #write(name: string, writes: readonly WireWrite[]): Promise<WireOutcome[]> {
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

  /**
   * Goes on in another, empty store with all that is in this one, each node's share on a lease of its own there
   * as here. Writes wait meanwhile; nobody has to enter again, and followers notice nothing.
   * The store must have no other core: what that one writes meanwhile is lost. What it throws (StoreError) leaves
   * everything as it was, save that the other store may not be empty any more.
   */
  moveTo(store: Store): Promise<void> {
    return this.#gate.exchange(async () => {
      const leases = new Map<string, string>();
      const moved = new Map<string, Entered>();
      const fresh: Lease[] = [];
      const leaseLike = async (name: string, role: Role, old: Lease): Promise<Lease> => {
        const lease = await this.#lease(name, role, store);
        fresh.push(lease);
        leases.set(old.id, lease.id);
        return lease;
      };
      try {
        for (const [name, { guid, role, lease, former }] of this.#leases) {
          const own = await leaseLike(name, role, lease);
          const others: Lease[] = [];
          for (const old of former) others.push(await leaseLike(name, role, old));
          moved.set(name, { guid, role, lease: own, former: others });
        }
        await copyStore(this.#store, store, leases);
      } catch (error) {
        await Promise.allSettled(fresh.map((lease) => lease.revoke()));
        throw error;
      }
      this.#unwatch();
      this.#store = store;
      this.#batcher = new WriteBatcher(store);
      this.#leases = moved;
      // All the same as before: followers have it.
      await this.#read(() => {});
    });
  }

  /** What is there under this key. */
  async #standing(key: string): Promise<WireOutcome> {
    const { entries } = await this.#store.read(key);
    return entries.find((entry) => entry.key === key)?.value.toString() ?? null;
  }

  /**
   * Node `own` leaves. What the replicants have stays for as long as a lease: they are up, and enter elsewhere
   * meanwhile.
   */
  async close(own: string): Promise<void> {
    this.#closed = true;
    this.#unwatch();
    const entered = this.#leases.get(own);
    this.#leases.delete(own);
    for (const { lease, former } of this.#leases.values()) {
      // Or they would end with the store.
      for (const each of [lease, ...former]) each.letGo();
    }
    this.#leases.clear();
    await revokeAll(entered).catch(() => undefined);
  }

  #unwatch(): void {
    for (const watch of this.#watches) watch.close();
    this.#watches = [];
  }

  async #lease(name: string, role: Role, store: Store): Promise<Lease> {
    const lease = await store.lease(role === 'core' ? LEASE_MS : REPLICANT_LEASE_MS, () => {
      if (this.#leases.get(name)?.lease !== lease) return;
      this.#leases.delete(name);
      this.#owner.leaseLost(name);
    });
    return lease;
  }

  /** The first core names it. */
  async #identify(): Promise<string> {
    const value = Buffer.from(randomUUID());
    const name = { when: [{ key: DATABASE, revision: 0 }], operations: [{ put: DATABASE, value }] };
    await this.#untilAnswered(() => this.#store.commit([name]));
    const { entries } = await this.#untilAnswered(() => this.#store.read(DATABASE));
    return entries.find(({ key }) => key === DATABASE)?.value.toString() ?? '';
  }

  async #follow(
    prefix: string,
    reset: (entries: readonly Entry[]) => void,
    changed: (changes: readonly Change[]) => void,
  ): Promise<void> {
    const { revision, entries } = await this.#untilAnswered(() => this.#store.read(prefix));
    reset(entries);
    const watch = this.#store.watch(prefix, revision + 1, {
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

  async #untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
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
