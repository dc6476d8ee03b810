import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  EmbeddedStore,
  EtcdStore,
  type EtcdStoreOptions,
  ManagedEtcd,
  type Store,
  StoreError,
} from '../store/mod.js';
import { hostOf, type SeedNode } from './cluster/mod.js';
import type { NodeConfig } from './config/mod.js';

/** How long a core that is not the first waits for the first one's etcd. */
const FIRST_CORE_TIMEOUT_MS = 60_000;
const ASK_AGAIN_MS = 500;
const ASK_TIMEOUT_MS = 2000;

/** The cluster database of a core, and how to end what was started for it. */
export interface OpenStore {
  store: Store;
  close(): Promise<void>;
}

/**
 * Opens what `cluster.store` says: embedded in this process, an etcd that is there, or an etcd member of this
 * node's own. Clusters of different names share an etcd without seeing each other.
 * Throws StoreError.
 */
export async function openStore(
  config: NodeConfig,
  seeds: () => Promise<readonly SeedNode[]>,
  say: (line: string) => void,
): Promise<OpenStore> {
  const { engine, endpoints, username, password, ssl, file } = config.cluster.store;
  if (engine === 'embedded') {
    const store =
      file === undefined ? new EmbeddedStore() : await EmbeddedStore.open(file, { warn: say });
    return { store, close: () => store.close() };
  }
  const namespace = `fleetgauge/${config.cluster.name}/`;
  if (engine === 'external') {
    const store = await EtcdStore.open({
      endpoints,
      namespace,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...tlsOf(ssl),
    });
    return { store, close: () => store.close() };
  }
  const etcd = await startMember(config, seeds, say);
  const store = await EtcdStore.open({ endpoints: etcd.endpoints(), namespace });
  return {
    store,
    close: async () => {
      await store.close();
      await etcd.stop();
    },
  };
}

/**
 * This node's etcd member. The core whose name comes first begins the etcd cluster, the others join it: so all
 * may be started at once, from one config, and none begins a second.
 */
async function startMember(
  { node, cluster }: NodeConfig,
  seeds: () => Promise<readonly SeedNode[]>,
  say: (line: string) => void,
): Promise<ManagedEtcd> {
  const { clientPort, peerPort } = cluster.store;
  const options = {
    name: node.name,
    dataDir: join(node.dataDir, 'etcd'),
    host: hostOf(node.name),
    clientPort,
    peerPort,
    died: (why: string) => say(`its etcd ended and is started again: ${why}`),
  };
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

function tlsOf({
  caFile,
  certFile,
  keyFile,
}: NodeConfig['cluster']['store']['ssl']): Pick<EtcdStoreOptions, 'tls'> {
  if (caFile === undefined && certFile === undefined) return {};
  const read = (file: string | undefined, key: string): Buffer | undefined => {
    if (file === undefined) return undefined;
    try {
      return readFileSync(file);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new StoreError('BAD_CONFIG', `cluster.store.ssl.${key}: ${why}`);
    }
  };
  const parts = {
    ca: read(caFile, 'cacertfile'),
    cert: read(certFile, 'certfile'),
    key: read(keyFile, 'keyfile'),
  };
  return { tls: Object.fromEntries(Object.entries(parts).filter(([, bytes]) => bytes)) };
}
