import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ManagedEtcd, type ManagedEtcdOptions, StoreError } from '../store/mod.js';
import { hostOf, type SeedNode } from './cluster/mod.js';
import type { NodeConfig } from './config/mod.js';

/** How long a core that is not the first waits for the first one's etcd. */
const FIRST_CORE_TIMEOUT_MS = 60_000;
const ASK_AGAIN_MS = 500;
const ASK_TIMEOUT_MS = 2000;

type MemberConfig = Pick<NodeConfig, 'node' | 'cluster'>;

/** Where this node's member keeps its data. */
export function memberFolder({ node }: MemberConfig): string {
  return join(node.dataDir, 'etcd');
}

/** A member of this node, save for which cluster it begins or joins. */
export function memberOptions(
  config: MemberConfig,
  say: (line: string) => void,
): Omit<ManagedEtcdOptions, 'initialCluster'> {
  const { clientPort, peerPort } = config.cluster.store;
  return {
    name: config.node.name,
    dataDir: memberFolder(config),
    host: hostOf(config.node.name),
    clientPort,
    peerPort,
    died: (why) => say(`its etcd ended and is started again: ${why}`),
  };
}

/**
 * This node's etcd member. The core whose name comes first begins the etcd cluster, the others join it: so all
 * may be started at once, from one config, and none begins a second.
 */
export async function startMember(
  { node, cluster }: MemberConfig,
  seeds: () => Promise<readonly SeedNode[]>,
  say: (line: string) => void,
): Promise<ManagedEtcd> {
  const { clientPort } = cluster.store;
  const options = memberOptions({ node, cluster }, say);
  // A member goes on being the one it is: its vote may be what the others wait for.
  if (existsSync(join(options.dataDir, 'member'))) {
    return ManagedEtcd.start({ ...options, initialCluster: 'new' });
  }
  const endMs = performance.now() + FIRST_CORE_TIMEOUT_MS;
  for (let first = true; ; first = false) {
    const others = await seeds();
    const urls = others.map(({ host }) => `http://${host}:${clientPort}`);
    const answering = await firstThatAnswers(urls);
    if (answering !== undefined) {
      return ManagedEtcd.start({ ...options, initialCluster: { join: [answering] } });
    }
    if (others.every(({ name }) => node.name < name)) {
      return ManagedEtcd.start({ ...options, initialCluster: 'new' });
    }
    if (first) say(`waits for the etcd of ${others.map(({ name }) => `'${name}'`).join(' or ')}`);
    if (performance.now() > endMs) {
      throw new StoreError(
        'UNAVAILABLE',
        `no etcd answers at ${urls.join(', ')}: start the core whose name comes first, or choose cluster.store.engine = external`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}

async function firstThatAnswers(urls: readonly string[]): Promise<string | undefined> {
  for (const url of urls) {
    try {
      const signal = AbortSignal.timeout(ASK_TIMEOUT_MS);
      if ((await fetch(`${url}/health`, { signal })).ok) return url;
    } catch {
      // Not up yet.
    }
  }
  return undefined;
}
