/** Called for each timer that is due. It may add timers, the same one too. */
export interface TimerSink {
  due(timer: number, dueUs: number): void;
}

const TICK_US = 1000;
const NONE = -1;
const UNSET = 0xffff;

/** Slots of the outer wheel: at 128 ms each they span 70 minutes. */
const FAR_SLOTS = 32_768;

/**
 * Timing wheels of one thread, a near and a far one (Varghese and Lauck, schemes 6 and 7): each timer is an
 * integer with one place in three arrays, so a million timers cost 14 MB and neither adding nor firing allocates.
 *
 * What is due within the near wheel's span has a slot of its millisecond there. What is due later waits in a
 * wider slot of the far wheel until that comes near, and so is touched twice in all, not once in each turn:
 * ten million devices that publish every 1,000 s would be a million visits a second. Only beyond the far wheel's
 * span a timer waits for the right turn.
 */
export class TimingWheel {
  readonly #slotMask: number;
  /** Ticks of a slot of the far wheel. */
  readonly #farTicks: number;
  /** Of the near wheel, and behind them those of the far one. */
  readonly #head: Int32Array;
  readonly #next: Int32Array;
  readonly #dueUs: Float64Array;
  /** Where a timer waits; UNSET where it does not. */
  readonly #slot: Uint16Array;
  #tick: number;
  /** Timers of ticks before this one are in the near wheel. */
  #nearUntil: number;
  /** What is left of the slot that `advance` is at. */
  #visiting = NONE;
  #size = 0;

  /** @param slots a power of two up to 16,384; the near wheel spans that many milliseconds */
  constructor(timers: number, startUs: number, slots = 8192) {
    this.#slotMask = slots - 1;
    this.#farTicks = Math.max(1, slots / 64);
    this.#head = new Int32Array(slots + FAR_SLOTS).fill(NONE);
    this.#next = new Int32Array(timers).fill(NONE);
    this.#dueUs = new Float64Array(timers);
    this.#slot = new Uint16Array(timers).fill(UNSET);
    this.#tick = Math.floor(startUs / TICK_US);
    this.#nearUntil = this.#nearAt(this.#tick);
  }

  /** Of all timers together. */
  get stateBytes(): number {
    return this.#next.byteLength + this.#dueUs.byteLength + this.#slot.byteLength;
  }

  /** How many timers wait. */
  get size(): number {
    return this.#size;
  }

  /** Sets a timer that is not set. One that is already due fires at the next `advance`; one due at Infinity never does. */
  add(timer: number, dueUs: number): void {
    if (dueUs === Number.POSITIVE_INFINITY) return;
    const tick = Math.max(Math.floor(dueUs / TICK_US), this.#tick);
    this.#dueUs[timer] = dueUs;
    this.#link(timer, tick);
    this.#size++;
  }

  #link(timer: number, tick: number): void {
    const slot = tick < this.#nearUntil ? tick & this.#slotMask : this.#farSlot(tick);
    this.#next[timer] = this.#head[slot]!;
    this.#head[slot] = timer;
    this.#slot[timer] = slot;
  }

  #farSlot(tick: number): number {
    const turn = Math.floor(tick / this.#farTicks);
    return this.#slotMask + 1 + (turn & (FAR_SLOTS - 1));
  }

  /** What is near at a tick: less than a turn of the near wheel, and whole slots of the far one. */
  #nearAt(tick: number): number {
    const turn = Math.floor(tick / this.#farTicks);
    return turn * this.#farTicks + this.#slotMask + 1 - this.#farTicks;
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
    this.#bringNear(firstTick, lastTick);
    // What is added while firing belongs to the last tick or later: an earlier slot may have had its visit.
    this.#tick = lastTick;
    for (let tick = firstTick; tick <= lastTick; tick++)
      this.#visit(tick & this.#slotMask, nowUs, sink);
  }

  /** Moves timers from the far wheel to the near one, whose visits begin at `firstTick`. */
  #bringNear(firstTick: number, lastTick: number): void {
    const until = this.#nearAt(lastTick);
    const ticks = this.#farTicks;
    // After a stall longer than the far wheel, one full turn empties every slot.
    let tick = Math.max(this.#nearUntil, until - FAR_SLOTS * ticks);
    if (tick >= until) return;
    this.#nearUntil = until;
    for (; tick < until; tick += ticks) {
      const slot = this.#farSlot(tick);
      let timer = this.#head[slot]!;
      this.#head[slot] = NONE;
      while (timer !== NONE) {
        const next = this.#next[timer]!;
        this.#link(timer, Math.max(Math.floor(this.#dueUs[timer]! / TICK_US), firstTick));
        timer = next;
      }
    }
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
