import type { Schedule } from '../schedule.js';

interface Timer {
  atMs: number;
  run: () => void;
}

/** Time that passes when the test says so. */
export class SimulatedClock {
  nowMs = 0;
  #timers: Timer[] = [];

  readonly schedule: Schedule = (run, afterMs) => {
    const timer = { atMs: this.nowMs + afterMs, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  get waiting(): number {
    return this.#timers.length;
  }

  /** Lets time pass: each timer runs at its time, and what it sets off runs before the next one. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    await settle();
    for (;;) {
      const next = this.#timers
        .filter(({ atMs }) => atMs <= untilMs)
        .reduce<Timer | undefined>(
          (a, b) => (a === undefined || b.atMs < a.atMs ? b : a),
          undefined,
        );
      if (next === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
      await settle();
    }
    this.nowMs = untilMs;
  }
}

/** Until promises have nothing left to do. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
