import type { ProbePoint } from '../../results/mod.js';
import type { Probe } from '../probe/mod.js';

const SECOND_US = 1_000_000;

/** Looks at the target at each full second of the run and keeps the points until they are asked for. */
export class ProbeTimeline {
  readonly #probes: readonly Probe[];
  readonly #nowUs: () => number;
  readonly #points = new Map<number, Promise<readonly ProbePoint[]>>();
  #timer: NodeJS.Timeout | undefined;
  #epochUs = 0;
  /** The second that is looked at next. */
  #second = Number.POSITIVE_INFINITY;

  constructor(probes: readonly Probe[], nowUs: () => number) {
    this.#probes = probes;
    this.#nowUs = nowUs;
  }

  /** Opens what has to be opened; a probe that finds nothing yet goes on trying. */
  async open(): Promise<void> {
    await Promise.all(this.#probes.map((probe) => probe.begin()));
  }

  /** Seconds count from `epochUs` on the clock that was given. */
  start(epochUs: number): void {
    if (this.#probes.length === 0) return;
    this.#epochUs = epochUs;
    // The look at the epoch is what the first second's rates count from.
    this.#wait(-1);
  }

  /**
   * What happened in a second that is over; asked for once. Empty if nobody looked. Looks over a network
   * take their time, but less than a second.
   */
  async point(second: number): Promise<readonly ProbePoint[]> {
    // Asked before the timer came to it: now is as good.
    if (second === this.#second && this.#nowUs() >= this.#endUs(second)) this.#take();
    const points = this.#points.get(second);
    this.#points.delete(second);
    return points ?? [];
  }

  stop(): void {
    clearTimeout(this.#timer);
    for (const probe of this.#probes) probe.close();
  }

  #wait(second: number): void {
    this.#second = second;
    const leftUs = this.#endUs(second) - this.#nowUs();
    this.#timer = setTimeout(() => this.#take(), Math.max(0, leftUs / 1000));
  }

  #take(): void {
    clearTimeout(this.#timer);
    const nowUs = this.#nowUs();
    const points = this.#look();
    // Whoever asks hears of it; if nobody does, it is no crash.
    points.catch(() => undefined);
    if (this.#second >= 0) this.#points.set(this.#second, points);
    // After a stall the seconds in between have no look of their own.
    const current = Math.floor((nowUs - this.#epochUs) / SECOND_US);
    this.#wait(Math.max(this.#second + 1, current));
  }

  #endUs(second: number): number {
    return this.#epochUs + (second + 1) * SECOND_US;
  }

  async #look(): Promise<ProbePoint[]> {
    const points = await Promise.all(this.#probes.map((probe) => probe.look()));
    return points.map((point) => ({ ...point, readAtUs: point.readAtUs - this.#epochUs }));
  }
}
