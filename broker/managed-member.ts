import { join } from 'node:path';
import {
  type CookieCertificates,
  cookieCertificates,
  dataIn,
  ManagedEtcd,
  type ManagedEtcdOptions,
  presenceAt,
  StoreError,
} from '../store/mod.js';
import { hostOf, type SeedNode } from './cluster/mod.js';
import type { NodeConfig } from './config/mod.js';

/** How long a core waits for others: one that is not the first for the first, one with data for a quorum. */
const OTHERS_TIMEOUT_MS = 60_000;
/** The same where discovery unites what begins apart: then a machine that is missing keeps the others from nothing. */
const FIRST_TIMEOUT_MS = 5000;
const ASK_AGAIN_MS = 500;

type MemberConfig = Pick<NodeConfig, 'node' | 'cluster'>;
type MemberOptions = Omit<ManagedEtcdOptions, 'initialCluster'>;

/** Where this node's member keeps its data. */
export function memberFolder({ node }: MemberConfig): string {
  return join(node.dataDir, 'etcd');
}

/** A member of this node, save for which cluster it begins or joins. Throws StoreError without a cookie. */
export async function memberOptions(
  config: MemberConfig,
  say: (line: string) => void,
): Promise<MemberOptions & { certificates: CookieCertificates }> {
  const { node, cluster } = config;
  const { clientPort, peerPort } = cluster.store;
  const { cookie } = node;
  if (cookie === undefined) throw new StoreError('BAD_CONFIG', 'managed etcd needs node.cookie');
  const host = hostOf(node.name);
  return {
    name: node.name,
    dataDir: memberFolder(config),
    host,
    clientPort,
    peerPort,
    certificates: await cookieCertificates({ cookie, cluster: cluster.name, host }),
    startTimeoutMs: OTHERS_TIMEOUT_MS,
    say,
    died: (why) => say(`its etcd ended and is started again: ${why}`),
  };
}

/**
 * This node's etcd member. One that has data goes on with them. Of those without, the core whose name comes first
 * begins the etcd cluster and the others join it: so all may be started at once, from one config, and none
 * begins a second; if it does not come, the others begin as well where discovery unites them. None begins one where
 * an etcd waits for a quorum: this node may be what it misses.
 */
export async function startMember(
  { node, cluster }: MemberConfig,
  seeds: () => Promise<readonly SeedNode[]>,
  say: (line: string) => void,
): Promise<ManagedEtcd> {
  const { clientPort } = cluster.store;
  const options = await memberOptions({ node, cluster }, say);
  const beganMs = performance.now();
  const isUnited = !['manual', 'singleton'].includes(cluster.discoveryStrategy);
  for (let first = true; ; first = false) {
    const others = await seeds();
    const found = await Promise.all(
      others.map(async ({ name, host: at }) => {
        const url = `https://${at.includes(':') ? `[${at}]` : at}:${clientPort}`;
        return { name, url, presence: await presenceAt(url, options.certificates.client) };
      }),
    );
    const serving = found.filter(({ presence }) => presence === 'serves');
    if (serving.length > 0) {
      return ManagedEtcd.start({
        ...options,
        initialCluster: { join: serving.map(({ url }) => url) },
      });
    }
    const stranger = found.find(({ presence }) => presence === 'stranger');
    if (stranger !== undefined) {
      throw new StoreError(
        'BAD_CONFIG',
        `what answers at ${stranger.url} for '${stranger.name}' has not the certificates that follow from this node's cookie: node.cookie and cluster.name must be the same on all cores`,
      );
    }
    const waiting = found.filter(({ presence }) => presence === 'waits');
    const waitedMs = performance.now() - beganMs;
    const isFirst = others.every(({ name }) => node.name < name);
    const begins = isFirst || (isUnited && waitedMs > FIRST_TIMEOUT_MS);
    if (dataIn(options.dataDir) === 'whole' || (begins && waiting.length === 0)) {
      return ManagedEtcd.start({ ...options, initialCluster: 'new' });
    }
    const names = (waiting.length > 0 ? waiting : found)
      .map(({ name }) => `'${name}'`)
      .join(' or ');
    if (first) say(`waits for the etcd of ${names}`);
    if (waitedMs > OTHERS_TIMEOUT_MS) {
      throw new StoreError(
        'UNAVAILABLE',
        waiting.length > 0
          ? `the etcd of ${names} has no quorum, and this node has no data to give it one: start the other cores`
          : `no etcd answers at ${found.map(({ url }) => url).join(', ')}: start the core whose name comes first, or choose cluster.store.engine = external`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}
