import type { Line } from './line.js';
import type { Change, Lease, Operation, Outcome, Store, Watch, Write } from './store.js';
import { StoreError } from './store-error.js';

// Between a RemoteStore and the process that has the store: a request has a number and gets one answer with it; a
// watch is known by the number of the request that began it. Values travel as base64.

export interface WireEntry {
  key: string;
  value: string;
  revision: number;
  lease?: string;
}

type WireOperation = { put: string; value: string; lease?: string } | { delete: string };
type WireCompare = { key: string; revision: number } | { key: string; value: string };

export interface WireWrite {
  when?: WireCompare[];
  operations: WireOperation[];
}

export type StoreRequest = { store: number } & (
  | { op: 'read'; prefix: string }
  | { op: 'commit'; writes: WireWrite[] }
  | { op: 'watch'; prefix: string; from: number }
  | { op: 'unwatch'; watch: number }
  | { op: 'lease'; ttlMs: number }
  | { op: 'letGo'; lease: string }
  | { op: 'revoke'; lease: string }
);

export type WireOutcome = Omit<Outcome, 'previous'> & { previous: (WireEntry | null)[] };
export type WireChange = { key: string; value: string | null; revision: number };

export type StoreAnswer =
  | { stored: number; result: unknown }
  | { stored: number; error: { code: string; message: string; outcomes?: (WireOutcome | null)[] } }
  | { watched: number; changes: WireChange[] }
  | { watched: number; compacted: true }
  | { lost: string };

/**
 * Serves a store to whoever is at the other end of a line. Its leases live as long as the line: when that breaks
 * they are let go and end after their time.
 */
export class ServedStore {
  readonly #store: Store;
  readonly #line: Line;
  readonly #watches = new Map<number, Watch>();
  readonly #leases = new Map<string, Lease>();

  constructor(store: Store, line: Line) {
    this.#store = store;
    this.#line = line;
  }

  /** To be called with each message of the line that is a request of the store. */
  serve(request: StoreRequest): void {
    this.#answer(request)
      .catch((error: unknown) => ({ stored: request.store, error: wireError(error) }))
      .then((answer) => this.#line.send(answer satisfies StoreAnswer));
  }

  /** The line is gone. */
  end(): void {
    for (const watch of this.#watches.values()) watch.close();
    for (const lease of this.#leases.values()) lease.letGo();
    this.#watches.clear();
    this.#leases.clear();
  }

  async #answer(request: StoreRequest): Promise<StoreAnswer> {
    return { stored: request.store, result: (await this.#carryOut(request)) ?? null };
  }

  async #carryOut(request: StoreRequest): Promise<unknown> {
    const store = this.#store;
    switch (request.op) {
      case 'read': {
        const { revision, entries } = await store.read(request.prefix);
        return { revision, entries: entries.map(wireEntry) };
      }
      case 'commit':
        return (await store.commit(request.writes.map(writeOf))).map(wireOutcome);
      case 'watch':
        this.#watch(request.store, request.prefix, request.from);
        return;
      case 'unwatch':
        this.#watches.get(request.watch)?.close();
        this.#watches.delete(request.watch);
        return;
      case 'lease': {
        const lease = await store.lease(request.ttlMs, () => {
          this.#leases.delete(lease.id);
          this.#line.send({ lost: lease.id } satisfies StoreAnswer);
        });
        if (this.#line.isOpen) this.#leases.set(lease.id, lease);
        else lease.letGo();
        return lease.id;
      }
      case 'letGo':
        this.#leases.get(request.lease)?.letGo();
        this.#leases.delete(request.lease);
        return;
      case 'revoke': {
        const own = this.#leases.get(request.lease);
        this.#leases.delete(request.lease);
        return own === undefined ? store.revoke(request.lease) : own.revoke();
      }
    }
  }

  #watch(number: number, prefix: string, from: number): void {
    const watch = this.#store.watch(prefix, from, {
      changes: (changes) => {
        const answer = { watched: number, changes: changes.map(wireChange) };
        this.#line.send(answer satisfies StoreAnswer);
      },
      compacted: () => {
        this.#watches.delete(number);
        this.#line.send({ watched: number, compacted: true } satisfies StoreAnswer);
      },
    });
    this.#watches.set(number, watch);
  }
}

function writeOf({ when, operations }: WireWrite): Write {
  return {
    ...(when === undefined
      ? {}
      : {
          when: when.map((compare) =>
            'value' in compare
              ? { key: compare.key, value: Buffer.from(compare.value, 'base64') }
              : compare,
          ),
        }),
    operations: operations.map(
      (operation): Operation =>
        'delete' in operation
          ? operation
          : { ...operation, value: Buffer.from(operation.value, 'base64') },
    ),
  };
}

function wireEntry(entry: { value: Buffer } & Omit<WireEntry, 'value'>): WireEntry {
  return { ...entry, value: entry.value.toString('base64') };
}

function wireOutcome(outcome: Outcome): WireOutcome {
  const previous = outcome.previous.map((entry) => (entry === undefined ? null : wireEntry(entry)));
  return { ...outcome, previous };
}

function wireChange({ key, value, revision }: Change): WireChange {
  return { key, value: value === undefined ? null : value.toString('base64'), revision };
}

function wireError(error: unknown): {
  code: string;
  message: string;
  outcomes?: (WireOutcome | null)[];
} {
  if (!(error instanceof StoreError)) {
    return { code: 'UNAVAILABLE', message: error instanceof Error ? error.message : String(error) };
  }
  const { code, message, outcomes } = error;
  if (outcomes === undefined) return { code, message };
  const known = outcomes.map((outcome) => (outcome === undefined ? null : wireOutcome(outcome)));
  return { code, message, outcomes: known };
}
