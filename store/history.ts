import type { Change } from './store.js';

export interface HistoryLimits {
  /** Changes kept for watches that begin in the past. */
  historyChanges: number;
  /** Bytes of values kept with them. */
  historyBytes: number;
}

/** The last changes in order, as columns. Those of one revision are kept or dropped together. */
export class History {
  #keys: string[] = [];
  #values: (string | undefined)[] = [];
  #revisions: number[] = [];
  /** Index of the first one kept; what is before it is cut off now and then. */
  #start = 0;
  #bytes = 0;
  #compactedRevision: number;

  /** Nothing is known of the changes up to that revision. */
  constructor(compactedRevision: number) {
    this.#compactedRevision = compactedRevision;
  }

  /** The last revision whose changes are gone. */
  get compactedRevision(): number {
    return this.#compactedRevision;
  }

  push(key: string, value: string | undefined, revision: number): void {
    this.#keys.push(key);
    this.#values.push(value);
    this.#revisions.push(revision);
    this.#bytes += value?.length ?? 0;
  }

  /** Drops the oldest, of those up to that revision, until what is left keeps the limits. */
  trim({ historyChanges, historyBytes }: HistoryLimits, upTo: number): void {
    const end = this.#revisions.length;
    while (end - this.#start > historyChanges || this.#bytes > historyBytes) {
      const revision = this.#revisions[this.#start];
      if (revision === undefined || revision > upTo) break;
      while (this.#start < end && this.#revisions[this.#start] === revision) {
        this.#bytes -= this.#values[this.#start]?.length ?? 0;
        this.#values[this.#start] = undefined;
        this.#start++;
      }
      this.#compactedRevision = revision;
    }
    if (this.#start > 1024 && this.#start > end / 2) {
      this.#keys = this.#keys.slice(this.#start);
      this.#values = this.#values.slice(this.#start);
      this.#revisions = this.#revisions.slice(this.#start);
      this.#start = 0;
    }
  }

  /** Changes under the prefix with revisions from `from` to `to`, both included. */
  between(prefix: string, from: number, to: number): Change[] {
    const changes: Change[] = [];
    for (let index = this.#firstFrom(from); index < this.#revisions.length; index++) {
      const revision = this.#revisions[index]!;
      if (revision > to) break;
      const key = this.#keys[index]!;
      if (!key.startsWith(prefix)) continue;
      const value = this.#values[index];
      changes.push({
        key,
        value: value === undefined ? undefined : Buffer.from(value, 'latin1'),
        revision,
      });
    }
    return changes;
  }

  #firstFrom(revision: number): number {
    let low = this.#start;
    let high = this.#revisions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#revisions[middle]! < revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
