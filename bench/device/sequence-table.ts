import { SEQUENCE_MODULUS } from './header.js';

/** What a message's number says against what its receiver has already had from that sender. */
export const IN_ORDER = 0;
export const OUT_OF_ORDER = 1;
export const DUPLICATE = 2;
/** The table is full: this pair of receiver and sender is not followed. */
export const UNTRACKED = 3;
export type Arrival = 0 | 1 | 2 | 3;

const WINDOW = 32;
const HALF_MODULUS = SEQUENCE_MODULUS / 2;

/**
 * The last sequence number of every (receiver, sender) pair of a thread, with a window of the 32 before
 * it, in an open-addressing hash table of typed arrays: 16 bytes a slot, no allocation per message.
 *
 * A number not above the last one is a duplicate if its window bit is set, else it came out of order. One
 * older than the window counts as a duplicate: 32 messages late on one ordered topic is a resent one.
 */
export class SequenceTable {
  readonly #largestPairs: number;
  #receivers: Uint32Array;
  #senders: Uint32Array;
  #last: Uint32Array;
  /** Bit k: number last − k was seen. 0: the slot is free, for a used one always has bit 0. */
  #window: Uint32Array;
  #pairs = 0;
  /** After an arrival in order: how far beyond the last number it was; 1 for the first of a pair. */
  ahead = 0;

  constructor(largestPairs = 4_000_000, capacity = 1024) {
    this.#largestPairs = largestPairs;
    this.#receivers = new Uint32Array(capacity);
    this.#senders = new Uint32Array(capacity);
    this.#last = new Uint32Array(capacity);
    this.#window = new Uint32Array(capacity);
  }

  get pairs(): number {
    return this.#pairs;
  }

  arrived(receiver: number, sender: number, sequence: number): Arrival {
    let slot = this.#find(receiver, sender);
    if (this.#window[slot] === 0) {
      if (this.#pairs >= this.#largestPairs) return UNTRACKED;
      if (this.#pairs * 2 >= this.#window.length) {
        this.#grow();
        slot = this.#find(receiver, sender);
      }
      this.#pairs++;
      this.#receivers[slot] = receiver;
      this.#senders[slot] = sender;
      this.#last[slot] = sequence;
      this.#window[slot] = 1;
      this.ahead = 1;
      return IN_ORDER;
    }
    // Distance modulo 2^24: numbers wrap after 16.7 million messages of one sender.
    const ahead = (sequence - this.#last[slot]! + SEQUENCE_MODULUS) % SEQUENCE_MODULUS;
    if (ahead !== 0 && ahead < HALF_MODULUS) {
      this.#window[slot] = ahead < WINDOW ? ((this.#window[slot]! << ahead) | 1) >>> 0 : 1;
      this.#last[slot] = sequence;
      this.ahead = ahead;
      return IN_ORDER;
    }
    const behind = (SEQUENCE_MODULUS - ahead) % SEQUENCE_MODULUS;
    if (behind >= WINDOW) return DUPLICATE;
    const bit = (1 << behind) >>> 0;
    if ((this.#window[slot]! & bit) !== 0) return DUPLICATE;
    this.#window[slot] = (this.#window[slot]! | bit) >>> 0;
    return OUT_OF_ORDER;
  }

  /** Number 0 arrives of a sender that was far beyond: it counts from the beginning again. False: it does not. */
  startsAnew(receiver: number, sender: number): boolean {
    const slot = this.#find(receiver, sender);
    if (this.#window[slot] === 0 || this.#last[slot]! < WINDOW) return false;
    this.#last[slot] = 0;
    this.#window[slot] = 1;
    return true;
  }

  /** The slot of the pair, or the free one where it belongs. */
  #find(receiver: number, sender: number): number {
    const mask = this.#window.length - 1;
    let slot = mix(receiver, sender) & mask;
    while (
      this.#window[slot] !== 0 &&
      (this.#receivers[slot] !== receiver || this.#senders[slot] !== sender)
    ) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #grow(): void {
    const receivers = this.#receivers;
    const senders = this.#senders;
    const last = this.#last;
    const window = this.#window;
    const capacity = window.length * 2;
    this.#receivers = new Uint32Array(capacity);
    this.#senders = new Uint32Array(capacity);
    this.#last = new Uint32Array(capacity);
    this.#window = new Uint32Array(capacity);
    for (let old = 0; old < window.length; old++) {
      if (window[old] === 0) continue;
      const slot = this.#find(receivers[old]!, senders[old]!);
      this.#receivers[slot] = receivers[old]!;
      this.#senders[slot] = senders[old]!;
      this.#last[slot] = last[old]!;
      this.#window[slot] = window[old]!;
    }
  }
}

/** Murmur3's finalizer over both numbers. */
function mix(receiver: number, sender: number): number {
  let hash = Math.imul(receiver ^ 0x9e3779b9, 0x85ebca6b) ^ sender;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
