import type { FleetPlan, GroupPlan } from '../scenario/mod.js';

/**
 * Which devices a shard drives: every `shards`-th of the fleet-wide order, so that each shard has its
 * even part of every group and of the connect schedule.
 *
 * A device is here what has a connection. Where a group's devices share connections (`devicesPerConnection`),
 * it is their gateway, and all that it carries are its shard's.
 */
export class ShardDevices {
  readonly count: number;
  readonly #plan: FleetPlan;
  readonly #shard: number;
  readonly #shards: number;

  constructor(plan: FleetPlan, shard: number, shards: number) {
    this.#plan = plan;
    this.#shard = shard;
    this.#shards = shards;
    this.count = Math.max(0, Math.ceil((plan.connectionCount - shard) / shards));
  }

  /** Of something that the whole fleet has so much of; at least one. */
  part(ofFleet: number): number {
    return Math.ceil(ofFleet / this.#shards);
  }

  /** Fleet-wide number of the shard's `local`-th device. */
  global(local: number): number {
    return this.#shard + local * this.#shards;
  }

  /** Index of the device's group. */
  group(local: number): number {
    const global = this.global(local);
    let low = 0;
    let high = this.#plan.groups.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#group(middle).connectionBase <= global) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Index of the device within its group. */
  indexInGroup(local: number): number {
    return this.global(local) - this.#group(this.group(local)).connectionBase;
  }

  /** How many of the scenario's devices it carries: 1 unless it is a gateway. */
  carried(local: number): number {
    const { count, devicesPerConnection } = this.#group(this.group(local));
    const before = this.indexInGroup(local) * devicesPerConnection;
    return Math.min(devicesPerConnection, count - before);
  }

  /** Index in its group of the first device that it carries; those of the others follow. */
  firstCarried(local: number): number {
    const { devicesPerConnection } = this.#group(this.group(local));
    return this.indexInGroup(local) * devicesPerConnection;
  }

  #group(index: number): GroupPlan {
    return this.#plan.groups[index]!;
  }
}
