import type { Etcd3, IEvent } from 'etcd3';
import type { EtcdEndpoints } from './etcd-endpoints.js';
import type { EtcdKeys } from './etcd-keys.js';
import type { Change, Watch, Watcher } from './store.js';

const LEAST_PAUSE_MS = 50;
const MOST_PAUSE_MS = 1_000;

type End = 'closed' | 'broken' | 'compacted';
type Stream = Awaited<ReturnType<Etcd3['watchClient']['watch']>>;

/**
 * One watch over the Watch call of etcd, not over the library's watcher: that one goes on after an error from
 * the store's revision at that moment, which loses what happened before, and does not join fragments.
 *
 * It remembers the first revision not seen yet, asks for it anew after every break, and drops what comes
 * twice. Two defects of etcd below 3.4.36 are gone around: a watch begins one revision early, for begun at
 * the compacted revision itself it misses a deletion there and says nothing (issue 19179); and a process that
 * stood still begins anew, for a watcher that is too slow at a compaction can miss changes (issue 17529).
 */
export class EtcdWatch implements Watch {
  readonly #endpoints: EtcdEndpoints;
  readonly #keys: EtcdKeys;
  readonly #range: { key: Buffer; range_end: Buffer };
  readonly #watcher: Watcher;
  /** The first revision not seen yet. */
  #next: number;
  #isConnected: boolean | undefined;
  #isClosed = false;
  #pauseMs = LEAST_PAUSE_MS;
  #stop: () => void = () => undefined;

  constructor(
    endpoints: EtcdEndpoints,
    keys: EtcdKeys,
    prefix: string,
    fromRevision: number,
    watcher: Watcher,
  ) {
    this.#endpoints = endpoints;
    this.#keys = keys;
    this.#range = keys.rangeOf(prefix);
    this.#next = Math.max(fromRevision, 1);
    this.#watcher = watcher;
    void this.#run();
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  async #run(): Promise<void> {
    while (!this.#isClosed && !this.#endpoints.isClosed) {
      const end = await this.#once();
      if (this.#isClosed || this.#endpoints.isClosed) return;
      if (end === 'compacted') {
        this.#isClosed = true;
        this.#watcher.compacted();
        return;
      }
      this.#tell(false);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#pauseMs);
        this.#stop = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#pauseMs = Math.min(2 * this.#pauseMs, MOST_PAUSE_MS);
    }
  }

  /** One stream, from its beginning to its end. */
  async #once(): Promise<End> {
    let endpoint: string;
    let stream: Stream;
    try {
      endpoint = await this.#endpoints.endpoint();
      stream = await this.#endpoints.client(endpoint).watchClient.watch();
    } catch {
      return 'broken';
    }
    return new Promise((resolve) => {
      let isOver = false;
      let parts: IEvent[] = [];
      const over = (end: End, error?: unknown) => {
        if (isOver) return;
        isOver = true;
        clearTimeout(timer);
        stopListening();
        // Ended first: the library takes the end of a stream that is open for writing for a failure of the host.
        stream.end();
        stream.cancel();
        if (error !== undefined) this.#endpoints.failed(endpoint, error);
        resolve(end);
      };
      const timer = setTimeout(
        () => over('broken', new Error('a watch was not confirmed in time')),
        this.#endpoints.requestTimeoutMs,
      );
      const stopListening = this.#endpoints.onMoved(() => over('broken'));
      this.#stop = () => over('closed');
      stream.on('error', (error) => over('broken', error));
      stream.on('end', () => over('broken', new Error('the watch was ended by etcd')));
      stream.on('data', (response) => {
        if (isOver) return;
        if (response.canceled) {
          if (response.compact_revision !== '0') return over('compacted');
          return over('broken', new Error(response.cancel_reason));
        }
        if (this.#endpoints.wasStalled()) return;
        if (response.created) {
          clearTimeout(timer);
          this.#pauseMs = LEAST_PAUSE_MS;
          this.#tell(true);
        }
        if (response.events.length === 0) return;
        parts = parts.length === 0 ? response.events : parts.concat(response.events);
        if (response.fragment) return;
        const events = parts;
        parts = [];
        this.#deliver(events);
      });
      stream.write({
        create_request: {
          ...this.#range,
          start_revision: Math.max(this.#next - 1, 1),
          fragment: true,
        },
      });
      if (this.#isClosed) over('closed');
    });
  }

  #deliver(events: readonly IEvent[]): void {
    const changes: Change[] = [];
    for (const { type, kv } of events) {
      const revision = Number(kv.mod_revision);
      if (revision < this.#next) continue;
      changes.push({
        key: this.#keys.textOf(kv.key),
        value: type === 'Delete' ? undefined : kv.value,
        revision,
      });
    }
    const last = changes.at(-1);
    if (last === undefined) return;
    this.#next = last.revision + 1;
    this.#watcher.changes(changes);
  }

  #tell(isConnected: boolean): void {
    if (this.#isConnected === isConnected) return;
    this.#isConnected = isConnected;
    this.#watcher.connected?.(isConnected);
  }
}
