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
/**
 * How long the first looks around before it begins: where all machines start at once and its disk is a new one, the
 * others' etcd with the data is there within this time.
 */
const LOOK_AROUND_MS = 1500;

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
  startTimeoutMs = OTHERS_TIMEOUT_MS,
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
    startTimeoutMs,
    say,
    died: (why) => say(`its etcd ended and is started again: ${why}`),
  };
}

/**
 * This node's etcd member. One that has data goes on with them. Of those without, the core whose name comes first
 * begins the etcd cluster and the others join it: so all may be started at once, from one config, and none
 * begins a second; if it does not come, the others begin as well where discovery unites them. It does not begin one where
 * an etcd waits for a quorum: this node may be what it misses.
 */
export async function startMember(
  { node, cluster }: MemberConfig,
  seeds: () => Promise<readonly SeedNode[]>,
  say: (line: string) => void,
  othersTimeoutMs = OTHERS_TIMEOUT_MS,
): Promise<ManagedEtcd> {
  const { clientPort, peerPort } = cluster.store;
  const options = await memberOptions({ node, cluster }, say, othersTimeoutMs);
  const startMs = performance.now();
  const isUnited = !['manual', 'singleton'].includes(cluster.discoveryStrategy);
  for (let first = true; ; first = false) {
    const others = await seeds();
    const found = await Promise.all(
      others.map(async ({ name, host: at }) => {
        const base = `https://${at.includes(':') ? `[${at}]` : at}`;
        const urls = { client: `${base}:${clientPort}`, peer: `${base}:${peerPort}` };
        const presence = await presenceAt(urls, options.certificates.client);
        return { name, url: urls.client, presence };
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
    const passedMs = performance.now() - startMs;
    const isFirst = others.every(({ name }) => node.name < name) && waiting.length === 0;
    const hasLooked = others.length === 0 || passedMs > LOOK_AROUND_MS;
    const isTired = isUnited && passedMs > FIRST_TIMEOUT_MS && waiting.length === 0;
    if (dataIn(options.dataDir) === 'whole' || (isFirst && hasLooked) || isTired) {
      return ManagedEtcd.start({ ...options, initialCluster: 'new' });
    }
    const names = (waiting.length > 0 ? waiting : found)
      .map(({ name }) => `'${name}'`)
      .join(' or ');
    if (first && !isFirst) say(`waits for the etcd of ${names}`);
    if (passedMs > othersTimeoutMs) {
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
