/** Databases in the process of a test that several cores can share, as they share an etcd. */
import { EmbeddedStore, StoreError } from '../../store/mod.js';
import type { CoreDatabase, DatabaseMove, Engine, Invitation } from '../cluster/mod.js';

export class SharedDatabases {
  readonly #stores: EmbeddedStore[] = [];
  readonly forgotten: string[] = [];
  /** What is done to open another database fails with this. */
  failure: StoreError | undefined;

  /** One core's, embedded at first. */
  own(): CoreDatabase & { readonly moves: string[] } {
    let store = new EmbeddedStore();
    let engine: Engine = 'embedded';
    const moves: string[] = [];
    const to = (next: EmbeddedStore, nextEngine: Engine, what: string): DatabaseMove => {
      if (this.failure !== undefined) throw this.failure;
      const before = store;
      const beforeEngine = engine;
      return {
        store: next,
        done: async () => {
          moves.push(what);
          store = next;
          engine = nextEngine;
          if (beforeEngine === 'embedded') await before.close();
        },
        undo: async () => {
          moves.push(`undo ${what}`);
        },
      };
    };
    return {
      moves,
      get store() {
        return store;
      },
      get engine() {
        return engine;
      },
      invitation: () => ({
        engine: 'managed',
        endpoints: [String(this.#stores.indexOf(store))],
      }),
      checkJoin: () => {
        if (this.failure !== undefined) throw this.failure;
      },
      grow: async () => {
        const next = new EmbeddedStore();
        this.#stores.push(next);
        return to(next, 'managed', 'grow');
      },
      join: async ({ endpoints: [index] }: Invitation) =>
        to(this.#stores[Number(index)] as EmbeddedStore, 'managed', 'join'),
      leave: async () => to(new EmbeddedStore(), 'embedded', 'leave'),
      forget: async (node) => {
        this.forgotten.push(node);
      },
    };
  }
}

export function storeFailure(): StoreError {
  return new StoreError('BAD_CONFIG', "there is no program 'etcd' on the PATH");
}
