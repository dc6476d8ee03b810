import type { Etcd3, Lease } from 'etcd3';
import type { Discovery } from './discovery.js';
import { DiscoveryError, reasonOf } from './errors.js';
import { type EtcdOptions, etcdCredentials, etcdUrls } from './etcd-options.js';
import { isNodeName, sortedUnique } from './node-name.js';
import { type Schedule, within } from './schedule.js';

export interface EtcdDeps {
  schedule: Schedule;
  /** Wall clock, ms: gRPC takes points in time. */
  now: () => number;
  /** One line for whoever runs the node. */
  warn: (line: string) => void;
}

/** A node that died is gone from the list after this. */
const LEASE_SECONDS = 5;
const LOCK_RETRY_MS = 500;
const REGISTER_RETRY_MS = 1000;

/** `etcd`: nodes enter themselves under a lease that they keep alive. */
export class EtcdDiscovery implements Discovery {
  readonly strategy = 'etcd';
  readonly #self: string;
  readonly #options: EtcdOptions;
  readonly #urls: string[];
  readonly #deps: EtcdDeps;
  #client: Promise<Etcd3> | undefined;
  /** What the entry of this node hangs on. */
  #lease: Lease | undefined;
  /** Whether this node is to be in the list. */
  #wanted = false;
  #registering: Promise<void> | undefined;
  #cancelRetry = () => {};
  #stopped = false;
  /** What locks of this node hang on. */
  readonly #locks = new Set<Lease>();
  /** Those who wait for the lock; called when discovery stops. */
  readonly #waiting = new Set<() => void>();

  constructor(self: string, options: EtcdOptions, deps: EtcdDeps) {
    this.#self = self;
    this.#options = options;
    this.#urls = etcdUrls(options);
    this.#deps = deps;
  }

  async discover(): Promise<string[]> {
    const nodes = await this.#ask((client) =>
      client.getAll().prefix(this.#key('nodes/')).strings(),
    );
    return sortedUnique(Object.values(nodes).filter(isNodeName));
  }

  async lock(): Promise<() => Promise<void>> {
    for (;;) {
      const lease = await this.#tryLock();
      if (lease !== undefined) return () => this.#unlock(lease);
      await this.#pause(LOCK_RETRY_MS);
    }
  }

