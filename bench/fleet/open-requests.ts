/**
 * Requests that are not answered yet, by sender and sequence: an open-addressing hash table in typed arrays,
 * nothing allocated per request. What is removed closes its gap (Knuth, vol. 3, 6.4, algorithm R).
 */
export class OpenRequests {
  #senders: Uint32Array;
  /** 0: the slot is free; otherwise the sequence + 1. */
  #sequences: Uint32Array;
  #intendedUs: Float64Array;
  #sentUs: Float64Array;
  #count = 0;

  /** @param capacity a power of two */
  constructor(capacity = 1024) {
    this.#senders = new Uint32Array(capacity);
    this.#sequences = new Uint32Array(capacity);
    this.#intendedUs = new Float64Array(capacity);
    this.#sentUs = new Float64Array(capacity);
  }

  get count(): number {
    return this.#count;
  }

  add(sender: number, sequence: number, intendedUs: number, sentUs: number): void {
    if ((this.#count + 1) * 2 > this.#senders.length) this.#grow();
    let slot = this.#home(sender, sequence);
    while (this.#sequences[slot] !== 0) slot = this.#next(slot);
    this.#put(slot, sender, sequence + 1, intendedUs, sentUs);
    this.#count++;
  }

  /** Where it is, or -1; good until the next `add` or `remove`. */
  find(sender: number, sequence: number): number {
    let slot = this.#home(sender, sequence);
    while (this.#sequences[slot] !== 0) {
      if (this.#sequences[slot] === sequence + 1 && this.#senders[slot] === sender) return slot;
      slot = this.#next(slot);
    }
    return -1;
  }

  intendedUs(slot: number): number {
    return this.#intendedUs[slot]!;
  }

  sentUs(slot: number): number {
    return this.#sentUs[slot]!;
  }

  remove(slot: number): void {
    const mask = this.#senders.length - 1;
    let gap = slot;
    for (let at = this.#next(gap); this.#sequences[at] !== 0; at = this.#next(at)) {
      const home = this.#home(this.#senders[at]!, this.#sequences[at]! - 1);
      // It may move into the gap unless its home lies behind the gap, cyclically.
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      this.#put(
        gap,
        this.#senders[at]!,
        this.#sequences[at]!,
        this.#intendedUs[at]!,
        this.#sentUs[at]!,
      );
      gap = at;
    }
    this.#sequences[gap] = 0;
    this.#count--;
  }

  #next(slot: number): number {
    return (slot + 1) & (this.#senders.length - 1);
  }

  #home(sender: number, sequence: number): number {
    let hash = Math.imul(sender ^ 0x9e3779b9, 0x85ebca6b) ^ sequence;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return ((hash ^ (hash >>> 16)) >>> 0) & (this.#senders.length - 1);
  }

  #put(slot: number, sender: number, mark: number, intendedUs: number, sentUs: number): void {
    this.#senders[slot] = sender;
    this.#sequences[slot] = mark;
    this.#intendedUs[slot] = intendedUs;
    this.#sentUs[slot] = sentUs;
  }

  #grow(): void {
    const larger = new OpenRequests(this.#senders.length * 2);
    for (let slot = 0; slot < this.#senders.length; slot++) {
      const mark = this.#sequences[slot]!;
      if (mark === 0) continue;
      larger.add(this.#senders[slot]!, mark - 1, this.#intendedUs[slot]!, this.#sentUs[slot]!);
    }
    this.#senders = larger.#senders;
    this.#sequences = larger.#sequences;
    this.#intendedUs = larger.#intendedUs;
    this.#sentUs = larger.#sentUs;
  }
}
