import type { ServerLaw } from './fifo-server.js';

/** Whoever started the target → target. */
export type TargetOrder =
  /** Listen and serve by this law. */
  | { type: 'serve'; law: ServerLaw }
  /** Say what really happened so far. */
  | { type: 'truth' };

/** Target → whoever started it. */
export type TargetNews =
  | { type: 'listening'; port: number }
  | { type: 'truth'; truth: TargetTruth };

/** What the target knows of itself, by its own clock readings and without a histogram. */
export interface TargetTruth {
  /** Each QoS 1 message in the order they were answered: µs from when it was read to when its PUBACK was written. */
  readonly sojournsUs: Float64Array;
  /** The most that an answer was later than its law says: then this machine kept the target from its work. */
  readonly latestUs: number;
}
