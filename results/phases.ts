/** One stretch of a run, in µs since the run's epoch. */
export interface PhaseSpan {
  readonly name: string;
  readonly kind: string;
  readonly startUs: number;
  /** null while it lasts. */
  readonly endUs: number | null;
  readonly measured: boolean;
}

/** Where one second of the run belongs. */
export interface SecondPlace {
  readonly phase: string;
  /** The whole second lies inside a measured phase: its rates and latencies count. */
  readonly measured: boolean;
  /**
   * Answers to what a measured phase sent arrive in this second: the rest of a second that its end cuts, or
   * the drain after it. Their latencies count (leaving out the slowest answers would flatter the target),
   * their rates do not.
   */
  readonly tail: boolean;
}

const SECOND_US = 1_000_000;

/**
 * Places the second [second, second + 1). A second belongs to the phase it starts in. `lengthSec` is below 1
 * for the last second of a run only.
 */
export function placeSecond(
  phases: readonly PhaseSpan[],
  second: number,
  lengthSec = 1,
): SecondPlace {
  const startUs = second * SECOND_US;
  const endUs = startUs + lengthSec * SECOND_US;
  let at = -1;
  for (const [index, phase] of phases.entries()) {
    if (phase.startUs <= startUs && (phase.endUs === null || phase.endUs > startUs)) at = index;
  }
  const phase = phases[at];
  if (phase === undefined) return { phase: '', measured: false, tail: false };
  if (phase.measured) {
    const whole = phase.endUs === null || phase.endUs >= endUs;
    return { phase: phase.name, measured: whole, tail: !whole };
  }
  const tail = phase.kind === 'drain' && phases[at - 1]?.measured === true;
  return { phase: phase.name, measured: false, tail };
}
