import { type Outcome, type Store, StoreError, type Write } from '../../store/mod.js';
import type { WireWrite } from './wire-write.js';

interface Waiting {
  write: Write;
  resolve: (outcome: Outcome) => void;
  reject: (error: unknown) => void;
}

/** Writes in one commit: the store makes transactions of them as it must. */
const LARGEST_BATCH = 4096;

/**
 * Everybody's writes into the store, in the order they were asked for: while one commit is under way the next
 * one gathers. One put at a time is ten times slower on etcd.
 */
export class WriteBatcher {
  readonly #store: Store;
  #waiting: Waiting[] = [];
  #busy = false;

  constructor(store: Store) {
    this.#store = store;
  }

  write(write: Write): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, resolve, reject });
      if (!this.#busy) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#busy = true;
    // What is asked for in this turn goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, LARGEST_BATCH);
      try {
        const outcomes = await this.#store.commit(batch.map(({ write }) => write));
        for (const [index, { resolve }] of batch.entries()) resolve(outcomes[index] as Outcome);
      } catch (error) {
        // One node's lease that is gone is no failure of the others' writes.
        const known = error instanceof StoreError ? error.outcomes : undefined;
        for (const [index, { resolve, reject }] of batch.entries()) {
          const outcome = known?.[index];
          if (outcome === undefined) reject(error);
          else resolve(outcome);
        }
      }
    }
    this.#busy = false;
  }
}

/** What a node asks to be written, on its lease. */
export function storeWrite(write: WireWrite, lease: string): Write {
  const [kind, key, value] = write;
  switch (kind) {
    case 'put':
      return { operations: [{ put: key, value: Buffer.from(value), lease }] };
    case 'add':
      return {
        when: [{ key, revision: 0 }],
        operations: [{ put: key, value: Buffer.from(value), lease }],
      };
    case 'renew':
      return {
        when: [{ key, value: Buffer.from(value) }],
        operations: [{ put: key, value: Buffer.from(value), lease }],
      };
    case 'keep':
      return { operations: [{ put: key, value: Buffer.from(value) }] };
    case 'delete':
      return value === undefined
        ? { operations: [{ delete: key }] }
        : { when: [{ key, value: Buffer.from(value) }], operations: [{ delete: key }] };
  }
}
