import type { Store } from '../../store/mod.js';

/** Where the cores keep the cluster's database. */
export type Engine = 'embedded' | 'managed' | 'external';

/** What a core needs to use another core's database, too. */
export interface Invitation {
  engine: Exclude<Engine, 'embedded'>;
  /** Client addresses of the etcd. */
  endpoints: string[];
}

/** A database that is open beside the one in use: the core takes it, or does not. */
export interface DatabaseMove {
  readonly store: Store;
  /** The core uses it: the one before is closed and this one remembered. */
  done(): Promise<void>;
  /** The core does not: it is closed, and the one before stays. */
  undo(): Promise<void>;
}

/** The database of a core, and the ways to another one. Each opens it; nothing of the one in use changes by that. */
export interface CoreDatabase {
  readonly store: Store;
  readonly engine: Engine;
  /** Of one that is not embedded. */
  invitation(): Invitation;
  /** Whether `join` can work here, before anything is done. @throws StoreError BAD_CONFIG */
  checkJoin(engine: Engine): void;
  /** Begins an empty one that other cores can use as well, in place of an embedded one. @throws StoreError */
  grow(): Promise<DatabaseMove>;
  /** Opens another core's, in place of an embedded or external one. @throws StoreError */
  join(invitation: Invitation): Promise<DatabaseMove>;
  /** Opens an empty one of this core's own. @throws StoreError */
  leave(): Promise<DatabaseMove>;
  /** Another core is out of the cluster for good. @throws StoreError */
  forget(node: string): Promise<void>;
}

/** A database that stays what it is. */
export function onlyStore(store: Store): CoreDatabase {
  const refuse = async (): Promise<never> => {
    throw new Error('there is no other database to move to');
  };
  return {
    store,
    engine: store.engine === 'etcd' ? 'external' : 'embedded',
    invitation: () => ({ engine: 'external', endpoints: [] }),
    checkJoin: () => {},
    grow: refuse,
    join: refuse,
    leave: refuse,
    forget: async () => {},
  };
}
