import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { Change, Entry, Store, Watch, Watcher } from '../store.js';

/** A watcher that keeps what it got and checks that revisions only grow from call to call. */
export class Recorder implements Watcher {
  readonly calls: (readonly Change[])[] = [];
  compactions = 0;
  readonly connections: boolean[] = [];
  readonly #events = new EventEmitter();
  readonly state = new Map<string, string>();
  readonly #isPartial: boolean;

  /** `isPartial`: begins in the middle, so it may hear of deletions of keys it never saw. */
  constructor(isPartial: boolean) {
    this.#isPartial = isPartial;
  }

  changes(changes: readonly Change[]): void {
    assert.ok(changes.length > 0, 'a call has changes');
    assert.ok(changes[0]!.revision > this.lastRevision, 'no revision comes in two calls');
    this.calls.push(changes);
    for (const { key, value } of changes) {
      if (value === undefined)
        assert.ok(this.state.delete(key) || this.#isPartial, `${key} was there`);
      else this.state.set(key, value.toString('latin1'));
    }
    const revisions = changes.map(({ revision }) => revision);
    assert.deepEqual(
      revisions,
      revisions.toSorted((a, b) => a - b),
      'in order of revisions',
    );
    this.#events.emit('news');
  }

  compacted(): void {
    this.compactions++;
    this.#events.emit('news');
  }

  connected(connected: boolean): void {
    this.connections.push(connected);
    this.#events.emit('news');
  }

  get all(): Change[] {
    return this.calls.flat();
  }

  get lastRevision(): number {
    return this.calls.at(-1)?.at(-1)?.revision ?? 0;
  }

  get texts(): string[] {
    return this.all.map(({ key, value }) => `${key}=${value?.toString() ?? '-'}`);
  }

  async until(met: () => boolean, withinMs = 20_000): Promise<void> {
    const tooLate = new AbortController();
    const timer = setTimeout(() => tooLate.abort(), withinMs);
    try {
      while (!met()) await once(this.#events, 'news', { signal: tooLate.signal });
    } catch (cause) {
      const last = this.texts.slice(-3).join(' ');
      throw new Error(`not within ${withinMs} ms, after ${this.all.length} changes: ${last}`, {
        cause,
      });
    } finally {
      clearTimeout(timer);
    }
  }
}

export function stateOf(entries: readonly Entry[]): Map<string, string> {
  return new Map(entries.map(({ key, value }) => [key, value.toString('latin1')]));
}

/** Starts a recorder at that revision. */
export function record(
  store: Store,
  prefix: string,
  fromRevision: number,
  isPartial = false,
): { recorder: Recorder; watch: Watch } {
  const recorder = new Recorder(isPartial);
  return { recorder, watch: store.watch(prefix, fromRevision, recorder) };
}
