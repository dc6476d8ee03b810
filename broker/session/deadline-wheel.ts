/** Something that must be looked at by a certain time; at most one time each. Linked into a wheel slot. */
export abstract class Deadline {
  /** On the node's clock; meaningful while it is on the wheel. */
  dueMs = 0;
  previous: Deadline | undefined = undefined;
  next: Deadline | undefined = undefined;
  slot = -1;

  /** The time has come; returns the next one, or 0 to be left off the wheel. */
  abstract wake(nowMs: number): number;
}

const SLOTS = 1024;

/**
 * A hashed timing wheel (Varghese and Lauck, 1987): putting a deadline on and taking it off cost the same
 * whatever their number, and a million keep-alives need no timer of their own. Fires up to `tickMs` late.
 */
export class DeadlineWheel {
  readonly #tickMs: number;
  readonly #slots: (Deadline | undefined)[] = new Array<Deadline | undefined>(SLOTS).fill(
    undefined,
  );
  #tick: number;
  #size = 0;

  constructor(tickMs: number, nowMs: number) {
    this.#tickMs = tickMs;
    this.#tick = Math.floor(nowMs / tickMs);
  }

  get size(): number {
    return this.#size;
  }

  /** Sets or moves the deadline. */
  set(deadline: Deadline, dueMs: number): void {
    if (deadline.slot >= 0) this.remove(deadline);
    deadline.dueMs = dueMs;
    // A slot already passed comes round only after a whole turn of the wheel.
    const tick = Math.max(Math.ceil(dueMs / this.#tickMs), this.#tick + 1);
    const slot = tick % SLOTS;
    const first = this.#slots[slot];
    deadline.slot = slot;
    deadline.previous = undefined;
    deadline.next = first;
    if (first !== undefined) first.previous = deadline;
    this.#slots[slot] = deadline;
    this.#size++;
  }

  remove(deadline: Deadline): void {
    if (deadline.slot < 0) return;
    if (deadline.previous === undefined) this.#slots[deadline.slot] = deadline.next;
    else deadline.previous.next = deadline.next;
    if (deadline.next !== undefined) deadline.next.previous = deadline.previous;
    deadline.previous = undefined;
    deadline.next = undefined;
    deadline.slot = -1;
    this.#size--;
  }

  /** Wakes what is due. A deadline further away than one turn of the wheel stays in its slot. */
  advance(nowMs: number): void {
    const last = Math.floor(nowMs / this.#tickMs);
    // After a long pause every slot is visited once, not once for each tick missed.
    if (last - this.#tick > SLOTS) this.#tick = last - SLOTS;
    while (this.#tick < last) {
      this.#tick++;
      this.#wakeSlot(this.#tick % SLOTS, nowMs);
    }
  }

  #wakeSlot(slot: number, nowMs: number): void {
    // Waking may take others off or put them on: take the due ones out first.
    const due: Deadline[] = [];
    let deadline = this.#slots[slot];
    while (deadline !== undefined) {
      const { next } = deadline;
      if (deadline.dueMs <= nowMs) due.push(deadline);
      deadline = next;
    }
    for (const item of due) {
      // Woken by another one's waking, moved or removed.
      if (item.slot !== slot || item.dueMs > nowMs) continue;
      this.remove(item);
      const dueMs = item.wake(nowMs);
      if (dueMs > 0) this.set(item, dueMs);
    }
  }
}
