import type { MergedInterval, ThreadReading } from './interval-report.js';
import type { ThreadHealth } from './run-record.js';
import { UtilisationSteps } from './utilisation-steps.js';

const SECOND_US = 1_000_000;

class OneThread {
  readonly #utilisation = new UtilisationSteps();
  readonly #shard: number;
  #loopDelayMaxUs = 0;
  #gcPauseUs = 0;
  #seconds = 0;
  #scheduled = 0;
  #sent = 0;
  #ownLagUs = 0;

  constructor(shard: number) {
    this.#shard = shard;
  }

  add(reading: ThreadReading, lengthSec: number): void {
    this.#utilisation.add(reading.loopUtilisation);
    this.#loopDelayMaxUs = Math.max(this.#loopDelayMaxUs, Math.round(reading.loopDelayMaxUs));
    this.#gcPauseUs += reading.gcPauseUs;
    this.#seconds += lengthSec;
    this.#scheduled += reading.scheduled;
    this.#sent += reading.sent;
    this.#ownLagUs += reading.ownLagUs;
  }

  health(): ThreadHealth {
    return {
      shard: this.#shard,
      loopUtilisationMean: this.#utilisation.mean,
      loopUtilisationP90: this.#utilisation.at(0.9),
      loopUtilisationMax: this.#utilisation.max,
      loopDelayMaxUs: this.#loopDelayMaxUs,
      gcShare: Number((this.#gcPauseUs / (this.#seconds * SECOND_US)).toPrecision(3)),
      scheduled: this.#scheduled,
      sent: this.#sent,
      ownLagMeanUs: this.#sent === 0 ? 0 : Math.round(this.#ownLagUs / this.#sent),
    };
  }
}

/** What each generator thread did over the measured seconds. */
export class ThreadTotals {
  readonly #threads = new Map<number, OneThread>();

  add(interval: MergedInterval): void {
    for (const reading of interval.threads) {
      let thread = this.#threads.get(reading.shard);
      if (thread === undefined) {
        thread = new OneThread(reading.shard);
        this.#threads.set(reading.shard, thread);
      }
      thread.add(reading, interval.lengthSec);
    }
  }

  /** In the order of the shards. */
  health(): ThreadHealth[] {
    return [...this.#threads.entries()].sort(([a], [b]) => a - b).map(([, one]) => one.health());
  }
}
