import { counter } from './counters.js';
import type { MergedInterval } from './interval-report.js';
import { summarise } from './latency-summary.js';
import type { Steadiness } from './run-record.js';
import { SeriesSampler } from './sampled-series.js';
import { DELIVERY, PUBLISH, RESPONSE, seriesIndex } from './series.js';

/** Points that a phase has at most: enough for a test of trend, and its work grows with their square. */
const MAXIMUM_POINTS = 600;

type Of = Steadiness['of'];

/** What a phase is judged by: deliveries where there are any, else acknowledgements, else what was sent. */
const RATES: Readonly<
  Record<Of, { rate: 'deliveriesReceived' | 'publishesAcked' | 'publishesSent'; series: number }>
> = {
  deliveries: { rate: 'deliveriesReceived', series: seriesIndex(DELIVERY, RESPONSE) },
  publishes: { rate: 'publishesAcked', series: seriesIndex(PUBLISH, RESPONSE) },
  sends: { rate: 'publishesSent', series: seriesIndex(PUBLISH, RESPONSE) },
};
const ORDER: readonly Of[] = ['deliveries', 'publishes', 'sends'];

class OnePhase {
  readonly name: string;
  readonly #samplers = new Map(
    ORDER.map((of) => [
      of,
      {
        rate: new SeriesSampler(MAXIMUM_POINTS, 1),
        mean: new SeriesSampler(MAXIMUM_POINTS, 1),
        p99: new SeriesSampler(MAXIMUM_POINTS, 0),
        total: 0,
      },
    ]),
  );

  constructor(name: string) {
    this.name = name;
  }

  add(interval: MergedInterval): void {
    for (const [of, samplers] of this.#samplers) {
      const { rate, series } = RATES[of];
      const count = counter(interval.counters, rate);
      const figures = summarise(interval.histograms.get(series));
      samplers.total += count;
      samplers.rate.add(interval.second, count / interval.lengthSec);
      samplers.mean.add(interval.second, figures?.mean ?? null);
      samplers.p99.add(interval.second, figures?.p99 ?? null);
    }
  }

  steadiness(): Steadiness | undefined {
    const of = ORDER.find((name) => this.#samplers.get(name)!.total > 0);
    if (of === undefined) return undefined;
    const { rate, mean, p99 } = this.#samplers.get(of)!;
    const { startSecond, stepSec, values } = rate.series();
    return {
      phase: this.name,
      startSecond,
      stepSec,
      of,
      ratePerSec: values.map((value) => value ?? 0),
      responseMeanUs: [...mean.series().values],
      responseP99Us: [...p99.series().values],
    };
  }
}

/** The measured phases second by second, for the test whether they were steady. Memory is bounded. */
export class SteadinessTotals {
  readonly #phases: OnePhase[] = [];

  add(interval: MergedInterval): void {
    let phase = this.#phases.at(-1);
    if (phase === undefined || phase.name !== interval.phase) {
      phase = new OnePhase(interval.phase);
      this.#phases.push(phase);
    }
    phase.add(interval);
  }

  steadiness(): Steadiness[] {
    return this.#phases.map((phase) => phase.steadiness()).filter((one) => one !== undefined);
  }
}
