/** One exchange: sent and received here, received and answered there; µs, each on the clock of its own side. */
export interface ClockExchange {
  sentUs: number;
  thereReceivedUs: number;
  thereSentUs: number;
  receivedUs: number;
}

/** How this clock stands to the other. */
export interface ClockOffset {
  /** This clock less the other. */
  offsetUs: number;
  /** The offset is wrong by at most this much. */
  uncertaintyUs: number;
}

/**
 * How fast two clocks may part, beyond what is measured: crystals keep within some tens of 10⁻⁶, and RFC 5905 §7.3
 * takes 15·10⁻⁶ for each.
 */
const DRIFT = 30e-6;
/** Exchanges that are kept: old ones count for little, see below. */
const KEPT = 64;

/**
 * The offset between two clocks from repeated exchanges, as in RFC 5905 §8:
 *
 *     offset = ((sent − thereReceived) + (received − thereSent)) / 2
 *     delay  = (received − sent) − (thereSent − thereReceived)
 *
 * Neither way can have taken less than no time, so the truth is within delay/2 of it, however unlike the two ways are.
 * The exchange is used whose bound is the smallest: half its delay and what clocks may have drifted since.
 */
export class ClockEstimate {
  readonly #samples: { offsetUs: number; boundUs: number; atUs: number }[] = [];
  exchanges = 0;

  add({ sentUs, thereReceivedUs, thereSentUs, receivedUs }: ClockExchange): void {
    const offsetUs = (sentUs - thereReceivedUs + (receivedUs - thereSentUs)) / 2;
    const halfDelayUs = (receivedUs - sentUs - (thereSentUs - thereReceivedUs)) / 2;
    // A delay below zero, by more than rounding, is a clock that was set in between.
    if (!(halfDelayUs > -1)) return;
    this.exchanges += 1;
    // And what they drifted apart while it lasted.
    const boundUs = Math.max(0, halfDelayUs) + DRIFT * (receivedUs - sentUs);
    this.#samples.push({ offsetUs, boundUs, atUs: receivedUs });
    if (this.#samples.length > KEPT) this.#samples.shift();
  }

  /** undefined before the first exchange. */
  at(nowUs: number): ClockOffset | undefined {
    let best: ClockOffset | undefined;
    for (const { offsetUs, boundUs, atUs } of this.#samples) {
      const uncertaintyUs = boundUs + DRIFT * Math.abs(nowUs - atUs);
      if (best === undefined || uncertaintyUs < best.uncertaintyUs) {
        best = { offsetUs, uncertaintyUs };
      }
    }
    return best;
  }
}
