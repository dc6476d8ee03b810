import type { ITxnResponse } from 'etcd3';
import { EtcdEndpoints, type EtcdTls } from './etcd-endpoints.js';
import { isCompacted } from './etcd-errors.js';
import { EtcdKeys, entryOf } from './etcd-keys.js';
import { EtcdLease, revokeLease } from './etcd-lease.js';
import { outcomesOf, requestOf, transactionsOf } from './etcd-transactions.js';
import { EtcdWatch } from './etcd-watch.js';
import type { Entry, Lease, Outcome, Snapshot, Store, Watch, Watcher, Write } from './store.js';
import { StoreError } from './store-error.js';
import { checkWrites } from './write-rules.js';

export interface EtcdStoreOptions {
  /** `http://host:port` or `https://host:port`, the preferred one first. */
  endpoints: readonly string[];
  /** Prefix of all keys of this store in etcd. */
  namespace?: string;
  username?: string;
  password?: string;
  tls?: EtcdTls;
  /** After which time without an answer a request has failed. */
  requestTimeoutMs?: number;
}

const REQUEST_TIMEOUT_MS = 5_000;
/** A page of a read aims at this many bytes; etcd bounds it by the count of keys only. */
const PAGE_BYTES = 2_097_152;
const FIRST_PAGE = 500;
const LARGEST_PAGE = 10_000;
/** A read that a compaction overtakes begins anew. */
const READ_TRIES = 10;
/** What closing waits for its leases to be ended; the rest end when their time is up. */
const GOODBYE_MS = 2_000;

/** The store in an etcd cluster (3.4 or newer): what it has acknowledged, its quorum holds on disk. */
export class EtcdStore implements Store {
  readonly engine = 'etcd';
  readonly #endpoints: EtcdEndpoints;
  readonly #keys: EtcdKeys;
  readonly #leases = new Map<string, EtcdLease>();
  readonly #watches = new Set<EtcdWatch>();

  private constructor(endpoints: EtcdEndpoints, keys: EtcdKeys) {
    this.#endpoints = endpoints;
    this.#keys = keys;
  }

  /** @throws StoreError BAD_CONFIG, DENIED, UNAVAILABLE when no endpoint answers */
  static async open(options: EtcdStoreOptions): Promise<EtcdStore> {
    checkOptions(options);
    const keys = new EtcdKeys(options.namespace ?? '');
    const requestTimeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
    const endpoints = new EtcdEndpoints({ ...options, requestTimeoutMs }, keys);
    try {
      await endpoints.endpoint();
    } catch (error) {
      endpoints.close();
      throw error;
    }
    return new EtcdStore(endpoints, keys);
  }

  /** The cluster has these endpoints from now on: members came or went. */
  useEndpoints(endpoints: readonly string[]): void {
    this.#endpoints.use(endpoints);
  }

  async read(prefix: string): Promise<Snapshot> {
    for (let left = READ_TRIES - 1; ; left--) {
      try {
        return await this.#readOnce(prefix);
      } catch (error) {
        if (!isCompacted(error) || left === 0) throw error;
      }
    }
  }

