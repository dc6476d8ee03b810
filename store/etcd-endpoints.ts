import { isIP } from 'node:net';
import type { Etcd3, IOptions } from 'etcd3';
import { isCompacted, needsLogin, storeErrorOf, wasNeverSent } from './etcd-errors.js';
import type { EtcdKeys } from './etcd-keys.js';
import { etcdLibrary, policyLibrary } from './etcd-library.js';
import { StoreError } from './store-error.js';

export interface EtcdTls {
  /** Certificate authority; the system's when not given. */
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
  /** A name that all members' certificates have, for members reached by an address: TLS knows names only (RFC 6066 §3). */
  serverName?: string;
}

export interface EndpointsOptions {
  endpoints: readonly string[];
  username?: string;
  password?: string;
  tls?: EtcdTls;
  requestTimeoutMs: number;
}

/** An endpoint is asked this often whether it can still get at the quorum, while somebody watches. */
const PROBE_EVERY_MS = 1_000;
const PROBE_TIMEOUT_MS = 2_000;
/** A process that did not come to its timers for longer does not trust its streams any more. */
const STALL_MS = 5_000;
/** How often a request that cannot be carried out twice by it is sent on to another endpoint. */
const TRIES = 4;
const PAUSE_MS = 100;

/**
 * The endpoints of one etcd cluster, of which one is used at a time: that which answered last, and after an
 * error the first to answer of all. Answering means a linearizable read, so that a member cut off from the
 * others does not count. The library's own ways are switched off: it picks an endpoint at random for each
 * request, and repeats after a lost answer what etcd may have carried out.
 */
export class EtcdEndpoints {
  readonly #options: EndpointsOptions;
  readonly #keys: EtcdKeys;
  readonly #clients = new Map<string, Etcd3>();
  readonly #moved = new Set<() => void>();
  #all: readonly string[];
  #endpoint: string | undefined;
  #search: Promise<string> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isProbing = false;
  #lastTickMs = 0;
  #isClosed = false;

