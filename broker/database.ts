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
    return this.#invitationTo(this.#current);
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

  /** Remembered at once: from now on the others' etcd counts on this node's member. */
  async join(invitation: Invitation): Promise<DatabaseMove> {
    const next = await this.#openOther(invitation);
    const move = this.#moveTo(next);
    try {
      await this.#remember(next);
    } catch (error) {
      await move.undo();
      throw error;
    }
    return move;
  }

  async leave(): Promise<DatabaseMove> {
    const { file } = this.#config.cluster.store;
    if (file !== undefined) putAside(file, Date.now());
    return this.#moveTo(await openEmbedded(this.#config, this.#say));
  }

  async forget(node: string): Promise<void> {
    await this.#current.etcd?.remove(node);
  }

  #invitationTo({ engine, etcd, endpoints }: OpenDatabase): Invitation {
    if (engine === 'managed') return { engine, endpoints: etcd?.endpoints() ?? [] };
    return { engine: 'external', endpoints: [...(endpoints ?? [])] };
  }

  async #openOther({ engine, endpoints }: Invitation): Promise<OpenDatabase> {
    if (engine === 'external') return openExternal(this.#config, endpoints);
    putAside(memberFolder(this.#config), Date.now());
    const options = await memberOptions(this.#config, this.#say);
    const etcd = await ManagedEtcd.start({ ...options, initialCluster: { join: endpoints } });
    return openManaged(this.#config, etcd);
  }

  #remember(database: OpenDatabase): Promise<void> {
    const joined = database.engine === 'embedded' ? undefined : this.#invitationTo(database);
    return this.#membership.setDatabase(joined);
  }

  #moveTo(next: OpenDatabase): DatabaseMove {
    const before = this.#current;
    const rememberedBefore = this.#membership.database;
    return {
      store: next.store,
      done: async () => {
        this.#current = next;
        await this.#remember(next);
        await before.store.close();
        await before.etcd?.removeSelf();
        const { file } = this.#config.cluster.store;
        if (before.store instanceof EmbeddedStore && file !== undefined) putAside(file, Date.now());
      },
      undo: async () => {
        await next.store.close();
        await next.etcd?.removeSelf();
        await this.#membership.setDatabase(rememberedBefore);
      },
    };
  }
}
