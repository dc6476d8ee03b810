import { checkWrites } from './check-writes.js';
import type {
  Change,
  Compare,
  Entry,
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

/** Changes kept for watches that begin in the past; older ones answer `compacted`. */
const HISTORY = 65_536;

interface OpenWatch {
  prefix: string;
  watcher: Watcher;
}

interface OpenLease {
  keys: Set<string>;
  lost: () => void;
}

/**
 * The store in the process that uses it: a single copy, in memory. Leases here end when they are revoked, for whoever
 * holds one lives in this process or is watched over by it. Keys lie in a table by their text up to the second `/`, so that
 * reading or watching a prefix of the cluster's does not visit what lies beside it.
 */
export class EmbeddedStore implements Store {
  readonly engine = 'embedded';
  readonly #tables = new Map<string, Map<string, Entry>>();
  readonly #watches = new Set<OpenWatch>();
  readonly #leases = new Map<string, OpenLease>();
  #history: Change[] = [];
  #revision = 0;
  #nextLease = 1;
  #isClosed = false;

  async read(prefix: string): Promise<Snapshot> {
    this.#mustBeOpen();
    const entries: Entry[] = [];
    for (const [name, table] of this.#tables) {
      if (!name.startsWith(prefix) && !prefix.startsWith(name)) continue;
      for (const entry of table.values()) if (entry.key.startsWith(prefix)) entries.push(entry);
    }
    return { revision: this.#revision, entries };
  }

  async commit(writes: readonly Write[]): Promise<Outcome[]> {
    this.#mustBeOpen();
    checkWrites(writes);
    const outcomes = writes.map((write) =>
      this.#missingLease(write.operations) === undefined ? this.#write(write) : undefined,
    );
    const gone = outcomes.indexOf(undefined);
    if (gone < 0) return outcomes as Outcome[];
    const lease = this.#missingLease(writes[gone]?.operations ?? []);
    throw new StoreError('LEASE_GONE', `there is no lease ${lease} any more`, { outcomes });
  }

  watch(prefix: string, fromRevision: number, watcher: Watcher): Watch {
    const watch = { prefix, watcher };
    this.#watches.add(watch);
    const missed = this.#history.filter(({ revision }) => revision >= fromRevision);
    const oldest = this.#history[0]?.revision ?? this.#revision + 1;
    if (fromRevision < oldest && fromRevision <= this.#revision) {
      this.#watches.delete(watch);
      queueMicrotask(() => watcher.compacted());
    } else if (missed.length > 0) {
      const changes = missed.filter(({ key }) => key.startsWith(prefix));
      if (changes.length > 0) watcher.changes(changes);
    }
    return { close: () => this.#watches.delete(watch) };
  }

  async lease(_ttlMs: number, lost: () => void): Promise<Lease> {
    this.#mustBeOpen();
    const id = String(this.#nextLease++);
    this.#leases.set(id, { keys: new Set(), lost });
    return { id, revoke: () => this.revoke(id) };
  }

  async revoke(leaseId: string): Promise<void> {
    const lease = this.#leases.get(leaseId);
    if (lease === undefined) return;
    this.#leases.delete(leaseId);
    const changes: Change[] = [];
    this.#revision++;
    for (const key of lease.keys) this.#delete(key, changes);
    this.#tell(changes);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watches.clear();
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw new StoreError('UNAVAILABLE', 'the embedded store is closed');
  }

  #missingLease(operations: readonly Operation[]): string | undefined {
    for (const operation of operations) {
      const lease = 'put' in operation ? operation.lease : undefined;
      if (lease !== undefined && !this.#leases.has(lease)) return lease;
    }
    return undefined;
  }

  #write({ when, operations }: Write): Outcome {
    if (when?.some((compare) => !this.#holds(compare))) {
      return { done: false, revision: this.#revision, previous: [] };
    }
    this.#revision++;
    const changes: Change[] = [];
    const previous = operations.map((operation) =>
      'put' in operation ? this.#put(operation, changes) : this.#delete(operation.delete, changes),
    );
    this.#tell(changes);
    return { done: true, revision: this.#revision, previous };
  }

  #holds(compare: Compare): boolean {
    const entry = this.#tables.get(tableOf(compare.key))?.get(compare.key);
    if ('revision' in compare) return (entry?.revision ?? 0) === compare.revision;
    return entry?.value.equals(compare.value) ?? false;
  }

  #put(operation: { put: string; value: Buffer; lease?: string }, changes: Change[]) {
    const { put: key, value, lease } = operation;
    const revision = this.#revision;
    const name = tableOf(key);
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = new Map();
      this.#tables.set(name, table);
    }
    const before = table.get(key);
    if (before?.lease !== lease) this.#unlease(before);
    table.set(
      key,
      lease === undefined ? { key, value, revision } : { key, value, revision, lease },
    );
    if (lease !== undefined) this.#leases.get(lease)?.keys.add(key);
    changes.push({ key, value, revision });
    return before;
  }

  #delete(key: string, changes: Change[]): Entry | undefined {
    const name = tableOf(key);
    const table = this.#tables.get(name);
    const before = table?.get(key);
    if (table === undefined || before === undefined) return undefined;
    table.delete(key);
    if (table.size === 0) this.#tables.delete(name);
    this.#unlease(before);
    changes.push({ key, value: undefined, revision: this.#revision });
    return before;
  }

  #unlease(entry: Entry | undefined): void {
    if (entry?.lease !== undefined) this.#leases.get(entry.lease)?.keys.delete(entry.key);
  }

  #tell(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    this.#history.push(...changes);
    if (this.#history.length > 2 * HISTORY) this.#history = this.#history.slice(-HISTORY);
    for (const { prefix, watcher } of [...this.#watches]) {
      const wanted = changes.filter(({ key }) => key.startsWith(prefix));
      if (wanted.length > 0) watcher.changes(wanted);
    }
  }
}

/** The table a key lies in: its text up to the second `/`. */
function tableOf(key: string): string {
  const first = key.indexOf('/');
  const second = first < 0 ? -1 : key.indexOf('/', first + 1);
  return second < 0 ? key.slice(0, first + 1) : key.slice(0, second + 1);
}
