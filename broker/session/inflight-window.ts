import type { Delivery } from './delivery.js';

/** What the other side still owes for a packet identifier. */
export const AWAIT_PUBACK = 1;
export const AWAIT_PUBREC = 2;
export const AWAIT_PUBCOMP = 3;

const FREE = 0;
const FIRST_SLOTS = 8;
const MAX_PACKET_ID = 65_535;

/**
 * The QoS 1 and 2 messages on their way to one client. A packet identifier lies in the slot given by its low
 * bits, so that an acknowledgement is one array access. Deliveries are kept only for sessions that can be
 * resumed (or messages that must go to another member of a shared group if this client leaves).
 */
export class InflightWindow {
  /** identifier << 2 | state, or FREE. */
  #slots: number[] = new Array<number>(FIRST_SLOTS).fill(FREE);
  #kept: (Delivery | undefined)[] | undefined = undefined;
  /** When each slot was taken, for sending again in the same order [MQTT-4.6.0-1]. */
  #order: number[] | undefined = undefined;
  #mask = FIRST_SLOTS - 1;
  #count = 0;
  #lastId = 0;
  #taken = 0;

  get count(): number {
    return this.#count;
  }

  /** An identifier not in use, now waiting in `state`. At most 65,535 at a time; the caller keeps a limit. */
  take(state: typeof AWAIT_PUBACK | typeof AWAIT_PUBREC, keep: Delivery | undefined): number {
    if (this.#count > this.#mask) this.#grow();
    let id = this.#lastId;
    do {
      id = id === MAX_PACKET_ID ? 1 : id + 1;
    } while (this.#slots[id & this.#mask] !== FREE);
    this.#lastId = id;
    const slot = id & this.#mask;
    this.#slots[slot] = (id << 2) | state;
    this.#count++;
    this.#taken++;
    if (keep !== undefined) this.#keep(slot, keep);
    return id;
  }

  /** AWAIT_…, or 0 if the identifier is not in use. */
  state(id: number): number {
    const entry = this.#slots[id & this.#mask] as number;
    return entry >> 2 === id ? entry & 3 : FREE;
  }

  /** Puts back what was in flight on another node, in the order of the calls. */
  restore(id: number, state: number, delivery: Delivery | undefined): void {
    while ((this.#slots[id & this.#mask] as number) !== FREE || this.#count > this.#mask)
      this.#grow();
    const slot = id & this.#mask;
    this.#slots[slot] = (id << 2) | state;
    this.#count++;
    this.#taken++;
    this.#lastId = id;
    this.#kept ??= new Array<Delivery | undefined>(this.#slots.length).fill(undefined);
    this.#order ??= new Array<number>(this.#slots.length).fill(0);
    this.#kept[slot] = delivery;
    this.#order[slot] = this.#taken;
  }

  /** What was kept of the message with this identifier. */
  delivery(id: number): Delivery | undefined {
    return this.#kept?.[id & this.#mask];
  }

  /** PUBREC has come: the message may be forgotten, its identifier not yet [MQTT-4.3.3-8]. */
  received(id: number): void {
    const slot = id & this.#mask;
    this.#slots[slot] = (id << 2) | AWAIT_PUBCOMP;
    if (this.#kept !== undefined) this.#kept[slot] = undefined;
    // PUBRELs are sent again in the order of the PUBRECs [MQTT-4.6.0-4].
    this.#taken++;
    if (this.#order !== undefined) this.#order[slot] = this.#taken;
  }

  /** Done with this identifier. */
  release(id: number): void {
    const slot = id & this.#mask;
    this.#slots[slot] = FREE;
    if (this.#kept !== undefined) this.#kept[slot] = undefined;
    this.#count--;
  }

  /** What is in flight, oldest first. Makes a list: for resuming and ending, not for each message. */
  entries(): { id: number; state: number; delivery: Delivery | undefined }[] {
    const slots = [...this.#slots.keys()].filter((slot) => this.#slots[slot] !== FREE);
    const order = this.#order;
    if (order !== undefined) slots.sort((a, b) => (order[a] as number) - (order[b] as number));
    return slots.map((slot) => {
      const entry = this.#slots[slot] as number;
      return { id: entry >> 2, state: entry & 3, delivery: this.#kept?.[slot] };
    });
  }

  #keep(slot: number, delivery: Delivery): void {
    this.#kept ??= new Array<Delivery | undefined>(this.#slots.length).fill(undefined);
    this.#order ??= new Array<number>(this.#slots.length).fill(0);
    this.#kept[slot] = delivery;
    this.#order[slot] = this.#taken;
  }

  #grow(): void {
    const { length } = this.#slots;
    const mask = length * 2 - 1;
    const slots = new Array<number>(length * 2).fill(FREE);
    const kept = this.#kept && new Array<Delivery | undefined>(length * 2).fill(undefined);
    const order = this.#order && new Array<number>(length * 2).fill(0);
    for (let slot = 0; slot < length; slot++) {
      const entry = this.#slots[slot] as number;
      if (entry === FREE) continue;
      // Identifiers apart in their low bits stay apart with one bit more.
      const to = (entry >> 2) & mask;
      slots[to] = entry;
      if (kept !== undefined) kept[to] = this.#kept?.[slot];
      if (order !== undefined) order[to] = this.#order?.[slot] ?? 0;
    }
    this.#slots = slots;
    this.#kept = kept;
    this.#order = order;
    this.#mask = mask;
  }
}
