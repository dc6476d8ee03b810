import { join } from 'node:path';
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
import { Database } from './database.js';
import { MembershipFile } from './membership-file.js';

/** What a config says of the node's part in a cluster, ready for `startBroker`. */
export interface ClusterPart {
  readonly options: Omit<ClusterOptions, 'name' | 'version'>;
  /** Ends what was opened for it; after the broker is closed. */
  close(): Promise<void>;
}

/**
 * Opens what the node needs for its part in a cluster; undefined without a cookie: then it takes no links.
 * Throws BrokerError, DiscoveryError and StoreError when the config cannot work.
 */
export async function openCluster(
  given: NodeConfig,
  warn: (line: string) => void,
): Promise<ClusterPart | undefined> {
  const { cookie, name, role, dataDir } = given.node;
  if (cookie === undefined) return undefined;
  const membership = new MembershipFile(join(dataDir, 'membership.json'));
  const config = withMembership(given, membership);
  const { cluster } = config;
  const deps = { self: name, clusterName: cluster.name, cookie, warn };
  const discovery = createDiscovery(discoveryOptions(config), deps);
  const find = seedsOf(config, discovery, warn);
  const database =
    role === 'core' ? await Database.open(config, membership, find, warn) : undefined;
  return {
    options: {
      role,
      cluster: cluster.name,
      cookie,
      forward: cluster.forward,
      linkHost: hostOf(name),
      linkPort: linkPort(name, config),
      database,
      discovery,
      singleton: cluster.discoveryStrategy === 'singleton',
      seeds: find,
      addressOf: (node) => addressOf(node, config),
      remember: (cores, isOrder) =>
        isOrder || membership.isJoined ? membership.setCores(cores) : Promise.resolve(),
      heal: cluster.autoheal,
      autocleanMs: cluster.autocleanMs,
    },
    close: async () => {
      await discovery.unregister?.().catch(() => undefined);
      await discovery.stop();
      await database?.close();
    },
  };
}

/** What the node was ordered to join goes before its config. */
function withMembership(config: NodeConfig, { database, cores }: MembershipFile): NodeConfig {
  const { cluster } = config;
  const store = database === undefined ? cluster.store : { ...cluster.store, ...database };
  const coreNodes = [...new Set([...cluster.coreNodes, ...cores])];
  return { ...config, cluster: { ...cluster, store, coreNodes } };
}

/** Finds nodes that may be cores. A source that cannot be asked is complained of once, until it answers again. */
function seedsOf(
  config: NodeConfig,
  discovery: Discovery,
  warn: (line: string) => void,
): () => Promise<SeedNode[]> {
  let complaint = '';
  return async () => {
    const names = new Set(config.cluster.coreNodes);
    try {
      for (const name of await discovery.discover()) names.add(name);
      complaint = '';
    } catch (error) {
      const line = error instanceof Error ? error.message : String(error);
      if (line !== complaint) warn(line);
      complaint = line;
    }
    names.delete(config.node.name);
    return [...names].map((name) => addressOf(name, config));
  };
}

function addressOf(name: string, config: Pick<NodeConfig, 'rpc'>): SeedNode {
  return { name, host: hostOf(name), port: linkPort(name, config) };
}

function linkPort(name: string, { rpc }: Pick<NodeConfig, 'rpc'>): number {
  return rpc.portDiscovery === 'manual' ? rpc.tcpServerPort : linkPortOf(name);
}

/** In the words of discovery. */
export function discoveryOptions({ cluster }: Pick<NodeConfig, 'cluster'>): DiscoveryOptions {
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
    case 'k8s': {
      const { apiServer: apiserver, appName, ...rest } = k8s;
      return { strategy, apiserver, ...(appName === undefined ? {} : { app: appName }), ...rest };
    }
    default:
      return { strategy: 'manual' };
  }
}
