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
  #epochUs = 0;
  /** The second that is sampled next. */
  #second = -1;

  constructor(probes: readonly ProcProbe[], nowUs: () => number) {
    this.#probes = probes;
    this.#nowUs = nowUs;
  }

  /** Seconds count from `epochUs` on the clock that was given. */
  start(epochUs: number): void {
    if (this.#probes.length === 0) return;
    this.#last = this.#probes.map((probe) => probe.sample(this.#nowUs()));
    this.#epochUs = epochUs;
    this.#wait(0);
  }

  /** What happened in a second that is over; asked for once. Empty if it was not sampled. */
  point(second: number): readonly ProbePoint[] {
    // Asked before the timer came to it: now is as good.
    if (second === this.#second && this.#nowUs() >= this.#endUs(second)) this.#take();
    const points = this.#points.get(second) ?? [];
    this.#points.delete(second);
    return points;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(second: number): void {
    this.#second = second;
    const leftUs = this.#endUs(second) - this.#nowUs();
    this.#timer = setTimeout(() => this.#take(), Math.max(0, leftUs / 1000));
  }

  #take(): void {
    clearTimeout(this.#timer);
    const nowUs = this.#nowUs();
    this.#points.set(this.#second, this.#sample(nowUs));
    // After a stall the seconds in between have no sample of their own.
    const current = Math.floor((nowUs - this.#epochUs) / SECOND_US);
    this.#wait(Math.max(this.#second + 1, current));
  }

  #endUs(second: number): number {
    return this.#epochUs + (second + 1) * SECOND_US;
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
