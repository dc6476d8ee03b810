import type { ProbePoint } from '../../results/mod.js';
import { type ProbeSample, type ProcProbe, rateBetween } from '../probe/mod.js';

const SECOND_US = 1_000_000;

/** Samples the target's processes at each full second of the run and keeps the points until they are asked for. */
export class ProbeTimeline {
  readonly #probes: readonly ProcProbe[];
  readonly #nowUs: () => number;
  readonly #points = new Map<number, readonly ProbePoint[]>();
  #last: ProbeSample[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(probes: readonly ProcProbe[], nowUs: () => number) {
    this.#probes = probes;
    this.#nowUs = nowUs;
  }

  /** Seconds count from `epochUs` on the clock that was given. */
  start(epochUs: number): void {
    if (this.#probes.length === 0) return;
    this.#last = this.#probes.map((probe) => probe.sample(this.#nowUs()));
    this.#wait(epochUs, 0);
  }

  /** What happened in a second that is over; asked for once. Empty if it was not sampled. */
  point(second: number): readonly ProbePoint[] {
    const points = this.#points.get(second) ?? [];
    this.#points.delete(second);
    return points;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(epochUs: number, second: number): void {
    const endUs = epochUs + (second + 1) * SECOND_US;
    this.#timer = setTimeout(
      () => {
        const nowUs = this.#nowUs();
        this.#points.set(second, this.#sample(nowUs));
        // After a stall the seconds in between have no sample of their own.
        this.#wait(epochUs, Math.max(second + 1, Math.floor((nowUs - epochUs) / SECOND_US)));
      },
      Math.max(0, (endUs - this.#nowUs()) / 1000),
    );
  }

  #sample(nowUs: number): ProbePoint[] {
    return this.#probes.map((probe, index) => {
      const sample = probe.sample(nowUs);
      const rate = rateBetween(this.#last[index]!, sample);
      this.#last[index] = sample;
      return { node: probe.name, ...rate };
    });
  }
}
