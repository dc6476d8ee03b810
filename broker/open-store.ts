import { readFileSync } from 'node:fs';
import {
  EmbeddedStore,
  EtcdStore,
  type EtcdStoreOptions,
  type ManagedEtcd,
  type Store,
  StoreError,
} from '../store/mod.js';
import type { Engine, SeedNode } from './cluster/mod.js';
import type { NodeConfig } from './config/mod.js';
import { startMember } from './managed-member.js';

/** A store that is open, and what was started for it. */
export interface OpenDatabase {
  readonly engine: Engine;
  readonly store: Store;
  readonly etcd?: ManagedEtcd;
  /** Of an external one. */
  readonly endpoints?: readonly string[];
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
): Promise<OpenDatabase> {
  const { engine, endpoints } = config.cluster.store;
  if (engine === 'embedded') return openEmbedded(config, say);
  if (engine === 'external') return openExternal(config, endpoints);
  return openManaged(config, await startMember(config, seeds, say));
}

export async function openEmbedded(
  { cluster }: NodeConfig,
  say: (line: string) => void,
): Promise<OpenDatabase> {
  const { file } = cluster.store;
  const store =
    file === undefined ? new EmbeddedStore() : await EmbeddedStore.open(file, { warn: say });
  return { engine: 'embedded', store };
}

/** With the credentials of the config. */
export async function openExternal(
  { cluster }: NodeConfig,
  endpoints: readonly string[],
): Promise<OpenDatabase> {
  const { username, password, ssl } = cluster.store;
  const store = await EtcdStore.open({
    endpoints,
    namespace: namespaceOf(cluster.name),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...tlsOf(ssl),
  });
  return { engine: 'external', store, endpoints };
}

/** Ends the member if its store cannot be opened. */
export async function openManaged(
  { cluster }: NodeConfig,
  etcd: ManagedEtcd,
): Promise<OpenDatabase> {
  try {
    const store = await EtcdStore.open({
      endpoints: etcd.endpoints(),
      namespace: namespaceOf(cluster.name),
      ...(etcd.tls === undefined ? {} : { tls: etcd.tls }),
    });
    etcd.keepCurrent(store);
    return { engine: 'managed', store, etcd };
  } catch (error) {
    await etcd.stop();
    throw error;
  }
}

function namespaceOf(cluster: string): string {
  return `fleetgauge/${cluster}/`;
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
