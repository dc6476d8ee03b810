import assert from 'node:assert/strict';
import type { Change, Store, Write } from '../store.js';
import { StoreError } from '../store-error.js';
import { type Recorder, record, stateOf } from './recorder.js';

const WRITERS = 6;

/**
 * Writers that commit numbered entries through a store and keep book of what was acknowledged, and a watch
 * through another one; `check` compares the two with what the store holds in the end.
 */
export class Ledger {
  /** key → revision at which it was acknowledged. */
  readonly #acknowledged = new Map<string, number>();
  /** The answer did not come: it may have happened. */
  readonly #uncertain = new Set<string>();
  readonly #store: Store;
  readonly #prefix: string;
  readonly #writers: Promise<void>[];
  readonly recorder: Recorder;
  #isOver = false;

  constructor(store: Store, watching: Store, prefix: string, fromRevision: number) {
    this.#store = store;
    this.#prefix = prefix;
    this.recorder = record(watching, prefix, fromRevision).recorder;
    this.#writers = Array.from({ length: WRITERS }, (_, writer) => this.#write(writer));
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  get uncertain(): number {
    return this.#uncertain.size;
  }

  /** Waits until so many more are acknowledged. */
  async more(count: number, withinMs = 30_000): Promise<void> {
    const target = this.acknowledged + count;
    const untilMs = performance.now() + withinMs;
    while (this.acknowledged < target) {
      assert.ok(performance.now() < untilMs, `${target - this.acknowledged} of ${count} missing`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async check(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#writers);
    // A last write, which every change before it must have come with.
    const last = `${this.#prefix}last`;
    const [outcome] = await this.#store.commit([
      { operations: [{ put: last, value: Buffer.from('last') }] },
    ]);
    this.#acknowledged.set(last, outcome!.revision);
    await this.recorder.until(() => this.recorder.state.has(last), 30_000);
    const { entries } = await this.#store.read(this.#prefix);
    const held = new Map(entries.map(({ key, revision }) => [key, revision]));
    for (const [key, revision] of this.#acknowledged) {
      assert.equal(held.get(key), revision, `${key} was acknowledged`);
    }
    for (const key of held.keys()) {
      assert.ok(this.#acknowledged.has(key) || this.#uncertain.has(key), `${key} was written`);
    }
    const told = new Map<string, Change>();
    for (const change of this.recorder.all) {
      assert.ok(!told.has(change.key), `${change.key} is told once`);
      assert.equal(change.revision, held.get(change.key));
      told.set(change.key, change);
    }
    assert.equal(told.size, held.size, 'every change is told');
    assert.deepEqual(this.recorder.state, stateOf(entries));
    assert.equal(this.recorder.compactions, 0);
  }

  async #write(writer: number): Promise<void> {
    for (let number = 0; !this.#isOver; number++) {
      // One write alone, or several in one commit, of which the last shows that conditions hold.
      const count = number % 3 === 0 ? 20 : 1;
      const keys = Array.from(
        { length: count },
        (_, index) => `${this.#prefix}${writer}/${number}/${index}`,
      );
      const writes = keys.map(
        (key): Write => ({
          when: [{ key, revision: 0 }],
          operations: [{ put: key, value: Buffer.from(`${number}`) }],
        }),
      );
      try {
        const outcomes = await this.#store.commit(writes);
        keys.forEach((key, index) => {
          // If a commit had been repeated, its own first try would have been in its way.
          assert.ok(outcomes[index]!.done, `${key} was done at once or not at all`);
          this.#acknowledged.set(key, outcomes[index]!.revision);
        });
      } catch (error) {
        assert.ok(error instanceof StoreError && error.code === 'UNAVAILABLE', String(error));
        for (const key of keys) this.#uncertain.add(key);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}
