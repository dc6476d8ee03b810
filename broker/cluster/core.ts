import { randomUUID } from 'node:crypto';
import { copyStore, type Store } from '../../store/mod.js';
import { CallError } from './calls.js';
import { Gate } from './gate.js';
import { DATABASE, MEMBERS, NODES, type NodeRecord, REPLICATED, RETAINED } from './keys.js';
import { Leases } from './leases.js';
import type { Replica, ReplicaChange } from './replica.js';
import { StoreView } from './store-view.js';
import type { WireOutcome, WireWrite } from './wire-write.js';
import { storeWrite, WriteBatcher } from './write-batcher.js';

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
  readonly #leases: Leases;
  #store: Store;
  #batcher: WriteBatcher;
  #view: StoreView;
  #databaseId = '';

  constructor(store: Store, replica: Replica, owner: CoreOwner) {
    this.#store = store;
    this.#replica = replica;
    this.#owner = owner;
    this.#leases = new Leases((name) => owner.leaseLost(name));
    this.#batcher = new WriteBatcher(store);
    this.#view = this.#viewOf(store);
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
    await this.#view.follow(REPLICATED, {
      read: (entries) => {
        const snapshot = entries.map(({ key, value }) => [key, value.toString()] as const);
        this.#replica.reset(snapshot, first ? keeps : undefined);
        if (first) reread();
        else this.#owner.reread();
        first = false;
      },
      changed: (changes) => {
        const list = changes.map(({ key, value }) => [key, value?.toString()] as const);
        for (const change of list) this.#replica.apply(change);
        this.#owner.changed(list);
      },
    });
    await this.#readRetained();
  }

  async #readRetained(): Promise<void> {
    const known = new Set(this.#owner.retainedTopics());
    const told = (key: string, value: string | undefined): void => {
      const topic = key.slice(RETAINED.length);
      if (value === undefined) known.delete(topic);
      else known.add(topic);
      this.#owner.retained(topic, value);
    };
    await this.#view.follow(RETAINED, {
      read: (entries) => {
        const gone = new Set(known);
        for (const { key, value } of entries) {
          gone.delete(key.slice(RETAINED.length));
          told(key, value.toString());
        }
        for (const topic of gone) told(`${RETAINED}${topic}`, undefined);
      },
      changed: (changes) => {
        for (const { key, value } of changes) told(key, value?.toString());
      },
    });
  }

  /**
   * A node is up from now on: a lease and its record. What an earlier start of it had goes at once; what this
   * start had, when it has `announced` what it has now: others go on sending to it meanwhile.
   */
  enter(name: string, record: NodeRecord): Promise<void> {
    return this.#gate.pass(() => this.#enter(name, record));
  }

  async #enter(name: string, record: NodeRecord): Promise<void> {
    await this.#leases.enter(this.#store, name, record.guid, record.role);
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
    return this.#gate.pass(() => this.#leases.revokeFormer(name));
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
    await this.#leases.revokeById(this.#store, name, entry.lease);
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
    return this.#leases.idOf(name, guid);
  }

  /** The node is gone: what it had goes at once. */
  leave(name: string): Promise<void> {
    return this.#gate.pass(() => this.#leases.revoke(name));
  }

  /** @throws CallError NOT_ENTERED; StoreError */
  write(name: string, writes: readonly WireWrite[]): Promise<WireOutcome[]> {
    return this.#gate.pass(() => this.#write(name, writes));
  }

  async #write(name: string, writes: readonly WireWrite[]): Promise<WireOutcome[]> {
    const lease = this.#leases.idOf(name);
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
      const leases = await this.#leases.copyTo(store);
      try {
        await copyStore(this.#store, store, leases.ids);
      } catch (error) {
        await leases.undo();
        throw error;
      }
      this.#view.close();
      this.#store = store;
      this.#batcher = new WriteBatcher(store);
      this.#view = this.#viewOf(store);
      leases.take();
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
    this.#view.close();
    await this.#leases.close(own).catch(() => undefined);
  }

  #viewOf(store: Store): StoreView {
    return new StoreView(store, (connected, why) => this.#owner.connected(connected, why));
  }

  /** The first core names it. */
  async #identify(): Promise<string> {
    const value = Buffer.from(randomUUID());
    const name = { when: [{ key: DATABASE, revision: 0 }], operations: [{ put: DATABASE, value }] };
    await this.#view.untilAnswered(() => this.#store.commit([name]));
    const { entries } = await this.#view.untilAnswered(() => this.#store.read(DATABASE));
    return entries.find(({ key }) => key === DATABASE)?.value.toString() ?? '';
  }
}
