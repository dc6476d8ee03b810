/** Calls after `ms`, on a timer that keeps no process alive; returns how to call it off. */
export function after(ms: number, then: () => void): () => void {
  const timer = setTimeout(then, ms).unref();
  return () => clearTimeout(timer);
}
