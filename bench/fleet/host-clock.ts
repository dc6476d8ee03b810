import type { HostClock } from '../../results/mod.js';
import { type ClockExchange, type ClockOffset, clockOffset } from './clock-exchange.js';

/** Exchanges per shard: the shortest of so many is not one that met a busy moment. */
export const CLOCK_ROUNDS = 8;

/**
 * The clock of this host's processes. It is one, CLOCK_MONOTONIC of one kernel, in the time namespace that a forked
 * process shares with who forked it; so what counts is how precisely each thread reads it. All the same it is asked of
 * every shard, and what that measures must agree.
 */
export class HostClockCheck {
  readonly #readingErrorUs: number;
  #shardErrorUs = 0;
  readonly #exchanges = new Map<number, ClockExchange[]>();

  /** @param readingErrorUs of the coordinator's own readings */
  constructor(readingErrorUs: number) {
    this.#readingErrorUs = readingErrorUs;
  }

  /** A shard stands ready, and reads the clock with this error. */
  shardUp(errorUs: number): void {
    this.#shardErrorUs = Math.max(this.#shardErrorUs, errorUs);
  }

  answered(shard: number, exchange: ClockExchange): void {
    const known = this.#exchanges.get(shard);
    if (known === undefined) this.#exchanges.set(shard, [exchange]);
    else known.push(exchange);
  }

  /** Whether so many shards have answered so many times. */
  hasHeard(shards: number, times: number): boolean {
    let complete = 0;
    for (const exchanges of this.#exchanges.values()) if (exchanges.length >= times) complete++;
    return complete >= shards;
  }

  /** For the run record. */
  clock(host: string, shards: number): HostClock {
    const offsets = [...this.#exchanges.values()].map(clockOffset);
    const widest = offsets.reduce<ClockOffset | undefined>(
      (a, b) => (a === undefined || beyond(b) > beyond(a) ? b : a),
      undefined,
    );
    return {
      host,
      shards,
      how: 'shared',
      offsetUs: 0,
      uncertaintyUs: tenth(this.#readingErrorUs + this.#shardErrorUs),
      ...(widest === undefined
        ? {}
        : {
            check: {
              offsetUs: tenth(widest.offsetUs),
              uncertaintyUs: tenth(widest.uncertaintyUs),
            },
          }),
    };
  }
}

/** The one that speaks most against a common clock; of those that do not, the least precise. */
function beyond({ offsetUs, uncertaintyUs }: ClockOffset): number {
  const excessUs = Math.abs(offsetUs) - uncertaintyUs;
  return excessUs > 0 ? excessUs + 1e12 : uncertaintyUs;
}

/** Up to the next tenth of a µs: an error is never stated too small. */
function tenth(us: number): number {
  return Math.sign(us) * (Math.ceil(Math.abs(us) * 10) / 10);
}
