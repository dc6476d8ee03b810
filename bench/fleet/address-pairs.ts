import { isIP } from 'node:net';
import { FleetError } from './fleet-error.js';
import type { ResolvedTarget } from './resolve-targets.js';

/** One source address and one address of a target: what a local port is counted for. */
export interface AddressPair {
  index: number;
  target: ResolvedTarget;
  address: string;
  /** undefined: the one that the machine's routes say. */
  sourceAddress: string | undefined;
  /** Of the fleet's devices, every so many-th has this pair. */
  period: number;
}

/**
 * Which way each device of the fleet takes: device n goes to target n modulo their number, and the devices
 * of one target in turn over its addresses, and over the source addresses of the same family. It depends on
 * n alone, so that the load does not depend on how many threads drive it.
 */
export class AddressPairs {
  readonly all: readonly AddressPair[];
  readonly #byTarget: readonly (readonly AddressPair[])[];

  /** @throws FleetError LIMIT when no address of a target has a source address of its family */
  constructor(targets: readonly ResolvedTarget[], sourceAddresses: readonly string[]) {
    let index = 0;
    this.#byTarget = targets.map((target) => {
      const ways = waysTo(target, sourceAddresses);
      return ways.map((way) => ({
        index: index++,
        target,
        ...way,
        period: targets.length * ways.length,
      }));
    });
    this.all = this.#byTarget.flat();
  }

  /** @param device number in the fleet */
  of(device: number): AddressPair {
    const ofTarget = this.#byTarget[device % this.#byTarget.length]!;
    return ofTarget[Math.floor(device / this.#byTarget.length) % ofTarget.length]!;
  }

  /** Every so many-th device has the busiest pair; with one target, that is how many pairs there are. */
  get shortestPeriod(): number {
    return Math.min(...this.all.map(({ period }) => period));
  }
}

/** Address by address, so that neighbours in the fleet go to different ones. */
function waysTo(
  target: ResolvedTarget,
  sourceAddresses: readonly string[],
): Pick<AddressPair, 'address' | 'sourceAddress'>[] {
  const { addresses } = target;
  if (sourceAddresses.length === 0) {
    return addresses.map((address) => ({ address, sourceAddress: undefined }));
  }
  const ways = sourceAddresses.flatMap((sourceAddress) =>
    addresses
      .filter((address) => isIP(address) === isIP(sourceAddress))
      .map((address) => ({ address, sourceAddress })),
  );
  if (ways.length > 0) return ways;
  throw new FleetError(
    'LIMIT',
    `${target.host} has no address of the family (IPv4 or IPv6) of any source address: ${addresses.join(', ')}`,
  );
}
