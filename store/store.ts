/**
 * The coordination store: what must be agreed on by several processes. Two engines, one behaviour; both pass
 * contract.test. Keys are UTF-8 strings, values bytes. Revisions are whole numbers that grow with every change.
 */
export interface Store {
  readonly engine: 'embedded' | 'etcd';
  /** All entries whose key begins with `prefix`, as they were together at `revision`. Any number of them. */
  read(prefix: string): Promise<Snapshot>;
  /**
   * Carries out writes in the order given; each is atomic and has a condition of its own, so that one that
   * does not hold stops no other. Resolves when all are safe (etcd: by its quorum).
   * A write has at most MAX_OPERATIONS operations, each on another key.
   * @throws StoreError UNAVAILABLE when no answer came (each write may or may not have happened), FULL,
   *   DENIED, LEASE_GONE (nothing of the write with that lease happened)
   */
  commit(writes: readonly Write[]): Promise<Outcome[]>;
  /**
   * Every change under `prefix` from `fromRevision` on (that one included), each once and in order, across
   * restarts, leader changes and broken connections.
   */
  watch(prefix: string, fromRevision: number, watcher: Watcher): Watch;
  /** A lease that is kept alive until it is revoked, let go or this store is closed; its entries go with it. */
  lease(ttlMs: number, lost: () => void): Promise<Lease>;
  /** Ends a lease, also another process's, by its id. */
  revoke(leaseId: string): Promise<void>;
  close(): Promise<void>;
}

export const MAX_OPERATIONS = 128;

export interface Entry {
  key: string;
  value: Buffer;
  /** Revision of its last change. */
  revision: number;
  /** Id of the lease it goes with. */
  lease?: string;
}

export interface Snapshot {
  revision: number;
  entries: Entry[];
}

export type Compare =
  /** Its last change was at this revision; 0: there is no such key. */
  | { key: string; revision: number }
  /** It is there and has this value. */
  | { key: string; value: Buffer };

export type Operation = { put: string; value: Buffer; lease?: string } | { delete: string };

export interface Write {
  /** All must hold; none: unconditional. */
  when?: readonly Compare[];
  operations: readonly Operation[];
}

export interface Outcome {
  /** Whether the condition held and the operations were carried out. */
  done: boolean;
  revision: number;
  /** For each operation, what was there before; undefined where nothing was. Empty when not done. */
  previous: (Entry | undefined)[];
}

export interface Change {
  key: string;
  /** undefined: deleted, or gone with its lease. */
  value: Buffer | undefined;
  revision: number;
}

export interface Watcher {
  /** Changes in order; those of one revision never come in two calls. */
  changes(changes: readonly Change[]): void;
  /** The history from there on is gone (compaction): read again, watch anew. The watch has ended. */
  compacted(): void;
  /** Optional: whether the store answers now; for status displays. */
  connected?(connected: boolean): void;
}

export interface Watch {
  close(): void;
}

export interface Lease {
  readonly id: string;
  /** Ends it and its entries. */
  revoke(): Promise<void>;
  /** Keeps it alive no more: it ends when its time is up, however soon this store is closed. */
  letGo(): void;
}
