import { SYSTEM_CLOCK } from './clock.js';
import { CommitFile, type CommitFileOptions, type SnapshotSource } from './commit-file.js';
import { History, type HistoryLimits } from './history.js';
import { type EntryLease, OrderedEntries } from './ordered-entries.js';
import type { RecordVisitor } from './records.js';
import type {
  Compare,
  Lease,
  Operation,
  Outcome,
  Snapshot,
  Store,
  Watch,
  Watcher,
  Write,
} from './store.js';
import { StoreError } from './store-error.js';
import { Watchers } from './watchers.js';
import { checkWrites, keyOf } from './write-rules.js';

export interface EmbeddedStoreOptions extends HistoryLimits, CommitFileOptions {}

const DEFAULT_OPTIONS: EmbeddedStoreOptions = {
  historyChanges: 100_000,
  historyBytes: 64 * 1024 * 1024,
  compactAtBytes: 64 * 1024 * 1024,
  clock: SYSTEM_CLOCK,
  warn: (line) => console.error(line),
};

/** Entries written at a time while the file is compacted: about a millisecond. */
const SLICE_ENTRIES = 2000;

/** A lease of this process. It does not run out until it is let go: who should keep it alive is this very process. */
class EmbeddedLease implements EntryLease {
  readonly number: number;
  readonly id: string;
  readonly ttlMs: number;
  readonly lost: () => void;
  entries = 0;
  isLetGo = false;

  constructor(number: number, ttlMs: number, lost: () => void) {
    this.number = number;
    this.id = String(number);
    this.ttlMs = ttlMs;
    this.lost = lost;
  }
}

/**
 * The store in this process's memory, with a file behind it when asked. It is a single copy. What a commit
 * changed is seen by reads and watches once it is safe, so that nobody acts on what a crash could undo.
 */
export class EmbeddedStore implements Store {
  readonly engine = 'embedded';
  readonly #options: EmbeddedStoreOptions;
  readonly #entries = new OrderedEntries<EmbeddedLease>();
  readonly #leases = new Map<string, EmbeddedLease>();
  readonly #watchers = new Watchers();
  #history = new History(0);
  #file: CommitFile | undefined;
  #revision = 0;
  /** What is safe up to; without a file what this turn's commits began with. */
  #safeRevision = 0;
  #lastLease = 0;
  /** Without a file: the delivery that is due at the end of this turn. */
  #delivery: Promise<void> | undefined;
  #cancelExpiry: (() => void)[] = [];
  #closed = false;

  /** In memory alone. */
  constructor(options: Partial<EmbeddedStoreOptions> = {}) {
    this.#options = { ...DEFAULT_OPTIONS, ...options };
  }

  /**
   * With a file, which is made if need be: every commit is synced to it before it is acknowledged. Leases of
   * the process that had it before end after their time, and their entries with them.
   * @throws StoreError BAD_CONFIG: it cannot be used; DAMAGED: acknowledged commits in it are unreadable
   */
  static async open(
    path: string,
    options: Partial<EmbeddedStoreOptions> = {},
  ): Promise<EmbeddedStore> {
    const store = new EmbeddedStore(options);
    await store.#openFile(path);
    return store;
  }

