import { type Counters, counter } from '../../results/mod.js';
import type { FleetNews } from './fleet.js';

/** How one shard stands, from its own news. */
interface ShardState {
  up: boolean;
  settled: boolean;
  over: boolean;
  lastSecond: number;
  backlog: number;
  inflight: number;
  connected: number;
  returning: number;
}

/** How all shards of a run stand together. */
export class ShardBoard {
  readonly #shards: ShardState[];
  #ready = 0;
  scheduled = 0;
  expected = 0;
  #willsDue = 0;
  /** Without duplicates. */
  received = 0;
  /** Why shards died, the first reason first. */
  readonly deaths: string[] = [];

  constructor(shards: number) {
    this.#shards = Array.from({ length: shards }, () => ({
      up: false,
      settled: false,
      over: false,
      lastSecond: -1,
      backlog: 0,
      inflight: 0,
      connected: 0,
      returning: 0,
    }));
  }

  /** Counters of a report, or of what was before this board began. */
  add(counters: Counters): void {
    // Answers are in nobody's limit.
    this.scheduled +=
      counter(counters, 'publishesScheduled') - counter(counters, 'answersScheduled');
    this.expected += counter(counters, 'deliveriesExpected');
    this.received +=
      counter(counters, 'deliveriesReceived') - counter(counters, 'deliveriesDuplicated');
    this.#willsDue += counter(counters, 'willsExpected') - counter(counters, 'willsReceived');
  }

  hear(news: FleetNews): void {
    const shard = this.#shards[news.type === 'interval' ? news.report.shard : news.shard]!;
    switch (news.type) {
      case 'up':
        shard.up = true;
        break;
      case 'clock':
        break;
      case 'settled':
        shard.settled = true;
        this.#ready += news.ready;
        break;
      case 'interval': {
        const { second, counters, backlog } = news.report;
        shard.lastSecond = second;
        shard.backlog = backlog;
        shard.inflight = news.inflight;
        shard.returning = news.returning;
        shard.connected = counter(counters, 'connected');
        this.add(counters);
        break;
      }
      case 'done':
        shard.over = true;
        break;
      case 'died':
        shard.over = true;
        shard.backlog = 0;
        shard.inflight = 0;
        shard.connected = 0;
        shard.returning = 0;
        this.deaths.push(news.reason);
        break;
    }
  }

  get allUp(): boolean {
    return this.#shards.every(({ up, over }) => up || over);
  }

  /** Some device is there to go on with: of shards that wait for others, by their last report. */
  get anyReady(): boolean {
    return this.#ready > 0 || this.#shards.some(({ connected }) => connected > 0);
  }

  get alive(): number {
    return this.#shards.filter(({ over }) => !over).length;
  }

  get allSettled(): boolean {
    return this.#shards.every(({ settled, over }) => settled || over);
  }

  get allOver(): boolean {
    return this.#shards.every(({ over }) => over);
  }

  /** As of reports that began at `second` or later: nothing waits to be sent, acknowledged or delivered, and nobody to return. */
  isQuietSince(second: number): boolean {
    return (
      this.#shards.every(
        ({ over, lastSecond, backlog, inflight, returning }) =>
          over || (lastSecond >= second && backlog + inflight + returning === 0),
      ) &&
      this.received >= this.expected &&
      this.#willsDue <= 0
    );
  }
}
