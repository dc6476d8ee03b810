/** What an exit code of `fleetgauge` says. A program may rely on these. */
export const EXIT = {
  /** Done; the run is valid or suspect, all objectives hold. */
  pass: 0,
  /** A defect in Fleetgauge. */
  bug: 1,
  /** The command line, a file it names, or this machine's limits do not allow it. */
  usage: 2,
  /** The target cannot be reached, or fewer devices connected or subscribed than the scenario has. */
  unreached: 3,
  /** An objective does not hold. */
  objective: 4,
  /** Slower than the baseline. */
  regression: 5,
  /** The measurement itself is not to be believed. */
  invalid: 6,
  /** Ctrl-C. */
  interrupted: 7,
  /** More runs are needed. */
  inconclusive: 8,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
