import type { FleetLayout } from '../fleet/layout.js';
import { plan, type Scenario, type Target } from '../scenario/mod.js';
import type { BundledNodes } from './bundled-nodes.js';
import type { Quotas } from './quotas.js';

/** What a scenario asks of the machine and the target. */
export interface RunNeeds {
  readonly scenario: Scenario;
  /** None: the target is not known, and what depends on it is left out. */
  readonly targets: readonly Target[];
  /** The cluster that the run starts for itself, in place of targets. */
  readonly bundled: BundledNodes | undefined;
  readonly connections: number;
  readonly connectsPerSec: number;
  /** Devices lie over processes like this; undefined where the open-file limit allows no layout. */
  readonly layout: FleetLayout | undefined;
  /** The open-file limit that a layout would need, where there is none. */
  readonly filesNeeded: number | undefined;
  /** What the target allows, if it is known. */
  readonly quotas: Quotas;
}

/** Connections to the target that gets most of them. */
export function perTarget({ connections, targets, bundled }: RunNeeds): number {
  return Math.ceil(connections / (bundled?.targets ?? Math.max(1, targets.length)));
}

/** Between one address of this machine and one of the target, as far as addresses are known before names are resolved. */
export function perPair(needs: RunNeeds): number {
  return Math.ceil(perTarget(needs) / Math.max(1, needs.scenario.sourceAddresses.length));
}

/** How many connections the scenario's devices make. */
export function connectionCount(scenario: Scenario): number {
  return plan(scenario).connectionCount;
}