  async commit(writes: readonly Write[]): Promise<Outcome[]> {
    checkWrites(writes);
    const outcomes: (Outcome | undefined)[] = [];
    let gone: StoreError | undefined;
    for (const group of transactionsOf(writes)) {
      try {
        outcomes.push(...(await this.#transact(group)));
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        if (error.code !== 'LEASE_GONE') throw withOutcomes(error, outcomes, writes.length);
        gone = error;
        // Nothing of the transaction happened: each write alone, so that one lease stops no other.
        for (const write of group) outcomes.push(await this.#alone(write, outcomes, writes.length));
      }
    }
    if (gone !== undefined) throw withOutcomes(gone, outcomes, writes.length);
    return outcomes as Outcome[];
  }

  watch(prefix: string, fromRevision: number, watcher: Watcher): Watch {
    this.#endpoints.checkOpen();
    const watch = new EtcdWatch(this.#endpoints, this.#keys, prefix, fromRevision, {
      changes: (changes) => watcher.changes(changes),
      connected: (connected) => watcher.connected?.(connected),
      compacted: () => {
        this.#watches.delete(watch);
        watcher.compacted();
      },
    });
    this.#watches.add(watch);
    return {
      close: () => {
        this.#watches.delete(watch);
        watch.close();
      },
    };
  }

  async lease(ttlMs: number, lost: () => void): Promise<Lease> {
    // A grant whose answer was lost may leave a lease behind that nobody uses: it ends by itself.
    const { ID, TTL } = await this.#endpoints.run(
      (client) => client.leaseClient.leaseGrant({ TTL: Math.max(1, Math.ceil(ttlMs / 1_000)) }),
      true,
    );
    const lease = new EtcdLease(this.#endpoints, ID, Number(TTL) * 1_000, lost, (ended) =>
      this.#leases.delete(ended.id),
    );
    this.#leases.set(ID, lease);
    return lease;
  }

  async revoke(leaseId: string): Promise<void> {
    await revokeLease(this.#endpoints, leaseId);
    this.#leases.get(leaseId)?.gone();
  }

  async close(): Promise<void> {
    for (const watch of this.#watches) watch.close();
    this.#watches.clear();
    const leases = [...this.#leases.values()];
    for (const lease of leases) lease.letGo();
    if (leases.length > 0) {
      let timer: NodeJS.Timeout | undefined;
      const tooLate = new Promise((resolve) => {
        timer = setTimeout(resolve, GOODBYE_MS);
      });
      await Promise.race([tooLate, Promise.allSettled(leases.map((lease) => lease.revoke()))]);
      clearTimeout(timer);
    }
    this.#endpoints.close();
  }

  async #readOnce(prefix: string): Promise<Snapshot> {
    const entries: Entry[] = [];
    const { key, range_end } = this.#keys.rangeOf(prefix);
    let from = key;
    let revision = 0;
    let limit = FIRST_PAGE;
    for (;;) {
      const page = await this.#endpoints.run(
        (client) => client.kv.range({ key: from, range_end, limit, revision }),
        true,
      );
      if (revision === 0) revision = Number(page.header.revision);
      let bytes = 1;
      for (const kv of page.kvs) {
        bytes += kv.key.length + kv.value.length;
        entries.push(entryOf(kv, this.#keys));
      }
      const last = page.kvs.at(-1);
      if (!page.more || last === undefined) return { revision, entries };
      from = Buffer.concat([last.key, Buffer.of(0)]);
      const fitting = Math.floor((page.kvs.length * PAGE_BYTES) / bytes);
      limit = Math.min(Math.max(fitting, 1), LARGEST_PAGE);
    }
  }

  async #transact(group: readonly Write[]): Promise<Outcome[]> {
    const request = requestOf(group, this.#keys);
    const response: ITxnResponse = await this.#endpoints.run(
      (client) => client.kv.txn(request),
      false,
    );
    return outcomesOf(group, response, this.#keys);
  }

  /** undefined: its lease is gone. */
  async #alone(
    write: Write,
    before: readonly (Outcome | undefined)[],
    count: number,
  ): Promise<Outcome | undefined> {
    try {
      const [outcome] = await this.#transact([write]);
      return outcome;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (error.code !== 'LEASE_GONE') throw withOutcomes(error, before, count);
      return undefined;
    }
  }
}

function withOutcomes(
  error: StoreError,
  known: readonly (Outcome | undefined)[],
  count: number,
): StoreError {
  const outcomes = Array.from({ length: count }, (_, at) => known[at]);
  return new StoreError(error.code, error.message, { cause: error.cause, outcomes });
}

function checkOptions({ endpoints, tls, username, password }: EtcdStoreOptions): void {
  const bad = (what: string) => new StoreError('BAD_CONFIG', what);
  if (endpoints.length === 0) throw bad('no endpoint of etcd is configured');
  for (const endpoint of endpoints) {
    if (!/^https?:\/\/[^/]+:\d+$/.test(endpoint)) {
      throw bad(
        `'${endpoint}' is not an endpoint of etcd: write http://host:port or https://host:port`,
      );
    }
    if (tls !== undefined && !endpoint.startsWith('https:')) {
      throw bad(`'${endpoint}' has no TLS, but certificates are configured: write https://`);
    }
  }
  if ((tls?.cert === undefined) !== (tls?.key === undefined)) {
    throw bad('a client certificate for etcd needs its key, and the key its certificate');
  }
  if (username === undefined && password !== undefined) {
    throw bad('a password for etcd is given without a user name');
  }
}
