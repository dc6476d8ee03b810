import { PUBLISH, RESPONSE } from '../../../results/mod.js';
import { COUNTER, Tally } from '../../device/mod.js';
import type { FleetControl, FleetNews } from '../../fleet/fleet.js';
import type { FleetPart } from '../../fleet/layout.js';
import type { RunPlan, ShardOrder } from '../../fleet/messages.js';
import { ShardDevices } from '../../fleet/shard-devices.js';
import { streamPrograms } from '../../fleet/stream-program.js';
import { StreamTable } from '../../fleet/stream-table.js';
import { plan as planOf } from '../../scenario/mod.js';

const SECOND_US = 1_000_000;
const LOOK_MS = 20;

interface SyntheticShard {
  shard: number;
  devices: number;
  table: StreamTable;
  tally: Tally;
}

/**
 * Shards against a target that answers each message after a time of its own, which follows from the message's sender
 * and number alone: the real schedule, the real tally and the real reports, and latencies that can be foretold.
 */
export class SyntheticFleet implements FleetControl {
  readonly #shards: SyntheticShard[];
  readonly #nowUs: () => number;
  #news: (news: FleetNews) => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #epochUs = 0;
  #second = 0;
  #firstSecond = Number.POSITIVE_INFINITY;

  constructor({ scenario, run }: RunPlan, part: FleetPart, nowUs: () => number) {
    this.#nowUs = nowUs;
    const fleet = planOf(scenario);
    const hex = run.toString(16).padStart(4, '0');
    this.#shards = Array.from({ length: part.shards }, (_, n) => {
      const shard = part.firstShard + n;
      const placement = new ShardDevices(fleet, shard, part.ofShards);
      const table = new StreamTable(
        streamPrograms(scenario, fleet, hex, () => 0),
        placement,
      );
      return { shard, devices: placement.count, table, tally: new Tally() };
    });
  }

  start(news: (news: FleetNews) => void): void {
    this.#news = news;
    for (const { shard } of this.#shards) news({ type: 'up', shard, clockErrorUs: 0 });
  }

  order(order: ShardOrder): void {
    if (order.type === 'start') {
      this.#epochUs = order.epochUs;
      for (const { shard, devices } of this.#shards) {
        this.#news({ type: 'settled', shard, ready: devices, failed: 0 });
      }
      this.#timer = setInterval(() => this.#look(), LOOK_MS);
    } else if (order.type === 'epoch') this.#epochUs = order.epochUs;
    else if (order.type === 'clock') {
      for (const { shard } of this.#shards) {
        this.#news({ type: 'clock', shard, askedUs: order.askedUs, theirsUs: this.#nowUs() });
      }
    } else if (order.type === 'load') {
      this.#firstSecond = Math.round((order.startUs - this.#epochUs) / SECOND_US);
      for (const { table } of this.#shards) table.begin(0);
    } else {
      this.#report();
      clearInterval(this.#timer);
      for (const { shard } of this.#shards) this.#news({ type: 'done', shard });
    }
  }

  kill(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    while (this.#nowUs() >= this.#epochUs + (this.#second + 1) * SECOND_US) this.#report();
  }

  #report(): void {
    const second = this.#second++;
    for (const { shard, table, tally } of this.#shards) {
      if (second >= this.#firstSecond)
        send(table, tally, (second - this.#firstSecond + 1) * SECOND_US);
      const report = {
        shard,
        second,
        ...tally.take(),
        backlog: 0,
        loopUtilisation: 0,
        loopDelayMaxUs: 0,
        gcPausesUs: [],
        ownLagUs: 0,
        cpuUs: 0,
      };
      this.#news({ type: 'interval', report, inflight: 0, returning: 0 });
    }
  }
}

/** All that is due before `untilUs` of the load. */
function send(table: StreamTable, tally: Tally, untilUs: number): void {
  for (let slot = 0; slot < table.count; slot++) {
    while (table.dueUs(slot, untilUs) < untilUs) {
      const { sender } = table.outgoing(slot);
      const number = table.number(slot);
      // Some 10 µs to 40 s: all sizes of buckets, a few of them beyond the histogram's grain.
      const latencyUs = ((sender + 1) * 7919 + number * 104_729) % 40_000_000;
      tally.record(PUBLISH * 3 + RESPONSE, latencyUs);
      tally.count(COUNTER.publishesScheduled);
      tally.count(COUNTER.publishesSent);
      table.advance(slot);
    }
  }
}
