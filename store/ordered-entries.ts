import type { Entry } from './store.js';

/** What an entry hangs on; `entries` is kept up by OrderedEntries. */
export interface EntryLease {
  readonly id: string;
  entries: number;
}

const LEAF_ENTRIES = 128;

/**
 * Entries as columns: 32 bytes an entry and no object. A value is a one-byte string, which costs 16 bytes
 * besides its bytes; a Buffer costs about 200.
 */
class Leaf<L> {
  keys: string[] = [];
  values: string[] = [];
  revisions: number[] = [];
  leases: (L | undefined)[] = [];

  insert(slot: number, key: string, value: string, revision: number, lease: L | undefined): void {
    insertAt(this.keys, slot, key);
    insertAt(this.values, slot, value);
    insertAt(this.revisions, slot, revision);
    insertAt(this.leases, slot, lease);
  }

  remove(slot: number): void {
    removeAt(this.keys, slot);
    removeAt(this.values, slot);
    removeAt(this.revisions, slot);
    removeAt(this.leases, slot);
  }

  /** Moves the entries from this slot on into a leaf of their own. */
  split(slot: number): Leaf<L> {
    const right = new Leaf<L>();
    right.keys = this.keys.splice(slot);
    right.values = this.values.splice(slot);
    right.revisions = this.revisions.splice(slot);
    right.leases = this.leases.splice(slot);
    return right;
  }

  append(right: Leaf<L>): void {
    this.keys.push(...right.keys);
    this.values.push(...right.values);
    this.revisions.push(...right.revisions);
    this.leases.push(...right.leases);
  }
}

/** Array.splice makes an array of what it takes out, also when that is nothing. */
function insertAt<T>(items: T[], slot: number, item: T): void {
  items.push(item);
  for (let index = items.length - 1; index > slot; index--) items[index] = items[index - 1] as T;
  items[slot] = item;
}

function removeAt<T>(items: T[], slot: number): void {
  for (let index = slot; index < items.length - 1; index++) items[index] = items[index + 1] as T;
  items.pop();
}

/** First index from `low` to `high` for which `keyAt` is not below the key. */
function lowerBound(high: number, key: string, keyAt: (index: number) => string): number {
  let low = 0;
  let end = high;
  while (low < end) {
    const middle = (low + end) >>> 1;
    if (keyAt(middle) < key) low = middle + 1;
    else end = middle;
  }
  return low;
}

/**
 * Entries in the order of their keys: a B+ tree of two levels. A million keys lie in some 10,000 leaves, and
 * the array of leaves moves only when one is split or emptied.
 */
export class OrderedEntries<L extends EntryLease> {
  readonly #leaves: Leaf<L>[] = [new Leaf<L>()];
  #size = 0;
  /** Where the last #seek ended. */
  #leaf = 0;
  #slot = 0;

  get size(): number {
    return this.#size;
  }

  has(key: string): boolean {
    return this.#seek(key);
  }

  /** Revision of its last change; 0 if there is no such key. */
  revisionOf(key: string): number {
    return this.#seek(key) ? this.#here().revisions[this.#slot]! : 0;
  }

  valueOf(key: string): string | undefined {
    return this.#seek(key) ? this.#here().values[this.#slot] : undefined;
  }

  leaseOf(key: string): L | undefined {
    return this.#seek(key) ? this.#here().leases[this.#slot] : undefined;
  }

  entry(key: string): Entry | undefined {
    return this.#seek(key) ? entryAt(this.#here(), this.#slot) : undefined;
  }

