import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentRecord } from '../../results/mod.js';
import type { Lease, Line, Store, Watch } from '../../store/mod.js';
import type { NowUs } from '../device/mod.js';
import type { FleetControl, FleetNews } from '../fleet/fleet.js';
import { FleetError } from '../fleet/fleet-error.js';
import type { ShardOrder } from '../fleet/messages.js';
import { readNews } from './agent-run.js';
import { ClockSeries } from './clock-series.js';
import {
  AGENTS_PREFIX,
  type AgentCard,
  type AgentMessage,
  CLAIMS_PREFIX,
  fromBytes,
  type HubMessage,
  RUNS_PREFIX,
  type RunSheet,
  toBytes,
} from './messages.js';
import { type ShippedFiles, shipFiles } from './shipped-files.js';

interface Member {
  readonly card: AgentCard;
  readonly devices: number;
  readonly clock: ClockSeries;
  readonly shardsLeft: Set<number>;
  line: Line | undefined;
  heard: number;
  isCardGone: boolean;
  silentSinceUs: number;
  lost: AgentRecord['lost'];
}

const SECOND_US = 1_000_000;
const LOOK_MS = 500;
const RETRY_MS = 500;
/** An agent without a line that is still registered may come back within this time. */
const LINE_PATIENCE_US = 30 * SECOND_US;
/** What an agent has to take in a run's sheet, of a coordinator and of etcd (1.5 MB a request). */
const LARGEST_SHEET_BYTES = 2 ** 20;

/**
 * The shards of a run on other machines. Orders go by the run's sheet in the store, so that an agent that was away reads
 * what it missed; news come by a line from each agent.
 */
export class AgentFleet implements FleetControl {
  readonly #store: Store;
  readonly #nowUs: NowUs;
  readonly #members: ReadonlyMap<string, Member>;
  readonly #sheet: RunSheet;
  /** Seconds before this one are in the record. */
  #safeBefore: number;
  #lease: Lease | undefined;
  #watch: Watch | undefined;
  #timer: NodeJS.Timeout | undefined;
  #publishing: Promise<void> = Promise.resolve();
  #early: FleetNews[] = [];
  #hear: ((news: FleetNews) => void) | undefined;
  #isOver = false;
  failure: FleetError | undefined;

