import type { MessagePort } from 'node:worker_threads';
import { transferables } from '../../results/mod.js';
import { COUNTER, type Device, monotonicClock, Receiver, Tally } from '../device/mod.js';
import { plan as planOf } from '../scenario/mod.js';
import { connectAtUs } from '../schedule/mod.js';
import { GeneratorLoad } from './generator-load.js';
import { makeDevices } from './make-devices.js';
import type { ShardNews, ShardOrder, ShardPlan } from './messages.js';
import { Shard } from './shard.js';
import { ShardDevices } from './shard-devices.js';
import { streamPrograms } from './stream-program.js';
import { StreamTable } from './stream-table.js';

const TICK_MS = 1;
const SECOND_US = 1_000_000;
/** How long devices may take to say goodbye. */
const GOODBYE_US = 3 * SECOND_US;

/** Builds the shard and drives it by the clock; resolves when it was stopped and has reported all. */
export function runShard(plan: ShardPlan, port: MessagePort): Promise<void> {
  return new Promise((resolve, reject) => {
    const run = new ShardRun(plan, port);
    const timer = setInterval(() => {
      try {
        if (!run.tick()) return;
      } catch (error) {
        reject(error);
      }
      clearInterval(timer);
      port.close();
      resolve();
    }, TICK_MS);
    port.on('message', (order: ShardOrder) => run.order(order));
  });
}

class ShardRun {
  readonly #plan: ShardPlan;
  readonly #port: MessagePort;
  readonly #nowUs = monotonicClock();
  readonly #tally = new Tally();
  readonly #shard: Shard;
  readonly #devices: number;
  readonly #load: GeneratorLoad;
  #second = 0;
  #settled = false;
  #goodbyeAtUs = Number.POSITIVE_INFINITY;

  constructor(plan: ShardPlan, port: MessagePort) {
    this.#plan = plan;
    this.#port = port;
    const { scenario, run, epochUs } = plan;
    const runHex = run.toString(16).padStart(4, '0');
    const fleet = planOf(scenario);
    const placement = new ShardDevices(fleet, plan.shard, plan.shards);
    const wallOriginUs = Date.now() * 1000 - this.#nowUs();
    const programs = streamPrograms(scenario, fleet, runHex, () => wallOriginUs + this.#nowUs());
    const receiver = new Receiver(this.#tally, {
      run,
      epochUs,
      someUntimed: programs.flat().some((program) => !program.timed),
    });
    this.#devices = placement.count;
    this.#shard = new Shard(
      { nowUs: this.#nowUs, tally: this.#tally },
      new StreamTable(programs, placement),
      (owner): Device[] =>
        makeDevices(scenario, runHex, placement, plan.targets, {
          nowUs: this.#nowUs,
          tally: this.#tally,
          receiver,
          owner,
          run,
          epochUs,
        }),
      (device) => epochUs + connectAtUs(placement.global(device), scenario.connect.ratePerSec),
    );
    this.#load = new GeneratorLoad(this.#nowUs(), TICK_MS * 1000);
  }

  order(order: ShardOrder): void {
    if (order.type === 'load') {
      this.#shard.begin(order.startUs);
    } else if (this.#goodbyeAtUs === Number.POSITIVE_INFINITY) {
      this.#shard.disconnect();
      this.#goodbyeAtUs = this.#nowUs() + GOODBYE_US;
    }
  }

  /** True when all is over. */
  tick(): boolean {
    const nowUs = this.#nowUs();
    this.#load.tick(nowUs);
    this.#shard.tick();
    const second = Math.floor((nowUs - this.#plan.epochUs) / SECOND_US);
    if (second > this.#second) {
      this.#report(second - 1, nowUs);
      this.#second = second;
    }
    if (!this.#settled && this.#shard.settled) {
      this.#settled = true;
      const { ready, failed, lost } = this.#shard.census;
      this.#post({ type: 'settled', shard: this.#plan.shard, ready, failed: failed + lost });
    }
    const stopped = this.#goodbyeAtUs !== Number.POSITIVE_INFINITY;
    if (!stopped || (!this.#allClosed() && nowUs < this.#goodbyeAtUs)) return false;
    this.#report(second, nowUs);
    this.#load.close();
    this.#post({ type: 'done', shard: this.#plan.shard });
    return true;
  }

  #allClosed(): boolean {
    const { closed, failed, lost } = this.#shard.census;
    return closed + failed + lost >= this.#devices;
  }

  #report(second: number, nowUs: number): void {
    const tally = this.#tally;
    const backlog = this.#shard.backlog(nowUs);
    const counters = tally.counters.slice();
    const connected = counters[COUNTER.connected]!;
    tally.counters.fill(0);
    tally.counters[COUNTER.connected] = connected;
    const histograms = tally.histograms.encode();
    tally.histograms.reset();
    const errors = Object.fromEntries(tally.errors);
    tally.errors.clear();
    const report = {
      shard: this.#plan.shard,
      second,
      counters,
      histograms,
      errors,
      backlog,
      ...this.#load.read(),
      // CPU time is the process's: the one who hosts the threads adds it.
      cpuUs: 0,
    };
    this.#post({ type: 'interval', report, inflight: this.#shard.inflight }, [
      counters.buffer,
      ...transferables(histograms),
    ]);
  }

  #post(news: ShardNews, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(news, transfer);
  }
}
