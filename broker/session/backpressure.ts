import type { Pressure, Publisher } from '../routing/mod.js';

/** A session as back-pressure sees it. */
export interface SlowSubscriber {
  /** Publishers should wait for it. */
  congested: boolean;
  slowness: Slowness | undefined;
}

/** What is known of a session that has been behind; made when it first is. */
export interface Slowness {
  /** Infinity: it has no grace that could be over. */
  sinceMs: number;
  /** Until then nobody waits for it. */
  lagsUntilMs: number;
  /** Who waits, in the order of coming; from `next` on. */
  waiting: Publisher[];
  next: number;
}

/**
 * Of the time between two ticks no more than this part of a grace counts: while the node itself did not run (paused, or
 * its machine overloaded) nothing was sent to anybody and no answer read.
 */
const MOST_OF_GRACE = 0.25;

/**
 * Who waits for whom. A subscriber that falls behind makes the publishers of its messages wait, so that
 * nothing is lost and nothing piles up. It has a grace to catch up in; one that overruns it is *lagging*:
 * publishers go on, and what does not fit is dropped and counted, for one slow client must not stop the
 * others. Released publishers run one by one while there is room, at the end of a turn.
 */
export class Backpressure {
  readonly #pressure: Pressure;
  readonly #graceMs: number;
  readonly #penaltyMs: number;
  readonly #wakeTurn: () => void;
  readonly #congested = new Set<SlowSubscriber>();
  #relieved: SlowSubscriber[] = [];
  #tickedMs = Number.POSITIVE_INFINITY;

  /** `wakeTurn` makes sure that `release` is called at the end of this turn. */
  constructor(pressure: Pressure, graceMs: number, penaltyMs: number, wakeTurn: () => void) {
    this.#pressure = pressure;
    this.#graceMs = graceMs;
    this.#penaltyMs = penaltyMs;
    this.#wakeTurn = wakeTurn;
  }

  /** The subscriber is behind. False if it is lagging: nobody waits, drop what does not fit. */
  congest(subscriber: SlowSubscriber, nowMs: number): boolean {
    if (subscriber.congested) return true;
    subscriber.slowness ??= { sinceMs: 0, lagsUntilMs: 0, waiting: [], next: 0 };
    const { slowness } = subscriber;
    if (nowMs < slowness.lagsUntilMs) return false;
    slowness.sinceMs = nowMs;
    subscriber.congested = true;
    this.#congested.add(subscriber);
    this.#pressure.congested++;
    return true;
  }

  /** As `congest`, of one that is waited for however long it takes: it has no grace, and is never lagging. */
  hold(subscriber: SlowSubscriber): void {
    this.congest(subscriber, Number.POSITIVE_INFINITY);
    // It may have been congested before.
    (subscriber.slowness as Slowness).sinceMs = Number.POSITIVE_INFINITY;
  }

  /** It has caught up, or is gone. */
  relieve(subscriber: SlowSubscriber): void {
    if (!subscriber.congested) return;
    subscriber.congested = false;
    this.#congested.delete(subscriber);
    this.#pressure.congested--;
    if (subscriber.slowness !== undefined && subscriber.slowness.waiting.length > 0) {
      this.#relieved.push(subscriber);
      this.#wakeTurn();
    }
  }

  wait(subscriber: SlowSubscriber, publisher: Publisher): void {
    if (subscriber.slowness === undefined || !subscriber.congested) {
      throw new Error('only a congested subscriber is waited for');
    }
    subscriber.slowness.waiting.push(publisher);
  }

  /** Ends the grace of those who overran it; several times per grace is often enough. */
  tick(nowMs: number): void {
    const missedMs = Math.max(0, nowMs - this.#tickedMs - MOST_OF_GRACE * this.#graceMs);
    this.#tickedMs = nowMs;
    for (const subscriber of this.#congested) {
      const { slowness } = subscriber;
      if (slowness === undefined || slowness.sinceMs === Number.POSITIVE_INFINITY) continue;
      slowness.sinceMs = Math.min(nowMs, slowness.sinceMs + missedMs);
      if (nowMs - slowness.sinceMs < this.#graceMs) continue;
      slowness.lagsUntilMs = nowMs + this.#penaltyMs;
      this.relieve(subscriber);
    }
  }

  /** Lets waiting publishers go on, as many as there is room for. */
  release(nowMs: number): void {
    if (this.#relieved.length === 0) return;
    const relieved = this.#relieved;
    this.#relieved = [];
    for (const subscriber of relieved) {
      const { slowness } = subscriber;
      if (slowness === undefined) continue;
      while (!subscriber.congested && slowness.next < slowness.waiting.length) {
        const publisher = slowness.waiting[slowness.next++] as Publisher;
        publisher.resume(nowMs);
      }
      if (slowness.next === slowness.waiting.length) slowness.waiting = [];
      else slowness.waiting = slowness.waiting.slice(slowness.next);
      slowness.next = 0;
    }
  }
}
