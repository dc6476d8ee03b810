import type { History } from './history.js';
import type { Watch, Watcher } from './store.js';

interface Watching {
  readonly prefix: string;
  readonly watcher: Watcher;
  /** The first revision it has not seen. */
  nextRevision: number;
}

/** The watches of the embedded engine: each is a place in the history. */
export class Watchers {
  readonly #all = new Set<Watching>();

  add(prefix: string, fromRevision: number, watcher: Watcher): Watch {
    const watching = { prefix, watcher, nextRevision: fromRevision };
    this.#all.add(watching);
    return { close: () => this.#all.delete(watching) };
  }

  /** Gives each what it has not seen of the history up to that revision. */
  deliver(history: History, safeRevision: number): void {
    for (const watching of [...this.#all]) {
      const { prefix, watcher, nextRevision } = watching;
      // One watcher's code may close another's watch.
      if (nextRevision > safeRevision || !this.#all.has(watching)) continue;
      if (nextRevision <= history.compactedRevision) {
        this.#all.delete(watching);
        watcher.compacted();
        continue;
      }
      watching.nextRevision = safeRevision + 1;
      const changes = history.between(prefix, nextRevision, safeRevision);
      if (changes.length > 0) watcher.changes(changes);
    }
  }

  /** Says that the store answers, or no longer does. */
  connected(connected: boolean): void {
    for (const { watcher } of [...this.#all]) watcher.connected?.(connected);
  }

  clear(): void {
    this.#all.clear();
  }
}
