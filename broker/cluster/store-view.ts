import { type Change, type Entry, type Store, StoreError, type Watch } from '../../store/mod.js';

const RETRY_MS = 500;

/** What is made of one part of a store. */
export interface PartView {
  /** All that is there now: at first, and whenever what changed meanwhile is not known. */
  read(entries: readonly Entry[]): void;
  changed(changes: readonly Change[]): void;
}

/** Parts of a store as they are and become, until it is closed. What the store does not answer is asked again. */
export class StoreView {
  readonly #store: Store;
  readonly #connected: (connected: boolean, why: string) => void;
  #watches: Watch[] = [];
  #closed = false;

  /** `connected`: told whether the store answers. */
  constructor(store: Store, connected: (connected: boolean, why: string) => void) {
    this.#store = store;
    this.#connected = connected;
  }

  /** Resolves when the part under `prefix` is read. @throws StoreError */
  async follow(prefix: string, view: PartView): Promise<void> {
    const { revision, entries } = await this.untilAnswered(() => this.#store.read(prefix));
    if (this.#closed) return;
    view.read(entries);
    const watch = this.#store.watch(prefix, revision + 1, {
      changes: (changes) => view.changed(changes),
      compacted: () => {
        this.#watches = this.#watches.filter((other) => other !== watch);
        if (!this.#closed) void this.follow(prefix, view);
      },
      connected: (connected) => {
        this.#connected(connected, 'the watch of the cluster database is interrupted');
      },
    });
    this.#watches.push(watch);
  }

  /** @throws StoreError other than UNAVAILABLE; that one, too, when it is closed */
  async untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof StoreError) || error.code !== 'UNAVAILABLE' || this.#closed) {
          throw error;
        }
        this.#connected(false, error.message);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  close(): void {
    this.#closed = true;
    for (const watch of this.#watches) watch.close();
    this.#watches = [];
  }
}
