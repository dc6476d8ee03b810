import { Resolver } from 'node:dns/promises';
import type { Discovery } from './discovery.js';
import { codeOf, DiscoveryError, reasonOf } from './errors.js';
import { localPart, sortedUnique } from './node-name.js';

export interface DnsOptions {
  /** The name whose records are the nodes. */
  name: string;
  recordType: 'a' | 'aaaa' | 'srv';
  /** `address` or `address:port` of the servers to ask; none: those of the machine. */
  servers: readonly string[];
  /** Per try; a second try takes twice as long. */
  timeoutMs: number;
  tries: number;
}

export const DNS_DEFAULTS: DnsOptions = {
  name: 'localhost',
  recordType: 'a',
  servers: [],
  timeoutMs: 2000,
  tries: 2,
};

/** The name is known not to exist, or has no record of the type: an answer, and it means no nodes. */
const NO_RECORDS = new Set(['ENOTFOUND', 'ENODATA']);

/** `dns`: a node per record. The servers are asked directly; the machine's `hosts` file plays no part. */
export class DnsDiscovery implements Discovery {
  readonly strategy = 'dns';
  readonly #app: string;
  readonly #options: DnsOptions;
  readonly #resolver: Resolver;

  constructor(self: string, options: DnsOptions) {
    this.#app = localPart(self);
    this.#options = options;
    this.#resolver = new Resolver({ timeout: options.timeoutMs, tries: options.tries });
    if (options.servers.length > 0) this.#resolver.setServers(options.servers);
  }

  async discover(): Promise<string[]> {
    try {
      const hosts = await this.#hosts();
      return sortedUnique(hosts.map((host) => `${this.#app}@${host}`));
    } catch (error) {
      if (NO_RECORDS.has(codeOf(error))) return [];
      throw this.#failure(error);
    }
  }

  async stop(): Promise<void> {
    this.#resolver.cancel();
  }

  async #hosts(): Promise<string[]> {
    const { name, recordType } = this.#options;
    switch (recordType) {
      case 'a':
        return this.#resolver.resolve4(name);
      case 'aaaa':
        return this.#resolver.resolve6(name);
      case 'srv': {
        const records = await this.#resolver.resolveSrv(name);
        // Target "." says that the service is not offered [RFC 2782].
        return records
          .map((record) => record.name.replace(/\.$/, '').toLowerCase())
          .filter((target) => target !== '');
      }
    }
  }

  #failure(error: unknown): DiscoveryError {
    const { name, recordType, servers } = this.#options;
    const asked = servers.length > 0 ? servers.join(', ') : 'the name servers of this machine';
    const question = `${recordType.toUpperCase()} records of ${name}`;
    const said = (code: string, what: string) =>
      new DiscoveryError(code, `${question}: ${what}`, { cause: error });
    switch (codeOf(error)) {
      case 'ETIMEOUT':
        return said('DNS_TIMEOUT', `no answer from ${asked}: can they be reached from here?`);
      case 'ECONNREFUSED':
        return said('DNS_UNREACHABLE', `nothing answers at ${asked}`);
      case 'ESERVFAIL':
        return said('DNS_SERVFAIL', `${asked} could not find out (SERVFAIL): is the zone served?`);
      case 'EREFUSED':
        return said('DNS_REFUSED', `${asked} refuse to answer: are they meant for this machine?`);
      case 'EBADNAME':
        return said('BAD_CONFIG', 'that is not a domain name: correct cluster.dns.name');
      case 'ECANCELLED':
        return said('STOPPED', 'discovery was stopped');
      default:
        return said('DNS_FAILED', `${asked}: ${reasonOf(error)}`);
    }
  }
}
