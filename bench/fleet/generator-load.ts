import { type EventLoopUtilization, PerformanceObserver, performance } from 'node:perf_hooks';

/** How busy the thread that drives a shard was since the last reading. */
export interface LoadReading {
  /** 0…1 */
  loopUtilisation: number;
  /** The longest time between two ticks beyond the tick itself. */
  loopDelayMaxUs: number;
  /** Each pause of the garbage collector. */
  gcPausesUs: number[];
}

/** Watches the event loop that it runs on: a generator that has no time left measures itself. */
export class GeneratorLoad {
  readonly #tickUs: number;
  readonly #observer: PerformanceObserver;
  #utilisation: EventLoopUtilization;
  #lastTickUs: number;
  #delayMaxUs = 0;
  #gcPausesUs: number[] = [];

  /** @param tickUs the time between two calls of `tick` if nothing is late */
  constructor(nowUs: number, tickUs: number) {
    this.#tickUs = tickUs;
    this.#lastTickUs = nowUs;
    this.#utilisation = performance.eventLoopUtilization();
    this.#observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) this.#gcPausesUs.push(entry.duration * 1000);
    });
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  tick(nowUs: number): void {
    const delayUs = nowUs - this.#lastTickUs - this.#tickUs;
    if (delayUs > this.#delayMaxUs) this.#delayMaxUs = delayUs;
    this.#lastTickUs = nowUs;
  }

  read(): LoadReading {
    const utilisation = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(utilisation, this.#utilisation);
    const reading = {
      loopUtilisation: utilization,
      loopDelayMaxUs: this.#delayMaxUs,
      gcPausesUs: this.#gcPausesUs,
    };
    this.#utilisation = utilisation;
    this.#delayMaxUs = 0;
    this.#gcPausesUs = [];
    return reading;
  }

  close(): void {
    this.#observer.disconnect();
  }
}
