// Where the verdict on a run turns. The reasoning is here, the rules are in the files beside.

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

/**
 * Own lag: what no device's lack of room explains. Timers have a grain of 1 ms, so a mean of some 0.5 ms is normal
 * and may well be half of a response from a broker next door; above 2 ms the thread was late.
 */
export const OWN_LAG_SUSPECT_US = 2_000;
export const OWN_LAG_SUSPECT_SHARE = 0.5;

/** One thread of many that falls behind hides in the sum: below this many messages its share says nothing. */
export const THREAD_LEAST_SCHEDULED = 100;

/**
 * Little's law holds exactly but for what is under way at both ends, which the tolerance allows for. A
 * violation below 5 % changes nobody's mind.
 */
export const LITTLE_SUSPECT_SHARE = 0.05;
/** Fewer answers, or a tolerance wider than a quarter of what it is to judge, and the law cannot speak. */
export const LITTLE_LEAST_ANSWERS = 100;
export const LITTLE_WIDEST_TOLERANCE = 0.25;

/**
 * Garbage collection: half of the slowest hundredth (thousandth) may be the collector's own, when so many answers
 * wait for it longer than p99 (p99.9).
 */
export const GC_SUSPECT_BEYOND_P99 = 0.005;
export const GC_NOTE_BEYOND_P999 = 0.0005;

/** Clock error against the median delivery: a tenth shows in the figures, all of it is the figure. */
export const CLOCK_SUSPECT_SHARE = 0.1;
export const CLOCK_INVALID_SHARE = 1;

/** With fewer seconds a test of trend has no power: of 10 values in random order, one order in 300 has z > 2.9. */
export const STEADY_LEAST_SECONDS = 10;
/**
 * Three series of a phase are tested (rate, mean and p99 of the response), so that each may be wrong in one phase of
 * a thousand: |z| of a normal distribution at p = 0.001, two-sided.
 */
export const STEADY_Z = 3.29;
/** Drift over the phase, against its median, that is worth a word; percentiles of one second scatter more. */
export const STEADY_DRIFT = { rate: 0.05, mean: 0.1, p99: 0.25 } as const;
/** How many robust standard deviations the first seconds must stand off: with 5, one clean run in a hundred is named. */
export const WARM_UP_DEVIATIONS = 5;
/** The phase's mean is off by more than this because of its first seconds. */
export const WARM_UP_SUSPECT_SHARE = 0.1;
