import { readFileSync } from 'node:fs';
import {
  EmbeddedStore,
  EtcdStore,
  type EtcdStoreOptions,
  type Store,
  StoreError,
} from '../store/mod.js';
import type { SeedNode } from './cluster/mod.js';
import type { NodeConfig } from './config/mod.js';
import { startMember } from './managed-member.js';

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
  try {
    const store = await EtcdStore.open({
      endpoints: etcd.endpoints(),
      namespace,
      ...(etcd.tls === undefined ? {} : { tls: etcd.tls }),
    });
    etcd.keepCurrent(store);
    return {
      store,
      close: async () => {
        await store.close();
        await etcd.stop();
      },
    };
  } catch (error) {
    await etcd.stop();
    throw error;
  }
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
