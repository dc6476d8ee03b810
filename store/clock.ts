/** Timers, so that tests need not wait. */
export interface Clock {
  /** Calls back once after that time, unless what it returns is called before. */
  after(delayMs: number, callback: () => void): () => void;
}

export const SYSTEM_CLOCK: Clock = {
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
