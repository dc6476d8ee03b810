import { setTimeout as sleep } from 'node:timers/promises';
import { deserialize, serialize } from 'node:v8';
import { type Line, type LineMessage, StoreError } from '../../store/mod.js';
import type { NowUs } from '../device/mod.js';
import type { FleetControl, FleetNews } from '../fleet/fleet.js';
import type { ResolvedTarget } from '../fleet/resolve-targets.js';
import { ClockEstimate } from './clock-estimate.js';
import type { AgentMessage, HubMessage, RunSheet } from './messages.js';
import { Outbox } from './outbox.js';

/** What a run needs of the agent that takes part in it. */
export interface AgentRunOptions {
  name: string;
  session: string;
  sheet: RunSheet;
  /** To the coordinator of this sheet. */
  dial: (sheet: RunSheet) => Promise<Line>;
  /** This agent's part of the fleet. */
  makeFleet: (sheet: RunSheet, targets: ResolvedTarget[]) => FleetControl;
  /** The targets as this machine reaches them; rejects when they do not answer it. */
  reach: (sheet: RunSheet) => Promise<ResolvedTarget[]>;
  nowUs: NowUs;
  /** Which clock that is. */
  clock: string;
  say: (line: string) => void;
  /** Aborted: the agent is told to stop. */
  signal: AbortSignal;
}

const TICK_MS = 250;
const REDIAL_MS = 500;
/** Exchanges before the start; later, some each tick. One after the other: together they would wait for each other. */
const FIRST_EXCHANGES = 40;
const EXCHANGES_A_TICK = 6;
/** What shards may take to say goodbye when nobody waits for them any more. */
const GOODBYE_MS = 20_000;

/**
 * An agent's part in one run: shards of its own under the coordinator's orders, which come by the run's sheet. It goes
 * on by the clock while the coordinator is away, keeps what it measures until it is heard, and ends by itself when that
 * takes too long.
 */
export class AgentRun {
  readonly #options: AgentRunOptions;
  readonly #outbox = new Outbox();
  readonly #clock = new ClockEstimate();
  #sheet: RunSheet;
  #line: Line | undefined;
  #fleet: FleetControl | undefined;
  #shardsLeft: number;
  #isStarted = false;
  #isLoaded = false;
  #isStopped = false;
  /** The coordinator wants nothing more. */
  #isBegun = false;
  #isDismissed = false;
  /** Exchanges that are to follow the one under way. */
  #exchangesLeft = 0;
  #heardUs: number;

  constructor(options: AgentRunOptions) {
    this.#options = options;
    this.#sheet = options.sheet;
    this.#shardsLeft = options.sheet.members[options.name]!.shards;
    this.#heardUs = options.nowUs();
  }

  get id(): string {
    return this.#sheet.id;
  }

  /** The sheet as it is now; undefined: there is none any more. */
  follow(sheet: RunSheet | undefined): void {
    if (sheet === undefined) {
      this.#isDismissed = true;
      return;
    }
    this.#sheet = sheet;
    this.#obey();
  }

