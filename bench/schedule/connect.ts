/**
 * When device number `globalDevice` (over all groups, in plan order) is meant to connect, µs after
 * the ramp begins: an open-loop schedule, whatever became of the devices before it.
 */
export function connectAtUs(globalDevice: number, ratePerSec: number): number {
  return (globalDevice * 1_000_000) / ratePerSec;
}
