import type { MessagePort } from 'node:worker_threads';
import { transferables } from '../../results/measure.js';
import {
  type Exchange,
  ForeignHeaders,
  Receiver,
  type RunIdentity,
  readClock,
  Tally,
  wallOriginUs,
} from '../device/mod.js';
import { FieldSession } from '../field-clients/session.js';
import { groupIdentity } from '../scenario/credentials.js';
import type { GroupIdentity } from '../scenario/identity.js';
import { plan as planOf } from '../scenario/plan.js';
import type { Scenario } from '../scenario/schema.js';
import { connectAtUs } from '../schedule/mod.js';
import { passwordsOf } from '../targets/mod.js';
import { Births } from './births.js';
import { Exchanges } from './exchanges.js';
import { GeneratorLoad } from './generator-load.js';
import { Goings } from './goings.js';
import { makeDevices } from './make-devices.js';
import type { ShardNews, ShardOrder, ShardPlan } from './messages.js';
import { Requests } from './requests.js';
import { Shard } from './shard.js';
import { ShardDevices } from './shard-devices.js';
import { streamPrograms } from './stream-program.js';
import { StreamTable } from './stream-table.js';
import { Ways } from './ways.js';
import { Wills } from './wills.js';

const SECOND_US = 1_000_000;
/** How long devices may take to say goodbye: some of them are asked in each tick. */
const GOODBYE_US = 3 * SECOND_US;
const GOODBYE_US_PER_DEVICE = 30;

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
    }, plan.tickMs);
    port.on('message', (order: ShardOrder) => run.order(order));
  });
}

/** Of each group that behaves as field clients do. */
function fieldSessions(scenario: Scenario, runHex: string, wallUs: () => number) {
  return scenario.groups.map((group) => {
    if (group.behaviour === undefined) return undefined;
    const identity = groupIdentity(group, runHex, scenario.seed);
    const valuesOf = (index: number) => identity.valuesOf(index, 0);
    return new FieldSession(group.behaviour, group.count, valuesOf, () => wallUs() / 1000);
  });
}

/** A will is no request and no answer, whoever gets it. */
function willsFirst(wills: Wills, exchange: Exchange | undefined): Exchange {
  return {
    received: (device, bytes, view, nowUs) =>
      wills.received(bytes, view) || exchange?.received(device, bytes, view, nowUs) === true,
  };
}

/** One shard on the clock: what it is told, what it reports. */
class ShardRun {
  readonly #plan: ShardPlan;
  readonly #port: MessagePort;
  readonly #clock = readClock();
  readonly #nowUs = this.#clock.nowUs;
  readonly #tally = new Tally();
  readonly #identity: RunIdentity;
  readonly #placement: ShardDevices;
  readonly #shard: Shard;
  readonly #load: GeneratorLoad;
  #second = 0;
  #settled = false;
  #goodbyeAtUs = Number.POSITIVE_INFINITY;

