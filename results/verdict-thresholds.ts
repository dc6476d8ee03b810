// Where the verdict on a run turns. The reasoning is here, the rules are in verdict.ts.

/**
 * How busy the busiest event loop may be. With work arriving at random, what waits for a loop that is busy a
 * share ρ of the time waits ρ/(1−ρ) times as long as the work itself takes (M/M/1): 5.7 times at 0.85, where
 * our own queue begins to show in what we measure, 32 times at 0.97, where the loop and not the target sets
 * the pace. Sustained means: in at least one measured second of ten, so a single garbage collection or a
 * neighbour on the machine does not condemn a run.
 */
export const LOOP_SUSPECT = 0.85;
export const LOOP_INVALID = 0.97;

/**
 * Send lag (intended → actual send), 99th percentile. Up to 10 ms it is the grain of timers and of one busy
 * turn of an event loop. Beyond, when it is more than half of the response time, more of what is reported
 * comes from before the send than from the target. At 100 ms and nine tenths of the response the response
 * times are the generator's own.
 */
export const LAG_SUSPECT_US = 10_000;
export const LAG_SUSPECT_SHARE = 0.5;
export const LAG_INVALID_US = 100_000;
export const LAG_INVALID_SHARE = 0.9;

/** Sent against scheduled in the measured phases: 1 % is a phase edge, 5 % less is another experiment. */
export const ACHIEVED_SUSPECT = 0.99;
export const ACHIEVED_INVALID = 0.95;

/** On one host one clock times both ends: a single negative value is a fault, one in a thousand a broken clock. */
export const NEGATIVE_INVALID_SHARE = 0.001;

/** Seconds that living shards did not report: their threads stood still for longer than a second. */
export const MISSING_INVALID_SHARE = 0.05;

/** A stall of one event loop this long is said: it shows in maxima and high percentiles. */
export const STALL_NOTE_US = 50_000;

/** Messages of others among our own: above this share the target was not ours alone. */
export const FOREIGN_SUSPECT_SHARE = 0.01;

/** Fewer measured seconds than this are said. */
export const SHORT_SECONDS = 5;
