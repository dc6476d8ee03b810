import { random } from '../schedule/mod.js';

/** How long one message keeps the server busy. */
export interface ServiceLaw {
  readonly kind: 'constant' | 'exponential';
  readonly meanUs: number;
}

/** The server stands still for `lengthUs`, the first time `firstUs` after its first message, then every `everyUs`. */
export interface Freezes {
  readonly firstUs: number;
  readonly everyUs: number;
  readonly lengthUs: number;
}

export interface ServerLaw {
  readonly service: ServiceLaw;
  readonly freezes?: Freezes;
  readonly seed: number;
}

/**
 * One server, first come first served, by Lindley's recursion (D. V. Lindley, 1952): a message that arrives at
 * a(n) leaves at d(n) = max(a(n), d(n−1)) + s(n). Its capacity is 1 / E[s]. Freezes add to whatever they meet.
 * Times are µs on any clock.
 */
export class FifoServer {
  readonly #law: ServerLaw;
  #served = 0;
  #freeUs = 0;
  /** When the next freeze begins. */
  #freezeUs = Number.POSITIVE_INFINITY;

  constructor(law: ServerLaw) {
    this.#law = law;
  }

  /** When the message that arrives at `arrivalUs` is done; arrivals come in order. */
  departUs(arrivalUs: number): number {
    const { freezes } = this.#law;
    if (this.#served === 0 && freezes !== undefined) this.#freezeUs = arrivalUs + freezes.firstUs;
    const serviceUs = this.#serviceUs(this.#served++);
    let doneUs = this.#thawedUs(Math.max(arrivalUs, this.#freeUs)) + serviceUs;
    while (freezes !== undefined && doneUs > this.#freezeUs) {
      doneUs += freezes.lengthUs;
      this.#freezeUs += freezes.everyUs;
    }
    this.#freeUs = doneUs;
    return doneUs;
  }

  /** The first time from `atUs` on at which the server does not stand still. */
  #thawedUs(atUs: number): number {
    const { freezes } = this.#law;
    if (freezes === undefined) return atUs;
    let thawedUs = atUs;
    while (this.#freezeUs <= thawedUs) {
      thawedUs = Math.max(thawedUs, this.#freezeUs + freezes.lengthUs);
      this.#freezeUs += freezes.everyUs;
    }
    return thawedUs;
  }

  #serviceUs(number: number): number {
    const { service, seed } = this.#law;
    if (service.kind === 'constant') return service.meanUs;
    return -Math.log(1 - random(seed, 0, 0, number)) * service.meanUs;
  }
}