  async register(): Promise<void> {
    this.#wanted = true;
    this.#registering ??= this.#enter().finally(() => {
      this.#registering = undefined;
    });
    return this.#registering;
  }

  async unregister(): Promise<void> {
    this.#wanted = false;
    this.#cancelRetry();
    await this.#registering?.catch(() => undefined);
    const lease = this.#lease;
    this.#lease = undefined;
    if (lease !== undefined) await this.#revoke(lease);
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    await this.unregister();
    for (const lease of this.#locks) await this.#unlock(lease);
    this.#stopped = true;
    for (const wake of this.#waiting) wake();
    const client = await this.#client?.catch(() => undefined);
    client?.close();
  }

  #key(rest: string): string {
    return `${this.#options.prefix}/ekkacl/${rest}`;
  }

  /** The lease that the lock hangs on; undefined while another node has it. */
  async #tryLock(): Promise<Lease | undefined> {
    const key = this.#key('lock/');
    const holder = await this.#ask((client) => client.get(key).string());
    if (holder !== null) return undefined;
    let lease: Lease | undefined;
    let ours = false;
    try {
      ours = await this.#ask(async (client) => {
        lease = client.lease(LEASE_SECONDS);
        const put = client.put(key).value(this.#self).lease(lease.grant());
        const { succeeded } = await client.if(key, 'Create', '==', 0).then(put).commit();
        return succeeded;
      });
    } finally {
      // Without an answer the lock may be ours, or become so: it goes with the lease.
      if (!ours && lease !== undefined) await this.#revoke(lease);
    }
    if (!ours || lease === undefined) return undefined;
    this.#locks.add(lease);
    return lease;
  }

  async #unlock(lease: Lease): Promise<void> {
    this.#locks.delete(lease);
    await this.#revoke(lease);
  }

  async #enter(): Promise<void> {
    if (this.#lease !== undefined) return;
    let lease: Lease | undefined;
    try {
      await this.#ask(async (client) => {
        lease = client.lease(LEASE_SECONDS);
        await lease
          .put(this.#key(`nodes/${this.#self}`))
          .value(this.#self)
          .exec();
      });
    } catch (error) {
      if (lease !== undefined) await this.#revoke(lease);
      throw error;
    }
    this.#lease = lease;
    lease?.on('lost', () => this.#lost());
  }

  /** etcd was away for longer than the lease lasts, or has forgotten it. */
  #lost(): void {
    this.#lease = undefined;
    if (!this.#wanted || this.#stopped) return;
    this.#deps.warn(`etcd has dropped the entry of ${this.#self}; it is made anew`);
    this.#enterAgain();
  }

  #enterAgain(): void {
    this.#cancelRetry = this.#deps.schedule(() => {
      if (!this.#wanted) return;
      this.register().catch(() => this.#enterAgain());
    }, REGISTER_RETRY_MS);
  }

  /** Gives up a lease; should etcd not answer, it ends by itself within LEASE_SECONDS. */
  async #revoke(lease: Lease): Promise<void> {
    await this.#ask(() => lease.revoke()).catch(() => lease.release());
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        cancel();
        resolve();
      };
      const cancel = this.#deps.schedule(done, ms);
      this.#waiting.add(done);
    });
  }

  async #ask<T>(question: (client: Etcd3) => Promise<T>): Promise<T> {
    if (this.#stopped) throw new DiscoveryError('STOPPED', 'etcd discovery was stopped');
    this.#client ??= this.#connect();
    let client: Etcd3;
    try {
      client = await this.#client;
    } catch (error) {
      this.#client = undefined;
      throw error;
    }
    try {
      const { timeoutMs } = this.#options;
      return await within(question(client), timeoutMs, this.#deps.schedule, () => this.#late());
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async #connect(): Promise<Etcd3> {
    const { auth, timeoutMs } = this.#options;
    const credentials = await etcdCredentials(this.#options);
    // Only now: it takes 17 MB of a process, and few nodes discover each other by etcd.
    const { Etcd3 } = await import('etcd3');
    return new Etcd3({
      hosts: this.#urls,
      dialTimeout: timeoutMs,
      defaultCallOptions: ({ isStream }) =>
        isStream ? {} : { deadline: this.#deps.now() + timeoutMs },
      ...(credentials === undefined ? {} : { credentials }),
      ...(auth === undefined ? {} : { auth }),
    });
  }

  #late(): DiscoveryError {
    const { server, timeoutMs } = this.#options;
    return new DiscoveryError(
      'ETCD_TIMEOUT',
      `no answer from etcd at ${server} within ${timeoutMs} ms: does it run, and has it a leader?`,
    );
  }

  #failure(error: unknown): DiscoveryError {
    if (error instanceof DiscoveryError) return error;
    const { server } = this.#options;
    const reason = reasonOf(error);
    const said = (code: string, message: string) =>
      new DiscoveryError(code, message, { cause: error });
    if (/deadline exceeded/i.test(reason)) return this.#late();
    if (/certificate|altnames|self.signed|\b(SSL|TLS)\b/i.test(reason)) {
      return said(
        'ETCD_TLS',
        `no TLS connection to etcd at ${server} (${reason}): correct cluster.etcd.ssl_options`,
      );
    }
    if (/authentication|permission denied|user name is empty|auth token/i.test(reason)) {
      return said('ETCD_DENIED', `etcd at ${server} refuses this node (${reason})`);
    }
    return said('ETCD_UNREACHABLE', `cannot ask etcd at ${server} (${reason}): does it run?`);
  }
}
