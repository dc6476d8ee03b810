import { type Leavers, leavers } from '../scenario/leavers.js';
import type { Reconnect, Scenario } from '../scenario/schema.js';
import { backOffUs, type Leaves, leaveUs } from '../schedule/mod.js';
import { timedPhases } from './load-program.js';
import type { ShardDevices } from './shard-devices.js';

/** A churn or a storm. */
interface LeavePhase {
  leaves: Leaves;
  leavers: Leavers;
  /** Without a goodbye. */
  cut: boolean;
  /** µs until the device comes back; undefined: by its back-off. */
  offlineUs: number | undefined;
}

/**
 * When the devices of a shard leave by plan and how they come back: what the scenario's phases say,
 * asked device by device. Times are µs since publishing began.
 */
export class Goings {
  /** Some device leaves by plan or comes back by itself. */
  readonly any: boolean;
  /** Of this shard's devices. */
  readonly connectsAtATime: number;
  readonly #phases: LeavePhase[];
  readonly #backOffs: readonly (Reconnect | undefined)[];
  /** Attempts at once of a first connect that fails. */
  readonly #retries: number;
  readonly #placement: ShardDevices;
  readonly #seed: number;
  /** The phase that the device's next leave is of, and how often it left in it. */
  readonly #phase: Uint8Array;
  readonly #turn: Uint32Array;

  constructor(scenario: Scenario, placement: ShardDevices) {
    this.#placement = placement;
    this.#seed = scenario.seed;
    this.#phases = leavePhases(scenario);
    this.#backOffs = scenario.groups.map(({ reconnect }) => reconnect);
    this.#retries = scenario.connect.retries ?? 0;
    const { inflight } = scenario.connect;
    this.connectsAtATime =
      inflight === undefined ? Number.POSITIVE_INFINITY : placement.part(inflight);
    const leaving = this.#phases.length > 0 ? placement.count : 0;
    this.#phase = new Uint8Array(leaving);
    this.#turn = new Uint32Array(leaving);
    this.any =
      leaving > 0 || this.#retries > 0 || this.#backOffs.some((backOff) => backOff !== undefined);
  }

  /** When the device leaves next; Infinity for never. */
  nextUs(device: number): number {
    for (; this.#phase[device]! < this.#phases.length; this.#phase[device]!++) {
      const { leaves, leavers } = this.#phases[this.#phase[device]!]!;
      const place = leavers.placeOf(
        this.#placement.group(device),
        this.#placement.indexInGroup(device),
      );
      const dueUs =
        place < 0 ? Number.POSITIVE_INFINITY : leaveUs(leaves, place, this.#turn[device]!);
      if (dueUs !== Number.POSITIVE_INFINITY) return dueUs;
      this.#turn[device] = 0;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** How the leave goes that `nextUs` is about. */
  peek(device: number): { readonly cut: boolean; readonly offlineUs: number | undefined } {
    return this.#phases[this.#phase[device]!]!;
  }

  /** The leave that `nextUs` is about is dealt with. */
  pass(device: number): void {
    this.#turn[device]!++;
  }

  /** Attempt number `attempt` of a first connect is made at once. */
  isRetry(attempt: number): boolean {
    return attempt <= this.#retries;
  }

  /**
   * µs until the device's attempt number `attempt` of an outage, or of a first connect; undefined when it gives up.
   */
  backOffUs(device: number, attempt: number, draw: number, wasReady: boolean): number | undefined {
    if (!wasReady && this.isRetry(attempt)) return 0;
    const backOff = this.#backOffs[this.#placement.group(device)];
    if (backOff === undefined || (!wasReady && backOff.first === false)) return undefined;
    const number = wasReady ? attempt : attempt - this.#retries;
    if (backOff.limit > 0 && number > backOff.limit) return undefined;
    return backOffUs(backOff, number, this.#seed, this.#placement.global(device), draw);
  }
}

const US_PER_SEC = 1_000_000;

function leavePhases(scenario: Scenario): LeavePhase[] {
  return timedPhases(scenario).flatMap(({ phase, startUs, endUs }) => {
    const leaving = leavers(scenario, phase);
    if (leaving === undefined) return [];
    const { connections: devices } = leaving;
    if (phase.kind === 'churn') {
      const gapUs = US_PER_SEC / phase.ratePerSec;
      const leaves = { startUs, endUs, gapUs, devices, once: false };
      return { leaves, leavers: leaving, cut: phase.end === 'cut', offlineUs: phase.offlineUs };
    }
    if (phase.kind !== 'storm') return [];
    const leaves = { startUs, endUs, gapUs: phase.withinUs / devices, devices, once: true };
    return { leaves, leavers: leaving, cut: phase.end === 'cut', offlineUs: undefined };
  });
}
