import { SourcePorts } from '../device/mod.js';
import { type AddressPair, AddressPairs } from './address-pairs.js';
import type { PortRange } from './messages.js';
import type { ResolvedTarget } from './resolve-targets.js';

/** The address pairs of a run, and the local ports that one shard's devices take of each. */
export class Ways {
  readonly #pairs: AddressPairs;
  readonly #ports: readonly SourcePorts[];

  /**
   * @param range this machine's, and which of its shards this one is
   * @param shards of the whole fleet
   * @param start 0…1, where in the ranges the walks begin
   */
  constructor(
    targets: readonly ResolvedTarget[],
    sourceAddresses: readonly string[],
    range: PortRange & { part: number; parts: number },
    shards: number,
    start: number,
  ) {
    this.#pairs = new AddressPairs(targets, sourceAddresses);
    this.#ports = this.#pairs.all.map(({ period }) => {
      // Device n is in shard n mod shards: of the shards, only every common-th has devices of this pair.
      const common = greatestCommonDivisor(period, shards);
      const part = Math.floor(range.part / common);
      const parts = Math.ceil(range.parts / common);
      return new SourcePorts(range.first, range.count, part, parts, start);
    });
  }

  get pairs(): readonly AddressPair[] {
    return this.#pairs.all;
  }

  /** @param device number in the fleet */
  of(device: number): AddressPair {
    return this.#pairs.of(device);
  }

  ports({ index }: AddressPair): SourcePorts {
    return this.#ports[index]!;
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
