/**
 * When devices leave by plan in a phase: one leave after the other at an even pace, dealt to the
 * devices in turn. Leave j is due at `startUs + j · gapUs` and is device `j mod devices`'s, so a
 * device knows its own from its place alone.
 */
export interface Leaves {
  readonly startUs: number;
  /** Leaves due at or after it do not happen. */
  readonly endUs: number;
  readonly gapUs: number;
  readonly devices: number;
  /** A device leaves once only. */
  readonly once: boolean;
}

/** When the device at this place leaves for the `turn`-th time, from 0; Infinity for never. */
export function leaveUs(leaves: Leaves, place: number, turn: number): number {
  if (leaves.once && turn > 0) return Number.POSITIVE_INFINITY;
  const dueUs = leaves.startUs + (place + turn * leaves.devices) * leaves.gapUs;
  return dueUs < leaves.endUs ? dueUs : Number.POSITIVE_INFINITY;
}

/** How many leaves the phase has in all. */
export function leaveCount({ startUs, endUs, gapUs, devices, once }: Leaves): number {
  if (devices === 0 || endUs <= startUs) return 0;
  const fitting = gapUs === 0 ? devices : Math.ceil((endUs - startUs) / gapUs);
  return once ? Math.min(devices, fitting) : fitting;
}