  async read(prefix: string): Promise<Snapshot> {
    this.#checkOpen();
    const snapshot = { revision: this.#revision, entries: this.#entries.read(prefix) };
    if (snapshot.revision > this.#safeRevision) await this.#safe();
    return snapshot;
  }

  async commit(writes: readonly Write[]): Promise<Outcome[]> {
    checkWrites(writes);
    this.#checkOpen();
    const outcomes = writes.map((write) => this.#carryOut(write));
    await this.#safe();
    if (outcomes.includes(undefined)) {
      throw new StoreError('LEASE_GONE', 'the lease of a write has ended', { outcomes });
    }
    return outcomes as Outcome[];
  }

  watch(prefix: string, fromRevision: number, watcher: Watcher): Watch {
    this.#checkOpen();
    const watch = this.#watchers.add(prefix, fromRevision, watcher);
    queueMicrotask(() => {
      watcher.connected?.(true);
      this.#deliver(this.#safeRevision);
    });
    return watch;
  }

  async lease(ttlMs: number, lost: () => void): Promise<Lease> {
    this.#checkOpen();
    const records = this.#file?.records;
    const lease = new EmbeddedLease(++this.#lastLease, ttlMs, lost);
    this.#leases.set(lease.id, lease);
    records?.lease(lease.number, ttlMs);
    await this.#safe();
    const letGo = (): void => {
      if (lease.isLetGo || !this.#leases.has(lease.id)) return;
      lease.isLetGo = true;
      this.#expireLater(lease);
    };
    return { id: lease.id, revoke: () => this.#endLease(lease), letGo };
  }

  async revoke(leaseId: string): Promise<void> {
    this.#checkOpen();
    const lease = this.#leases.get(leaseId);
    if (lease === undefined) return;
    await this.#endLease(lease);
    lease.lost();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    for (const cancel of this.#cancelExpiry) cancel();
    this.#cancelExpiry = [];
    // Where the file takes no more, the entries of the leases go after it is opened again.
    const ending = [...this.#leases.values()].filter(({ isLetGo }) => !isLetGo);
    await Promise.allSettled(ending.map((lease) => this.#endLease(lease)));
    this.#closed = true;
    this.#watchers.clear();
    await this.#file?.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreError('UNAVAILABLE', 'the embedded store is closed');
  }

  /** undefined: its lease is gone. */
  #carryOut({ when = [], operations }: Write): Outcome | undefined {
    if (!when.every((compare) => this.#holds(compare))) {
      return { done: false, revision: this.#revision, previous: [] };
    }
    const leases = operations.map((operation) => this.#leaseOf(operation));
    if (leases.includes(undefined)) return undefined;
    const previous = operations.map((operation) => this.#entries.entry(keyOf(operation)));
    // Deleting what is not there changes nothing and makes no revision.
    if (operations.every((operation, index) => 'delete' in operation && !previous[index])) {
      return { done: true, revision: this.#revision, previous };
    }
    const records = this.#file?.records;
    const revision = ++this.#revision;
    operations.forEach((operation, index) => {
      if ('delete' in operation) {
        if (previous[index] !== undefined) this.#delete(operation.delete, revision, records);
        return;
      }
      const value = operation.value.toString('latin1');
      const lease = leases[index] || undefined;
      this.#entries.set(operation.put, value, revision, lease);
      this.#history.push(operation.put, value, revision);
      records?.put(operation.put, value, revision, lease?.number ?? 0);
    });
    return { done: true, revision, previous };
  }

  #delete(key: string, revision: number, records: RecordVisitor | undefined): void {
    this.#entries.delete(key);
    this.#history.push(key, undefined, revision);
    records?.delete(key, revision);
  }

  #holds(compare: Compare): boolean {
    return 'value' in compare
      ? this.#entries.valueOf(compare.key) === compare.value.toString('latin1')
      : this.#entries.revisionOf(compare.key) === compare.revision;
  }

  /** false: it has none; undefined: it has one that is gone. */
  #leaseOf(operation: Operation): EmbeddedLease | false | undefined {
    if ('delete' in operation || operation.lease === undefined) return false;
    return this.#leases.get(operation.lease);
  }

  async #endLease(lease: EmbeddedLease): Promise<void> {
    if (!this.#leases.has(lease.id)) return;
    const records = this.#file?.records;
    this.#leases.delete(lease.id);
    const keys = this.#entries.keysOf(lease);
    if (keys.length > 0) {
      const revision = ++this.#revision;
      for (const key of keys) this.#delete(key, revision, records);
    }
    records?.leaseEnd(lease.number);
    await this.#safe();
  }

  /** Resolves when all that was changed until now is safe and the watches have it. */
  #safe(): Promise<void> {
    if (this.#file !== undefined) return this.#file.safe();
    this.#delivery ??= Promise.resolve().then(() => {
      this.#delivery = undefined;
      this.#deliver(this.#revision);
    });
    return this.#delivery;
  }

  #deliver(safeRevision: number): void {
    this.#safeRevision = Math.max(this.#safeRevision, safeRevision);
    this.#watchers.deliver(this.#history, this.#safeRevision);
    this.#history.trim(this.#options, this.#safeRevision);
  }

  async #openFile(path: string): Promise<void> {
    const leases = new Map<number, EmbeddedLease>();
    const replay: RecordVisitor = {
      state: (revision, lastLease) => {
        this.#revision = Math.max(this.#revision, revision);
        this.#lastLease = Math.max(this.#lastLease, lastLease);
      },
      lease: (number, ttlMs) => {
        this.#lastLease = Math.max(this.#lastLease, number);
        leases.set(number, new EmbeddedLease(number, ttlMs, () => undefined));
      },
      leaseEnd: (number) => leases.delete(number),
      put: (key, value, revision, lease) => {
        this.#revision = Math.max(this.#revision, revision);
        this.#entries.set(key, value, revision, leases.get(lease));
      },
      delete: (key, revision) => {
        this.#revision = Math.max(this.#revision, revision);
        this.#entries.delete(key);
      },
    };
    this.#file = await CommitFile.open(path, replay, this.#snapshotSource(), this.#options);
    this.#history = new History(this.#revision);
    this.#safeRevision = this.#revision;
    this.#file.onSafe = (revision) => this.#deliver(revision);
    for (const lease of leases.values()) this.#expireLater(lease);
  }

  /** Ends a lease that nobody keeps alive when its time is over. */
  #expireLater(lease: EmbeddedLease): void {
    this.#leases.set(lease.id, lease);
    const expire = (): void => {
      this.#endLease(lease).catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        this.#options.warn(`entries of a lease that is over stay for now: ${reason}`);
        this.#cancelExpiry.push(this.#options.clock.after(lease.ttlMs, expire));
      });
    };
    this.#cancelExpiry.push(this.#options.clock.after(lease.ttlMs, expire));
  }

  #snapshotSource(): SnapshotSource {
    return {
      begin: (records) => {
        records.state(this.#revision, this.#lastLease);
        for (const { number, ttlMs } of this.#leases.values()) records.lease(number, ttlMs);
      },
      slice: (after, records) =>
        this.#entries.after(after, SLICE_ENTRIES, (key, value, revision, lease) =>
          records.put(key, value, revision, lease?.number ?? 0),
        ),
    };
  }
}
