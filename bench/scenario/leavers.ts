import { connectionsOf } from './gateways.js';
import { isAbout } from './phase-load.js';
import type { Phase } from './phase-schema.js';
import type { Group, Scenario } from './schema.js';

/**
 * The connections that a churn or a storm is about, with the devices on them: of each group that it names the
 * first so many, as its share says. The first ones, because connections are dealt to threads and targets in turn, and so
 * every thread and every target has its even part of them.
 */
export interface Leavers {
  readonly connections: number;
  /** How many of this group. */
  of(group: number): number;
  /** The connection's place among all leavers, −1 if it is none. */
  placeOf(group: number, indexInGroup: number): number;
}

/** undefined: nobody leaves by plan in this phase. */
export function leavers(scenario: Scenario, phase: Phase): Leavers | undefined {
  if (phase.kind !== 'churn' && phase.kind !== 'storm') return undefined;
  const counts = scenario.groups.map((group) =>
    isAbout(phase, group.name) ? Math.max(1, Math.round(connectionsOf(group) * phase.share)) : 0,
  );
  const bases: number[] = [];
  let connections = 0;
  for (const count of counts) {
    bases.push(connections);
    connections += count;
  }
  return {
    connections,
    of: (group) => counts[group] ?? 0,
    placeOf: (group, indexInGroup) =>
      indexInGroup < (counts[group] ?? 0) ? bases[group]! + indexInGroup : -1,
  };
}

/** The target keeps subscriptions and QoS 1 and 2 messages for a device that is away. */
export function keepsSession(group: Group): boolean {
  return !group.cleanStart && (group.protocol !== 5 || group.sessionExpiryUs > 0);
}