  constructor(plan: ShardPlan, port: MessagePort) {
    this.#plan = plan;
    this.#port = port;
    this.#load = new GeneratorLoad(this.#nowUs(), plan.tickMs * 1000);
    const { scenario, run, ephemeralPorts } = plan;
    const runHex = run.toString(16).padStart(4, '0');
    const fleet = planOf(scenario);
    const placement = new ShardDevices(fleet, plan.shard, plan.shards);
    const originUs = wallOriginUs(this.#nowUs);
    const wallUs = () => originUs + this.#nowUs();
    const sessions = fieldSessions(scenario, runHex, wallUs);
    const requests = new Requests(this.#tally);
    const programs = streamPrograms(scenario, fleet, runHex, wallUs, sessions, requests);
    const passwordOf = passwordsOf(scenario.profile, process.env, wallUs);
    const someUntimed = programs.flat().some((program) => !program.timed);
    const headerAts = [...new Set(programs.flat().map(({ headerAt }) => headerAt))];
    const identity: RunIdentity = {
      run,
      epochUs: Number.POSITIVE_INFINITY,
      someUntimed,
      ...(headerAts.some((at) => at > 0) ? { headerAts } : {}),
    };
    const identities: GroupIdentity[] = [];
    const identityOf = (group: number) => {
      identities[group] ??= groupIdentity(scenario.groups[group]!, runHex, scenario.seed);
      return identities[group];
    };
    const exchange = Exchanges.isNeededBy(scenario)
      ? new Exchanges(scenario, placement, identity, this.#tally, requests, identityOf)
      : undefined;
    const wills = Wills.isNeededBy(scenario)
      ? new Wills(scenario, runHex, placement, identity, this.#tally, identityOf)
      : undefined;
    const { foreignHeaders } = scenario;
    const foreign = foreignHeaders && new ForeignHeaders(this.#tally, foreignHeaders, wallUs);
    const thread = {
      nowUs: this.#nowUs,
      tally: this.#tally,
      receiver: new Receiver(this.#tally, identity, foreign),
      identity,
      exchange: wills === undefined ? exchange : willsFirst(wills, exchange),
    };
    this.#identity = identity;
    this.#placement = placement;
    const { targets } = plan;
    const { sourceAddresses } = scenario;
    // Not where the last run left its ports to cool down.
    const portsFrom = run / 0x10000;
    const ways = new Ways(targets, sourceAddresses, ephemeralPorts, plan.shards, portsFrom);
    this.#shard = new Shard(
      thread,
      new StreamTable(programs, placement),
      (owner) =>
        makeDevices(scenario, runHex, placement, ways, { ...thread, owner }, passwordOf, sessions),
      new Goings(scenario, placement),
      placement.count,
      sessions.some((session) => session !== undefined)
        ? new Births(sessions, placement, this.#tally, this.#nowUs)
        : undefined,
      exchange,
      wills,
    );
    this.#post({ type: 'up', shard: plan.shard, clockErrorUs: this.#clock.errorUs });
  }

  order(order: ShardOrder): void {
    switch (order.type) {
      case 'start': {
        const { ratePerSec } = this.#plan.scenario.connect;
        this.#identity.epochUs = order.epochUs;
        this.#tally.epochUs = order.epochUs;
        this.#shard.start(
          (device) => order.epochUs + connectAtUs(this.#placement.global(device), ratePerSec),
        );
        break;
      }
      case 'clock':
        this.#post({
          type: 'clock',
          shard: this.#plan.shard,
          askedUs: order.askedUs,
          theirsUs: this.#nowUs(),
        });
        break;
      case 'epoch':
        this.#identity.epochUs = order.epochUs;
        break;
      case 'load':
        this.#shard.begin(order.startUs);
        break;
      case 'stop':
        if (this.#goodbyeAtUs !== Number.POSITIVE_INFINITY) break;
        this.#shard.disconnect();
        this.#goodbyeAtUs =
          this.#nowUs() + GOODBYE_US + this.#placement.count * GOODBYE_US_PER_DEVICE;
        break;
    }
  }

  /** True when all is over. */
  tick(): boolean {
    const nowUs = this.#nowUs();
    this.#load.tick(nowUs);
    // Before the start the epoch lies at Infinity, and no second has passed.
    // Nor does one pass twice, should the epoch be corrected at its edge.
    const sinceEpochUs = nowUs - this.#identity.epochUs;
    const second = Math.max(this.#second, Math.floor(sinceEpochUs / SECOND_US));
    // First the report: what is done from here on belongs to the new second.
    if (second > this.#second) {
      this.#report(second - 1, nowUs);
      this.#second = second;
    }
    this.#shard.tick();
    if (!this.#settled && this.#shard.presence.settled) {
      this.#settled = true;
      const { ready, failed, lost } = this.#shard.presence.census;
      this.#post({ type: 'settled', shard: this.#plan.shard, ready, failed: failed + lost });
    }
    if (this.#goodbyeAtUs === Number.POSITIVE_INFINITY) return false;
    if (!this.#shard.presence.allClosed && nowUs < this.#goodbyeAtUs) return false;
    this.#report(second, nowUs);
    this.#load.close();
    this.#post({ type: 'done', shard: this.#plan.shard });
    return true;
  }

  #report(second: number, nowUs: number): void {
    const backlog = this.#shard.backlog(nowUs);
    const { counters, histograms, errors, occupancy } = this.#tally.take();
    const report = {
      shard: this.#plan.shard,
      second,
      counters,
      histograms,
      errors,
      occupancy,
      backlog,
      ownLagUs: this.#shard.takeOwnLagUs(),
      ...this.#load.read(),
      // CPU time is the process's: the one that hosts the threads adds it.
      cpuUs: 0,
    };
    const transfer = [counters.buffer as ArrayBuffer, ...transferables(histograms)];
    const { inflight, presence } = this.#shard;
    this.#post({ type: 'interval', report, inflight, returning: presence.returning }, transfer);
  }

  #post(news: ShardNews, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(news, transfer);
  }
}