  constructor(options: EndpointsOptions, keys: EtcdKeys) {
    this.#options = options;
    this.#all = options.endpoints;
    this.#keys = keys;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @throws StoreError UNAVAILABLE once closed */
  checkOpen(): void {
    if (this.#isClosed) throw new StoreError('UNAVAILABLE', 'this etcd store is closed');
  }

  get requestTimeoutMs(): number {
    return this.#options.requestTimeoutMs;
  }

  /**
   * Runs one request.
   * @param isIdempotent it may be carried out twice; others are repeated only where they never left this host
   */
  async run<T>(request: (client: Etcd3) => Promise<T>, isIdempotent: boolean): Promise<T> {
    for (let left = TRIES - 1; ; left--) {
      const endpoint = await this.endpoint();
      try {
        return await request(this.client(endpoint));
      } catch (error) {
        const storeError = this.#failed(endpoint, error);
        const mayRepeat = wasNeverSent(error) || needsLogin(error) || isIdempotent;
        const isPassing = storeError.code === 'UNAVAILABLE' && !isCompacted(error);
        if (!isPassing || !mayRepeat || left === 0) throw storeError;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }

  /** The endpoint in use. @throws StoreError when none answers in time */
  async endpoint(): Promise<string> {
    this.checkOpen();
    if (this.#endpoint !== undefined) return this.#endpoint;
    this.#search ??= this.#find().finally(() => {
      this.#search = undefined;
    });
    return this.#search;
  }

  client(endpoint: string): Etcd3 {
    let client = this.#clients.get(endpoint);
    if (client === undefined) {
      client = new (etcdLibrary().Etcd3)(this.#clientOptions(endpoint));
      this.#clients.set(endpoint, client);
    }
    return client;
  }

  /** The cluster has these endpoints from now on. */
  use(endpoints: readonly string[]): void {
    this.#all = endpoints;
    for (const [endpoint, client] of this.#clients) {
      if (endpoints.includes(endpoint)) continue;
      client.close();
      this.#clients.delete(endpoint);
    }
    if (this.#endpoint !== undefined && !endpoints.includes(this.#endpoint)) this.#give();
  }

  /** Something that uses the endpoint found it wanting: the next request looks for another. */
  failed(endpoint: string, error: unknown): void {
    this.#failed(endpoint, error);
  }

  /** Tells when the endpoint in use is given up, until the function returned is called. */
  onMoved(moved: () => void): () => void {
    this.#moved.add(moved);
    if (this.#timer === undefined && !this.#isClosed) {
      this.#lastTickMs = performance.now();
      this.#timer = setInterval(() => this.#tick(), PROBE_EVERY_MS);
    }
    return () => {
      this.#moved.delete(moved);
      if (this.#moved.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** Whether this process stood still until now; if so, its streams are given up. */
  wasStalled(): boolean {
    const lateMs = performance.now() - this.#lastTickMs - PROBE_EVERY_MS;
    if (lateMs < STALL_MS) return false;
    this.#lastTickMs = performance.now();
    this.#give();
    return true;
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#give();
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  #failed(endpoint: string, error: unknown): StoreError {
    const storeError = storeErrorOf(error, endpoint);
    if (needsLogin(error)) {
      this.#clients.get(endpoint)?.close();
      this.#clients.delete(endpoint);
    }
    const isDoubtful = storeError.code === 'UNAVAILABLE' || storeError.code === 'BAD_CONFIG';
    if (isDoubtful && !isCompacted(error) && this.#endpoint === endpoint) this.#give();
    // Whoever got as far as a request was configured well: what goes wrong from then on may mend.
    return storeError.code === 'BAD_CONFIG' || needsLogin(error)
      ? new StoreError('UNAVAILABLE', storeError.message, { cause: error })
      : storeError;
  }

  #give(): void {
    this.#endpoint = undefined;
    for (const moved of [...this.#moved]) moved();
  }

  /** The first endpoint to answer; while a leader is elected, none does. */
  async #find(): Promise<string> {
    const { requestTimeoutMs } = this.#options;
    const deadlineMs = performance.now() + requestTimeoutMs;
    for (;;) {
      const leftMs = Math.max(deadlineMs - performance.now(), PAUSE_MS);
      const endpoints = this.#all;
      // Asked anew rather than waited for: what a member without a leader was asked it does not answer when it has one.
      const failures = await this.#ask(endpoints, Math.min(leftMs, PROBE_TIMEOUT_MS));
      if (typeof failures === 'string') return failures;
      const telling =
        failures.find(({ code }) => code === 'DENIED') ??
        failures.find(({ code }) => code === 'BAD_CONFIG');
      if (telling !== undefined) throw telling;
      this.checkOpen();
      if (performance.now() > deadlineMs) {
        const why = failures.map(({ message }) => message).join('; ');
        throw new StoreError('UNAVAILABLE', `for ${requestTimeoutMs} ms, ${why}`);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** All endpoints at once. Returns the first to answer, which is used from now on, or why none did. */
  async #ask(endpoints: readonly string[], timeoutMs: number): Promise<string | StoreError[]> {
    try {
      const found = await Promise.any(
        endpoints.map((endpoint) => this.#probe(endpoint, timeoutMs)),
      );
      this.#endpoint = found;
      return found;
    } catch (error) {
      const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
      return errors.map((each, at) => storeErrorOf(each, endpoints[at] ?? ''));
    }
  }

  async #probe(endpoint: string, timeoutMs: number): Promise<string> {
    const deadline = Date.now() + timeoutMs;
    try {
      const client = this.client(endpoint);
      await client.kv.range({ key: this.#keys.probe(), count_only: true }, { deadline });
    } catch (error) {
      if (!needsLogin(error)) throw error;
      this.#failed(endpoint, error);
      const client = this.client(endpoint);
      await client.kv.range({ key: this.#keys.probe(), count_only: true }, { deadline });
    }
    return endpoint;
  }

  #tick(): void {
    if (this.wasStalled()) return;
    this.#lastTickMs = performance.now();
    const endpoint = this.#endpoint;
    if (endpoint === undefined || this.#isProbing) return;
    this.#isProbing = true;
    this.#probe(endpoint, PROBE_TIMEOUT_MS)
      .catch((error: unknown) => this.#failed(endpoint, error))
      .finally(() => {
        this.#isProbing = false;
      });
  }

  #clientOptions(endpoint: string): IOptions {
    const { tls, username, password = '', requestTimeoutMs } = this.#options;
    const { noop } = policyLibrary();
    const options: IOptions = {
      hosts: [endpoint],
      faultHandling: { host: () => noop, global: noop },
      defaultCallOptions: ({ isStream }) =>
        isStream ? {} : { deadline: Date.now() + requestTimeoutMs },
      grpcOptions: {
        'grpc.max_receive_message_length': -1,
        'grpc.max_send_message_length': -1,
        'grpc.initial_reconnect_backoff_ms': 100,
        'grpc.max_reconnect_backoff_ms': 1_000,
      },
    };
    if (username !== undefined) options.auth = { username, password };
    if (endpoint.startsWith('https:') && tls?.ca !== undefined) {
      options.credentials = { rootCertificate: tls.ca };
      if (tls.serverName !== undefined && isIP(hostIn(endpoint)) !== 0) {
        options.grpcOptions = {
          ...options.grpcOptions,
          'grpc.ssl_target_name_override': tls.serverName,
        };
      }
      if (tls.key !== undefined) options.credentials.privateKey = tls.key;
      if (tls.cert !== undefined) options.credentials.certChain = tls.cert;
    }
    return options;
  }
}

function hostIn(endpoint: string): string {
  return new URL(endpoint).hostname.replace(/^\[|\]$/g, '');
}
