import { StoreError } from './store-error.js';

const PAUSE_MS = 200;

/** Tries until it works, the time is up, or nothing can come of it any more. */
export async function retryUntil<T>(deadlineMs: number, attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'UNAVAILABLE') throw error;
      if (performance.now() > deadlineMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
