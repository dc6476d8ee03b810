/** Called for each timer that is due. It may add timers, the same one too. */
export interface TimerSink {
  due(timer: number, dueUs: number): void;
}

const TICK_US = 1000;
const NONE = -1;
const UNSET = 0xffff;

/**
 * One hashed timing wheel per thread (Varghese and Lauck, scheme 6): each timer is an integer with one
 * place in three arrays, so a million timers cost 14 MB and neither adding nor firing allocates.
 * A timer beyond the wheel's span waits in its slot for the right turn.
 */
export class TimingWheel {
  readonly #slotMask: number;
  readonly #head: Int32Array;
  readonly #next: Int32Array;
  readonly #dueUs: Float64Array;
  /** Where a timer waits; UNSET where it does not. */
  readonly #slot: Uint16Array;
  #tick: number;
  /** What is left of the slot that `advance` is at. */
  #visiting = NONE;
  #size = 0;

  /** @param slots a power of two below 65,536; the wheel spans that many milliseconds */
  constructor(timers: number, startUs: number, slots = 8192) {
    this.#slotMask = slots - 1;
    this.#head = new Int32Array(slots).fill(NONE);
    this.#next = new Int32Array(timers).fill(NONE);
    this.#dueUs = new Float64Array(timers);
    this.#slot = new Uint16Array(timers).fill(UNSET);
    this.#tick = Math.floor(startUs / TICK_US);
  }

  /** How many timers wait. */
  get size(): number {
    return this.#size;
  }

  /** Sets a timer that is not set. One that is already due fires at the next `advance`; one due at Infinity never does. */
  add(timer: number, dueUs: number): void {
    if (dueUs === Number.POSITIVE_INFINITY) return;
    const tick = Math.max(Math.floor(dueUs / TICK_US), this.#tick);
    const slot = tick & this.#slotMask;
    this.#dueUs[timer] = dueUs;
    this.#next[timer] = this.#head[slot]!;
    this.#head[slot] = timer;
    this.#slot[timer] = slot;
    this.#size++;
  }

  isSet(timer: number): boolean {
    return this.#slot[timer] !== UNSET;
  }

  /** Takes a timer out, if it is set: a walk along its slot, so for what is rare. */
  remove(timer: number): void {
    const slot = this.#slot[timer]!;
    if (slot === UNSET) return;
    this.#slot[timer] = UNSET;
    this.#size--;
    if (this.#visiting === timer) this.#visiting = this.#next[timer]!;
    else if (this.#head[slot] === timer) this.#head[slot] = this.#next[timer]!;
    else if (!this.#unlink(this.#head[slot]!, timer)) this.#unlink(this.#visiting, timer);
  }

  /** Takes a timer out of the list that begins at `first`, if it is in it, though not at its head. */
  #unlink(first: number, timer: number): boolean {
    for (let at = first; at !== NONE; at = this.#next[at]!) {
      if (this.#next[at] !== timer) continue;
      this.#next[at] = this.#next[timer]!;
      return true;
    }
    return false;
  }

  /** Fires every timer due by `nowUs`, tick by tick; within one tick in no particular order. */
  advance(nowUs: number, sink: TimerSink): void {
    const lastTick = Math.floor(nowUs / TICK_US);
    // After a stall longer than the wheel, one full turn visits every slot.
    const firstTick = Math.max(this.#tick, lastTick - this.#slotMask);
    // What is added while firing belongs to the last tick or later: an earlier slot may have had its visit.
    this.#tick = lastTick;
    for (let tick = firstTick; tick <= lastTick; tick++)
      this.#visit(tick & this.#slotMask, nowUs, sink);
  }

  #visit(slot: number, nowUs: number, sink: TimerSink): void {
    this.#visiting = this.#head[slot]!;
    this.#head[slot] = NONE;
    while (this.#visiting !== NONE) {
      const timer = this.#visiting;
      this.#visiting = this.#next[timer]!;
      const dueUs = this.#dueUs[timer]!;
      if (dueUs <= nowUs) {
        this.#size--;
        this.#slot[timer] = UNSET;
        sink.due(timer, dueUs);
      } else {
        this.#next[timer] = this.#head[slot]!;
        this.#head[slot] = timer;
      }
    }
  }
}
