/** Runs something later; returns what calls it off. */
export type Schedule = (run: () => void, afterMs: number) => () => void;

/** By the clock of this process. A waiting timer keeps no process alive. */
export const realSchedule: Schedule = (run, afterMs) => {
  const timer = setTimeout(run, afterMs).unref();
  return () => clearTimeout(timer);
};

/** The promise, unless it takes longer than that: then `late` is what it is rejected with. */
export function within<T>(
  promise: Promise<T>,
  limitMs: number,
  schedule: Schedule,
  late: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = schedule(() => reject(late()), limitMs);
    promise.then(resolve, reject).finally(cancel);
  });
}
