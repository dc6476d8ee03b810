import { EmbeddedStore, ManagedEtcd, type Store, StoreError } from '../store/mod.js';
import type { CoreDatabase, DatabaseMove, Engine, Invitation, SeedNode } from './cluster/mod.js';
import type { NodeConfig } from './config/mod.js';
import { memberFolder, memberOptions } from './managed-member.js';
import { type MembershipFile, putAside } from './membership-file.js';
import {
  type OpenDatabase,
  openEmbedded,
  openExternal,
  openManaged,
  openStore,
} from './open-store.js';

/** The database of this core as its config says, or as it was ordered to join or leave since. */
export class Database implements CoreDatabase {
  readonly #config: NodeConfig;
  readonly #membership: MembershipFile;
  readonly #say: (line: string) => void;
  #current: OpenDatabase;

  private constructor(
    config: NodeConfig,
    membership: MembershipFile,
    say: (line: string) => void,
    current: OpenDatabase,
  ) {
    this.#config = config;
    this.#membership = membership;
    this.#say = say;
    this.#current = current;
  }

  /** Throws StoreError. */
  static async open(
    config: NodeConfig,
    membership: MembershipFile,
    seeds: () => Promise<readonly SeedNode[]>,
    say: (line: string) => void,
  ): Promise<Database> {
    const current = await openStore(config, seeds, say);
    return new Database(config, membership, say, current);
  }

  get store(): Store {
    return this.#current.store;
  }

  get engine(): Engine {
    return this.#current.engine;
  }

  async close(): Promise<void> {
    await this.#current.store.close();
    await this.#current.etcd?.stop();
  }

  invitation(): Invitation {
    const { engine, etcd } = this.#current;
    if (engine === 'managed') return { engine, endpoints: etcd?.endpoints() ?? [] };
    return { engine: 'external', endpoints: [...this.#config.cluster.store.endpoints] };
  }

  checkJoin(engine: Engine): void {
    if (engine === 'external') return;
    try {
      ManagedEtcd.check();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      throw new StoreError(
        error.code,
        `${error.message}; or start this node with node.role = replicant, which needs none`,
      );
    }
  }

  async grow(): Promise<DatabaseMove> {
    this.checkJoin('managed');
    putAside(memberFolder(this.#config), Date.now());
    const options = await memberOptions(this.#config, this.#say);
    const etcd = await ManagedEtcd.start({ ...options, initialCluster: 'new' });
    return this.#moveTo(await openManaged(this.#config, etcd));
  }

  async join({ engine, endpoints }: Invitation): Promise<DatabaseMove> {
    if (engine === 'external') return this.#moveTo(await openExternal(this.#config, endpoints));
    putAside(memberFolder(this.#config), Date.now());
    const options = await memberOptions(this.#config, this.#say);
    const etcd = await ManagedEtcd.start({ ...options, initialCluster: { join: endpoints } });
    return this.#moveTo(await openManaged(this.#config, etcd));
  }

  async leave(): Promise<DatabaseMove> {
    const { file } = this.#config.cluster.store;
    if (file !== undefined) putAside(file, Date.now());
    return this.#moveTo(await openEmbedded(this.#config, this.#say));
  }

  async forget(node: string): Promise<void> {
    await this.#current.etcd?.remove(node);
  }

  #moveTo(next: OpenDatabase): DatabaseMove {
    const before = this.#current;
    return {
      store: next.store,
      done: async () => {
        this.#current = next;
        const joined = next.engine === 'embedded' ? undefined : this.invitation();
        await this.#membership.setDatabase(joined);
        await before.store.close();
        await before.etcd?.removeSelf();
        const { file } = this.#config.cluster.store;
        if (before.store instanceof EmbeddedStore && file !== undefined) putAside(file, Date.now());
      },
      undo: async () => {
        await next.store.close();
        await next.etcd?.removeSelf();
      },
    };
  }
}
