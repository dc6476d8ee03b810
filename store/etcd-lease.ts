import type { ILeaseKeepAliveResponse } from 'etcd3';
import type { EtcdEndpoints } from './etcd-endpoints.js';
import type { Lease } from './store.js';
import { StoreError } from './store-error.js';

/** Keep-alives in the time a lease lasts. */
const BEATS = 3;
const RETRY_MS = 300;

/**
 * A lease and its keep-alive. It is lost when etcd says so, not when etcd is not heard of for a while: a new
 * leader gives every lease its full time again, and whoever took a living lease for lost would announce
 * everything anew beside entries that are still there.
 */
export class EtcdLease implements Lease {
  readonly id: string;
  readonly #endpoints: EtcdEndpoints;
  readonly #everyMs: number;
  readonly #lost: () => void;
  readonly #ended: (lease: EtcdLease) => void;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(
    endpoints: EtcdEndpoints,
    id: string,
    ttlMs: number,
    lost: () => void,
    ended: (lease: EtcdLease) => void,
  ) {
    this.#endpoints = endpoints;
    this.id = id;
    this.#everyMs = ttlMs / BEATS;
    this.#lost = lost;
    this.#ended = ended;
    this.#beatIn(this.#everyMs);
  }

  letGo(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#ended(this);
  }

  /** It is known to be gone. */
  gone(): void {
    if (this.#isOver) return;
    this.letGo();
    this.#lost();
  }

  async revoke(): Promise<void> {
    this.letGo();
    await revokeLease(this.#endpoints, this.id);
  }

  #beatIn(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#beat().then(
        (ttl) => {
          if (this.#isOver) return;
          if (ttl > 0) return this.#beatIn(this.#everyMs);
          this.gone();
        },
        () => {
          if (!this.#isOver) this.#beatIn(Math.min(RETRY_MS, this.#everyMs));
        },
      );
    }, delayMs);
  }

  /** Resolves to the seconds left; 0: there is no such lease. */
  async #beat(): Promise<number> {
    const endpoint = await this.#endpoints.endpoint();
    const stream = await this.#endpoints.client(endpoint).leaseClient.leaseKeepAlive();
    try {
      const response = await new Promise<ILeaseKeepAliveResponse>((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new StoreError('UNAVAILABLE', 'a keep-alive was not answered in time')),
          Math.min(this.#endpoints.requestTimeoutMs, this.#everyMs),
        );
        const over = (error: Error) => {
          clearTimeout(timer);
          reject(error);
        };
        stream.on('data', (data) => {
          clearTimeout(timer);
          resolve(data);
        });
        stream.on('error', over);
        stream.on('end', () =>
          over(new StoreError('UNAVAILABLE', 'a keep-alive was not answered')),
        );
        stream.write({ ID: this.id });
      });
      return Number(response.TTL);
    } catch (error) {
      this.#endpoints.failed(endpoint, error);
      throw error;
    } finally {
      // Ended first: the library takes the end of a stream that is open for writing for a failure of the host.
      stream.end();
      stream.cancel();
    }
  }
}

/** Ends a lease; one that is gone already is fine. */
export async function revokeLease(endpoints: EtcdEndpoints, id: string): Promise<void> {
  try {
    await endpoints.run((client) => client.leaseClient.leaseRevoke({ ID: id }), true);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'LEASE_GONE') throw error;
  }
}