  set(key: string, value: string, revision: number, lease: L | undefined): void {
    if (lease !== undefined) lease.entries++;
    if (this.#seek(key)) {
      const leaf = this.#here();
      const before = leaf.leases[this.#slot];
      if (before !== undefined) before.entries--;
      leaf.values[this.#slot] = value;
      leaf.revisions[this.#slot] = revision;
      leaf.leases[this.#slot] = lease;
      return;
    }
    this.#size++;
    let leaf = this.#here();
    if (leaf.keys.length >= LEAF_ENTRIES) leaf = this.#makeRoom();
    leaf.insert(this.#slot, key, value, revision, lease);
  }

  delete(key: string): boolean {
    if (!this.#seek(key)) return false;
    const leaf = this.#here();
    const lease = leaf.leases[this.#slot];
    if (lease !== undefined) lease.entries--;
    leaf.remove(this.#slot);
    this.#size--;
    if (leaf.keys.length < LEAF_ENTRIES / 4) this.#merge(this.#leaf);
    return true;
  }

  /** All entries whose key begins with the prefix. */
  read(prefix: string): Entry[] {
    const entries: Entry[] = [];
    this.#visit(prefix, (leaf, slot) => {
      if (!leaf.keys[slot]!.startsWith(prefix)) return false;
      entries.push(entryAt(leaf, slot));
      return true;
    });
    return entries;
  }

  /** Up to `limit` entries with keys above this one, to the visitor. Returns the last key, or undefined at the end. */
  after(
    key: string,
    limit: number,
    visitor: (key: string, value: string, revision: number, lease: L | undefined) => void,
  ): string | undefined {
    let last: string | undefined;
    let left = limit;
    this.#visit(key, (leaf, slot) => {
      const here = leaf.keys[slot]!;
      if (here === key) return true;
      if (left-- === 0) return false;
      visitor(here, leaf.values[slot]!, leaf.revisions[slot]!, leaf.leases[slot]);
      last = here;
      return true;
    });
    return left < 0 ? last : undefined;
  }

  /** The keys on a lease. Looks through all entries: leases end seldom, and an index costs memory all the time. */
  keysOf(lease: L): string[] {
    const keys: string[] = [];
    if (lease.entries === 0) return keys;
    for (const leaf of this.#leaves) {
      for (let slot = 0; slot < leaf.leases.length; slot++) {
        if (leaf.leases[slot] === lease) keys.push(leaf.keys[slot]!);
      }
    }
    return keys;
  }

  #here(): Leaf<L> {
    return this.#leaves[this.#leaf] as Leaf<L>;
  }

  /** Sets #leaf and #slot to where the key is or would be. */
  #seek(key: string): boolean {
    const leaves = this.#leaves;
    const above = lowerBound(leaves.length, key, (index) => leaves[index]!.keys[0] ?? '');
    const exact = leaves[above]?.keys[0] === key;
    this.#leaf = exact ? above : Math.max(above - 1, 0);
    const { keys } = this.#here();
    this.#slot = exact ? 0 : lowerBound(keys.length, key, (index) => keys[index]!);
    return keys[this.#slot] === key;
  }

  /** Splits the full leaf at #leaf; sets #leaf and #slot anew and returns the leaf there. */
  #makeRoom(): Leaf<L> {
    const leaf = this.#here();
    // Keys that come in order, as in a snapshot, leave full leaves behind.
    const atEnd = this.#slot === leaf.keys.length && this.#leaf === this.#leaves.length - 1;
    const at = atEnd ? leaf.keys.length : leaf.keys.length >>> 1;
    this.#leaves.splice(this.#leaf + 1, 0, leaf.split(at));
    if (this.#slot > at || atEnd) {
      this.#leaf++;
      this.#slot -= at;
    }
    return this.#here();
  }

  /** Joins a sparse leaf with a neighbour if both fit into three quarters of one. */
  #merge(index: number): void {
    const leaves = this.#leaves;
    if (leaves.length === 1) return;
    const left = index === 0 ? 0 : index - 1;
    const joined = leaves[left]!.keys.length + leaves[left + 1]!.keys.length;
    if (joined > LEAF_ENTRIES * 0.75 && leaves[index]!.keys.length > 0) return;
    leaves[left]!.append(leaves[left + 1]!);
    leaves.splice(left + 1, 1);
  }

  /** From the first key not below this one, until the visitor says no. */
  #visit(from: string, visitor: (leaf: Leaf<L>, slot: number) => boolean): void {
    this.#seek(from);
    let slot = this.#slot;
    for (let index = this.#leaf; index < this.#leaves.length; index++, slot = 0) {
      const leaf = this.#leaves[index]!;
      for (; slot < leaf.keys.length; slot++) if (!visitor(leaf, slot)) return;
    }
  }
}

function entryAt<L extends EntryLease>(leaf: Leaf<L>, slot: number): Entry {
  const lease = leaf.leases[slot];
  return {
    key: leaf.keys[slot]!,
    value: Buffer.from(leaf.values[slot]!, 'latin1'),
    revision: leaf.revisions[slot]!,
    ...(lease === undefined ? {} : { lease: lease.id }),
  };
}