  /** Resolves when it is over, to why. */
  async run(): Promise<string> {
    const { nowUs, signal } = this.#options;
    const dialling = this.#keepDialling();
    let why = '';
    try {
      for (;;) {
        if (this.#isDismissed) why = 'the run is over';
        else if (signal.aborted) why = 'the agent was stopped';
        else if (nowUs() - this.#heardUs > this.#sheet.patienceMs * 1000) {
          why = `nothing was heard of the coordinator for ${this.#sheet.patienceMs / 1000} s`;
        }
        if (why !== '') break;
        this.#tick();
        await sleep(TICK_MS);
      }
      if (!this.#isDismissed) await this.#leave(why);
      return why;
    } finally {
      this.#isDismissed = true;
      this.#fleet?.kill();
      this.#line?.end();
      await dialling;
    }
  }

  async #keepDialling(): Promise<void> {
    let said = '';
    while (!this.#isDismissed) {
      if (this.#line === undefined) {
        try {
          const line = await this.#options.dial(this.#sheet);
          said = '';
          this.#meet(line);
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
          if (said !== error.message) this.#options.say(error.message);
          said = error.message;
        }
      }
      await sleep(REDIAL_MS);
    }
  }

  #meet(line: Line): void {
    const { name, session, nowUs } = this.#options;
    this.#line = line;
    line.onMessage = (message) => this.#hear(message, nowUs());
    line.onDrain = () => this.#ship();
    line.onClose = (why) => {
      if (this.#line !== line) return;
      this.#line = undefined;
      if (!this.#isDismissed) this.#options.say(`the coordinator is away (${why})`);
    };
    this.#tell({ hello: name, session, run: this.#sheet.id });
    this.#compare(FIRST_EXCHANGES);
  }

  #hear({ head }: LineMessage, receivedUs: number): void {
    const message = head as HubMessage;
    this.#heardUs = receivedUs;
    if ('clock' in message) {
      this.#clock.add({
        sentUs: message.clock,
        thereReceivedUs: message.receivedUs,
        thereSentUs: message.sentUs,
        receivedUs,
      });
      this.#exchangesLeft -= 1;
      if (this.#exchangesLeft > 0) this.#tell({ clock: this.#options.nowUs() });
      if (this.#clock.exchanges >= FIRST_EXCHANGES) this.#begin();
    } else if ('welcome' in message) {
      this.#outbox.safe(message.safeBefore);
      this.#outbox.resume(message.welcome);
      this.#ship();
    } else if ('safeBefore' in message) this.#outbox.safe(message.safeBefore);
    else {
      this.#options.say(message.goAway);
      this.#isDismissed = true;
    }
  }

  /** The clocks are compared: the shards may come up. */
  #begin(): void {
    if (this.#isBegun || this.#isDismissed) return;
    this.#isBegun = true;
    this.#options.reach(this.#sheet).then(
      (targets) => {
        if (this.#isDismissed) return;
        const fleet = this.#options.makeFleet(this.#sheet, targets);
        this.#fleet = fleet;
        this.#options.say(`run ${this.#sheet.id}: shards start`);
        fleet.start((news) => this.#news(news));
      },
      (error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        this.#tell({ left: why, unreachable: true });
        this.#options.say(why);
        this.#isDismissed = true;
      },
    );
  }

  #news(news: FleetNews): void {
    if (news.type === 'done' || news.type === 'died') this.#shardsLeft -= 1;
    this.#outbox.add(serialize(news), news.type === 'interval' ? news.report.second : undefined);
    this.#ship();
    if (news.type === 'up') this.#obey();
  }

  #ship(): void {
    while (this.#line !== undefined && !this.#line.isFull) {
      const next = this.#outbox.next();
      if (next === undefined) return;
      this.#line.send({ news: next.number } satisfies AgentMessage, next.bytes);
    }
  }

  /** Passes on what the sheet orders, each once. */
  #obey(): void {
    const { epochUs, loadUs, stop } = this.#sheet;
    const here = this.#epochHereUs();
    if (this.#fleet === undefined || epochUs === undefined || here === undefined) return;
    if (!this.#isStarted) this.#fleet.order({ type: 'start', epochUs: here });
    this.#isStarted = true;
    if (loadUs !== undefined && !this.#isLoaded) {
      this.#isLoaded = true;
      this.#fleet.order({ type: 'load', startUs: here + loadUs });
    }
    if (stop === true) this.#stop();
  }

  /** The run's epoch as this machine's clock shows it. */
  #epochHereUs(): number | undefined {
    const { epochUs, clock } = this.#sheet;
    if (epochUs === undefined || (clock !== '' && clock === this.#options.clock)) return epochUs;
    const offset = this.#clock.at(this.#options.nowUs());
    return offset === undefined ? undefined : epochUs + offset.offsetUs;
  }

  #tick(): void {
    const { nowUs } = this.#options;
    this.#compare(EXCHANGES_A_TICK);
    const offset = this.#clock.at(nowUs());
    if (offset === undefined) return;
    this.#tell({ offset });
    const epochUs = this.#epochHereUs();
    if (this.#isStarted && !this.#isStopped && epochUs !== undefined) {
      this.#fleet?.order({ type: 'epoch', epochUs });
    }
  }

  #compare(exchanges: number): void {
    // What is left of the last ones has gone with its line, or is slow: then these find out.
    this.#exchangesLeft = Math.max(this.#exchangesLeft, exchanges);
    this.#tell({ clock: this.#options.nowUs() });
  }

  #stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#fleet?.order({ type: 'stop' });
  }

  /** Nobody asked for it: devices say goodbye, what was measured is sent if there is anybody to hear it. */
  async #leave(why: string): Promise<void> {
    this.#options.say(`run ${this.#sheet.id}: ${why}; its devices say goodbye`);
    this.#stop();
    const endUs = this.#options.nowUs() + GOODBYE_MS * 1000;
    const isOver = (): boolean =>
      (this.#shardsLeft === 0 || this.#fleet === undefined || !this.#isStarted) &&
      (this.#line === undefined || this.#outbox.allSent);
    while (!isOver() && this.#options.nowUs() < endUs) await sleep(TICK_MS);
    this.#tell({ left: why, unreachable: false });
  }

  #tell(message: AgentMessage): void {
    this.#line?.send(message);
  }
}

/** One piece of news, as `AgentRun` ships it. */
export function readNews(body: Buffer): FleetNews {
  return deserialize(body) as FleetNews;
}