  /**
   * @param sheet of the run, with all members; @param cards theirs
   * @param fromSecond earlier ones are in the record already: the run is resumed
   */
  constructor(
    store: Store,
    nowUs: NowUs,
    sheet: RunSheet,
    cards: readonly AgentCard[],
    devices: ReadonlyMap<string, number>,
    fromSecond: number,
  ) {
    this.#store = store;
    this.#nowUs = nowUs;
    this.#sheet = sheet;
    this.#safeBefore = fromSecond;
    this.#members = new Map(
      cards.map((card) => {
        const { firstShard, shards } = sheet.members[card.name]!;
        const own = Array.from({ length: shards }, (_, n) => firstShard + n);
        return [
          card.name,
          {
            card,
            devices: devices.get(card.name) ?? 0,
            clock: new ClockSeries(card.clock !== '' && card.clock === sheet.clock),
            shardsLeft: new Set(own),
            line: undefined,
            heard: 0,
            isCardGone: false,
            silentSinceUs: nowUs(),
            lost: null,
          },
        ];
      }),
    );
    if (toBytes(sheet).length > LARGEST_SHEET_BYTES) {
      throw new FleetError(
        'LIMIT',
        `the scenario takes ${toBytes(sheet).length} bytes, and agents are sent at most ${LARGEST_SHEET_BYTES}: ` +
          'shorten its payloads and lists',
      );
    }
  }

  /**
   * Takes the agents for this run.
   * @param ttlMs how long the claim outlives us
   * @param files that agents need; those of a run that is resumed they have
   * @returns false when another coordinator was quicker
   */
  async claim(ttlMs: number, isResumed: boolean, files: ShippedFiles): Promise<boolean> {
    this.#lease = await this.#store.lease(ttlMs, () => {
      this.#lease = undefined;
    });
    await shipFiles(this.#store, this.#sheet.id, this.#lease.id, files);
    const claims = [...this.#members.keys()].map((name) => `${CLAIMS_PREFIX}${name}`);
    const [outcome] = await this.#store.commit([
      {
        ...(isResumed ? {} : { when: claims.map((key) => ({ key, revision: 0 })) }),
        operations: this.#operations(this.#lease.id),
      },
    ]);
    if (outcome?.done !== true) await this.#lease.revoke();
    return outcome?.done === true;
  }

  /** From now on agents are watched, and what they said until now is passed on. */
  start(news: (news: FleetNews) => void): void {
    this.#hear = news;
    for (const each of this.#early.splice(0)) news(each);
    this.#watchCards().catch(() => undefined);
    this.#timer = setInterval(() => this.#lookRound(), LOOK_MS);
  }

  order(order: ShardOrder): void {
    if (order.type === 'start') this.#sheet.epochUs = order.epochUs;
    else if (order.type === 'load') this.#sheet.loadUs = order.startUs - (this.#sheet.epochUs ?? 0);
    else if (order.type === 'stop') this.#sheet.stop = true;
    this.#publish();
  }

  safe(beforeSecond: number): void {
    this.#safeBefore = Math.max(this.#safeBefore, beforeSecond);
    for (const { line } of this.#members.values()) {
      line?.send({ safeBefore: this.#safeBefore } satisfies HubMessage);
    }
  }

  kill(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
    this.#watch?.close();
    for (const { line } of this.#members.values()) {
      line?.send({ goAway: 'the run is over' } satisfies HubMessage);
      line?.end();
    }
  }

  /** Frees the agents; the store may be closed afterwards. */
  async close(): Promise<void> {
    if (!this.#isOver) this.kill();
    await this.#publishing;
    await this.#lease?.revoke().catch(() => undefined);
  }

  agents(): AgentRecord[] {
    return [...this.#members.values()].map(({ card, devices, clock, lost }) => {
      const { firstShard, shards } = this.#sheet.members[card.name]!;
      const { hostname, os, cpuModel, cores, memoryBytes } = card.host;
      return {
        name: card.name,
        host: { hostname, os, cpuModel, cores, memoryBytes },
        firstShard,
        shards,
        devices,
        lost,
        clock: clock.record(),
      };
    });
  }

  /** Somebody who knows the key is on the line; which agent it is it says first. */
  meet(line: Line): void {
    let member: Member | undefined;
    line.onMessage = ({ head, body }) => {
      const receivedUs = this.#nowUs();
      const message = head as AgentMessage;
      if ('clock' in message) {
        const answer = { clock: message.clock, receivedUs, sentUs: this.#nowUs() };
        line.send(answer satisfies HubMessage);
      } else if ('hello' in message) member = this.#greet(line, message);
      else if (member !== undefined) this.#take(member, message, body);
    };
    line.onClose = () => {
      if (member?.line !== line) return;
      member.line = undefined;
      member.silentSinceUs = this.#nowUs();
    };
  }

  #greet(line: Line, hello: Extract<AgentMessage, { hello: string }>): Member | undefined {
    const member = this.#members.get(hello.hello);
    const isOurs = hello.run === this.#sheet.id && member?.card.session === hello.session;
    if (member === undefined || !isOurs || member.lost !== null || this.#isOver) {
      const why = member?.lost ? `it was given up: ${member.lost.why}` : 'it is not of this run';
      line.send({ goAway: why } satisfies HubMessage);
      line.end();
      return undefined;
    }
    member.line?.close();
    member.line = line;
    member.isCardGone = false;
    line.send({ welcome: member.heard, safeBefore: this.#safeBefore } satisfies HubMessage);
    return member;
  }

  #take(member: Member, message: AgentMessage, body: Buffer): void {
    if ('offset' in message) member.clock.add(this.#second(), message.offset);
    else if ('left' in message) this.#lose(member, message.left, message.unreachable);
    else if ('news' in message && message.news > member.heard) {
      member.heard = message.news;
      this.#pass(member, readNews(body));
    }
  }

  #pass(member: Member, news: FleetNews): void {
    const shard = news.type === 'interval' ? news.report.shard : news.shard;
    if (!member.shardsLeft.has(shard)) return;
    // Merged before we were resumed.
    if (news.type === 'interval' && news.report.second < this.#safeBefore) return;
    if (news.type === 'done' || news.type === 'died') member.shardsLeft.delete(shard);
    if (news.type === 'died' && this.#sheet.epochUs === undefined) {
      const text = `a process of agent ${member.card.name} did not come up: ${news.reason}`;
      this.failure ??= new FleetError('HOST_DIED', text);
    }
    this.#emit(news);
  }

  #emit(news: FleetNews): void {
    if (this.#hear === undefined) this.#early.push(news);
    else this.#hear(news);
  }

  #lookRound(): void {
    const nowUs = this.#nowUs();
    for (const member of this.#members.values()) {
      if (member.line !== undefined || member.lost !== null || member.shardsLeft.size === 0)
        continue;
      const silentUs = nowUs - member.silentSinceUs;
      if (member.isCardGone) this.#lose(member, 'it is gone', false);
      else if (silentUs > LINE_PATIENCE_US) {
        this.#lose(member, `no word for ${Math.round(silentUs / SECOND_US)} s`, false);
      }
    }
  }

  #lose(member: Member, why: string, isUnreachable: boolean): void {
    if (member.lost !== null) return;
    const { name } = member.card;
    const isBegun = this.#sheet.epochUs !== undefined;
    // Who goes when all its shards have ended is missed by nobody.
    if (member.shardsLeft.size > 0 || !isBegun) member.lost = { second: this.#second(), why };
    if (!isBegun) {
      this.failure ??= isUnreachable
        ? new FleetError('UNREACHABLE', `agent ${name}: ${why}`)
        : new FleetError('AGENT_LOST', `agent ${name} was lost before the run began: ${why}`);
    }
    member.line?.end();
    for (const shard of member.shardsLeft) {
      this.#emit({ type: 'died', shard, reason: `agent ${name}: ${why}` });
    }
    member.shardsLeft.clear();
  }

  #second(): number | null {
    const { epochUs } = this.#sheet;
    return epochUs === undefined
      ? null
      : Math.max(0, Math.floor((this.#nowUs() - epochUs) / SECOND_US));
  }

  async #watchCards(): Promise<void> {
    const { entries, revision } = await this.#store.read(AGENTS_PREFIX);
    const sessions = new Map(
      entries.map(({ key, value }) => [key, fromBytes<AgentCard>(value).session]),
    );
    for (const member of this.#members.values()) {
      const key = `${AGENTS_PREFIX}${member.card.name}`;
      member.isCardGone = sessions.get(key) !== member.card.session;
    }
    if (this.#isOver) return;
    this.#watch = this.#store.watch(AGENTS_PREFIX, revision + 1, {
      changes: (changes) => {
        for (const { key, value } of changes) {
          const member = this.#members.get(key.slice(AGENTS_PREFIX.length));
          if (member === undefined) continue;
          const session = value && fromBytes<AgentCard>(value).session;
          member.isCardGone = session !== member.card.session;
        }
      },
      compacted: () => {
        this.#watchCards().catch(() => undefined);
      },
    });
  }

  /** The sheet as it is goes to the store, again until it is there. */
  #publish(): void {
    this.#publishing = this.#publishing.then(async () => {
      for (let isDone = false; !isDone && !this.#isOver; ) {
        try {
          this.#lease ??= await this.#store.lease(this.#sheet.patienceMs, () => {
            this.#lease = undefined;
          });
          await this.#store.commit([{ operations: this.#operations(this.#lease.id) }]);
          isDone = true;
        } catch {
          await sleep(RETRY_MS);
        }
      }
    });
  }

  #operations(lease: string) {
    const { id } = this.#sheet;
    return [
      ...[...this.#members.keys()].map((name) => ({
        put: `${CLAIMS_PREFIX}${name}`,
        value: Buffer.from(id),
        lease,
      })),
      { put: `${RUNS_PREFIX}${id}`, value: toBytes(this.#sheet), lease },
    ];
  }
}
