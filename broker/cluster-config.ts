import {
  type ClusterOptions,
  createDiscovery,
  type Discovery,
  type DiscoveryOptions,
  hostOf,
  linkPortOf,
  type SeedNode,
} from './cluster/mod.js';
import type { NodeConfig } from './config/mod.js';
import { openStore } from './open-store.js';

/** What a config says of the node's part in a cluster, ready for `startBroker`. */
export interface ClusterPart {
  readonly options: Omit<ClusterOptions, 'name' | 'version'>;
  /** Ends what was opened for it; after the broker is closed. */
  close(): Promise<void>;
}

/**
 * Opens what the node needs for its part in a cluster; undefined without a cookie: then it takes no links.
 * Throws DiscoveryError and StoreError when the config cannot work.
 */
export async function openCluster(
  config: NodeConfig,
  warn: (line: string) => void,
): Promise<ClusterPart | undefined> {
  const { node, cluster } = config;
  const { cookie } = node;
  if (cookie === undefined) return undefined;
  const deps = { self: node.name, clusterName: cluster.name, cookie, warn };
  const discovery = createDiscovery(discoveryOptions(config), deps);
  const find = (): Promise<SeedNode[]> => seeds(config, discovery, warn);
  const opened = node.role === 'core' ? await openStore(config, find, warn) : undefined;
  if (node.role === 'core') await beFound(discovery, warn);
  return {
    options: {
      role: node.role,
      cluster: cluster.name,
      cookie,
      forward: cluster.forward,
      linkHost: hostOf(node.name),
      linkPort: linkPort(node.name, config),
      store: opened?.store,
      seeds: find,
      heal: cluster.autoheal,
      autocleanMs: cluster.autocleanMs,
    },
    close: async () => {
      await discovery.unregister?.().catch(() => undefined);
      await discovery.stop();
      await opened?.close();
    },
  };
}

/** Where nodes are found by what they say of themselves, a core says so. */
async function beFound(discovery: Discovery, warn: (line: string) => void): Promise<void> {
  const complain = (error: unknown): void => {
    warn(error instanceof Error ? error.message : String(error));
  };
  await discovery.register?.().catch(complain);
  // In a multicast group it answers others from its first question on.
  if (discovery.strategy === 'mcast') void discovery.discover().catch(complain);
}

/** Nodes that may be cores. What cannot be asked now is asked again soon. */
async function seeds(
  { node, cluster, ...config }: NodeConfig,
  discovery: Discovery,
  warn: (line: string) => void,
): Promise<SeedNode[]> {
  const names = new Set(cluster.coreNodes);
  try {
    for (const name of await discovery.discover()) names.add(name);
  } catch (error) {
    warn(error instanceof Error ? error.message : String(error));
  }
  names.delete(node.name);
  const all = { node, cluster, ...config };
  return [...names].map((name) => ({ name, host: hostOf(name), port: linkPort(name, all) }));
}

function linkPort(name: string, { rpc }: NodeConfig): number {
  return rpc.portDiscovery === 'manual' ? rpc.tcpServerPort : linkPortOf(name);
}

function discoveryOptions({ cluster }: NodeConfig): DiscoveryOptions {
  const { discoveryStrategy: strategy, mcast, dns, etcd, k8s } = cluster;
  switch (strategy) {
    case 'static':
      return { strategy, seeds: cluster.static.seeds };
    case 'mcast': {
      const { bufferBytes: _, ports, ...rest } = mcast;
      return { strategy, ...rest, ports: [...ports] };
    }
    case 'dns':
      return { strategy, ...dns };
    case 'etcd': {
      const { enable, caFile, certFile, keyFile } = etcd.ssl;
      const files = { cacertfile: caFile, certfile: certFile, keyfile: keyFile };
      const given = Object.entries(files).filter(([, file]) => file !== undefined);
      const ssl = { enable, ...Object.fromEntries(given) };
      return { strategy, server: etcd.servers.join(','), prefix: etcd.prefix, ssl };
    }
    case 'k8s':
      return { strategy, ...k8s };
    default:
      return { strategy: 'manual' };
  }
}
