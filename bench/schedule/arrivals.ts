import { random } from './random.js';

/**
 * When messages are due, for a whole group at once. Each answer depends only on the seed, the
 * stream and the device, never on who else asked: a shard that drives some of the devices sees
 * exactly its part of the one global schedule.
 *
 * Times are *load time*: µs on a clock that runs at the load factor (`load-curve.ts` maps it to
 * the wall). Nothing is allocated per call; both methods are called once a message.
 */
export interface Arrivals {
  /** When the device's first message (number 0) is due. `device`: its index in the group. */
  firstUs(device: number): number;
  /**
   * When message `sequence` (1 = the second) is due, given when message `sequence - 1` was.
   * Only `poisson` looks at `previousUs`; the others compute from the number, so that a day of
   * adding floats cannot make them drift.
   */
  nextUs(device: number, sequence: number, previousUs: number): number;
}

/** The open-loop arrival processes. `periodic` is per device, the other two per group. */
export type ArrivalSpec =
  | {
      readonly kind: 'periodic';
      readonly intervalUs: number;
      /** When a device's first message is due; within one interval if it is left out. */
      readonly firstUs?: { readonly from: number; readonly to: number } | undefined;
    }
  | { readonly kind: 'constant'; readonly ratePerSec: number }
  | { readonly kind: 'poisson'; readonly ratePerSec: number };

const US_PER_SEC = 1_000_000;

/**
 * @param deviceCount devices in the group (all of them, not those of one shard)
 * @param seed the scenario's
 * @param streamKey tells this stream from every other stream of the scenario (`streamKey()` of
 *   the plan), so that two streams of one device do not move in step
 */
export function arrivals(
  spec: ArrivalSpec,
  deviceCount: number,
  seed: number,
  streamKey: number,
): Arrivals {
  switch (spec.kind) {
    case 'periodic':
      return new PeriodicArrivals(spec, seed, streamKey);
    case 'constant':
      return new ConstantArrivals(spec.ratePerSec, deviceCount);
    case 'poisson':
      return new PoissonArrivals(spec.ratePerSec, deviceCount, seed, streamKey);
  }
}

/** Each device at `first + k × interval`, its first seeded and uniform: over the interval, unless the scenario says. */
class PeriodicArrivals implements Arrivals {
  readonly #intervalUs: number;
  readonly #fromUs: number;
  readonly #withinUs: number;
  readonly #seed: number;
  readonly #streamKey: number;

  constructor(
    { intervalUs, firstUs }: Extract<ArrivalSpec, { kind: 'periodic' }>,
    seed: number,
    streamKey: number,
  ) {
    this.#intervalUs = intervalUs;
    this.#fromUs = firstUs?.from ?? 0;
    this.#withinUs = firstUs === undefined ? intervalUs : firstUs.to - firstUs.from;
    this.#seed = seed;
    this.#streamKey = streamKey;
  }

  firstUs(device: number): number {
    // Whole µs, so that every k × interval is exact in a double.
    const draw = random(this.#seed, this.#streamKey, device, 0);
    return this.#fromUs + Math.floor(draw * this.#withinUs);
  }

  nextUs(device: number, sequence: number, _previousUs: number): number {
    return this.firstUs(device) + sequence * this.#intervalUs;
  }
}

/** Message j of the group at `j / rate`, dealt to device `j mod n`. */
class ConstantArrivals implements Arrivals {
  readonly #ratePerSec: number;
  readonly #deviceCount: number;

  constructor(ratePerSec: number, deviceCount: number) {
    this.#ratePerSec = ratePerSec;
    this.#deviceCount = deviceCount;
  }

  firstUs(device: number): number {
    return (device * US_PER_SEC) / this.#ratePerSec;
  }

  nextUs(device: number, sequence: number, _previousUs: number): number {
    return ((device + sequence * this.#deviceCount) * US_PER_SEC) / this.#ratePerSec;
  }
}

/**
 * Each device an independent Poisson process of rate λ/n; their superposition is a Poisson
 * process of rate λ over the group. Gaps by inversion: -ln(u) × n/λ, u uniform in (0, 1].
 */
class PoissonArrivals implements Arrivals {
  readonly #meanGapUs: number;
  readonly #seed: number;
  readonly #streamKey: number;

  constructor(ratePerSec: number, deviceCount: number, seed: number, streamKey: number) {
    this.#meanGapUs = (deviceCount * US_PER_SEC) / ratePerSec;
    this.#seed = seed;
    this.#streamKey = streamKey;
  }

  firstUs(device: number): number {
    return this.#gapUs(device, 0);
  }

  nextUs(device: number, sequence: number, previousUs: number): number {
    return previousUs + this.#gapUs(device, sequence);
  }

  #gapUs(device: number, sequence: number): number {
    return -Math.log(1 - random(this.#seed, this.#streamKey, device, sequence)) * this.#meanGapUs;
  }
}
