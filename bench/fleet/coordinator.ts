import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AgentRecord,
  type HostClock,
  IntervalMerger,
  type MergedInterval,
  type PhaseRecord,
  type ProbePoint,
  placeSecond,
  type RunRecord,
  type RunWriter,
} from '../../results/mod.js';
import { readClock } from '../device/mod.js';
import type { Scenario } from '../scenario/mod.js';
import type { FleetControl, FleetNews } from './fleet.js';
import { FleetError, stoppedEarly } from './fleet-error.js';
import { CLOCK_ROUNDS, HostClockCheck } from './host-clock.js';
import type { Journal, RunSoFar } from './journal.js';
import { type TimedPhase, timedPhases, totalLimit } from './load-program.js';
import { phaseFigures } from './phase-figures.js';
import type { ProbeTimeline } from './probe-timeline.js';
import { ShardBoard } from './shard-board.js';

/** What happened in one second, for those who watch. */
export interface RunProgress {
  interval: MergedInterval;
  probes: readonly ProbePoint[];
  /** That the scenario's devices are to make. */
  connections: number;
  /** µs from the interval's end until the run is over, drain included; null while devices connect. */
  leftUs: number | null;
}

/** What a run needs besides its scenario. */
export interface CoordinatorOptions {
  fleet: FleetControl;
  shards: number;
  /** From an order until it takes effect: every shard has heard it by then. */
  orderDelayUs: number;
  connections: number;
  rampTimeoutUs: number;
  /**
   * Opens the run record; called when the fleet stands ready, with the run's epoch on the wall clock. With a journal
   * the run can be gone on with should this process die.
   */
  openRecord: (epochMs: number) => Promise<{ writer: RunWriter; journal?: Journal }>;
  probes: ProbeTimeline;
  /** Copies of messages that watched nodes have sent to others; asked when all devices are gone. */
  forwarded: () => Promise<ReadonlyMap<string, number>>;
  progress: (progress: RunProgress) => void;
  /** Aborted: stop early, say goodbye, write the record. */
  signal: AbortSignal;
  /** Go on with this. */
  soFar?: RunSoFar;
}

const SECOND_US = 1_000_000;
const POLL_MS = 10;
/** From forking a process to the first word of its shards; many processes on few cores take their time. */
const UP_TIMEOUT_US = 60 * SECOND_US;
const UP_TIMEOUT_US_PER_SHARD = 3 * SECOND_US;
/** A shard that is slower to say what its clock reads is not waited for: other rounds follow. */
const CLOCK_TIMEOUT_US = 250_000;
const STOP_TIMEOUT_US = 15 * SECOND_US;
const STOP_US_PER_CONNECTION = 40;

/**
 * Takes a fleet through a run: up, ramp, the phases by the clock, drain, goodbye; merges what the shards
 * report and hands it, second by second, to the record.
 */
export class Coordinator {
  readonly #scenario: Scenario;
  readonly #options: CoordinatorOptions;
  readonly #clock = readClock();
  readonly #nowUs = this.#clock.nowUs;
  readonly #clockCheck = new HostClockCheck(this.#clock.errorUs);
  readonly #board: ShardBoard;
  readonly #merger: IntervalMerger;
  readonly #fleet: FleetControl;
  readonly #phases: PhaseRecord[] = [];
  #writer: RunWriter | undefined;
  #journal: Journal | undefined;
  #epochUs = 0;
  #beginUs: number | undefined;
  #endsUs: number | null = null;
  #writing: Promise<unknown> = Promise.resolve();
  #failure: unknown;

  constructor(scenario: Scenario, options: CoordinatorOptions) {
    const { fleet, shards, soFar } = options;
    this.#scenario = scenario;
    this.#options = options;
    this.#fleet = fleet;
    this.#board = new ShardBoard(shards);
    this.#merger = new IntervalMerger({
      shards,
      fromSecond: nextSecond(soFar),
      place: (second, lengthSec) => {
        if (soFar !== undefined) this.#catchUp();
        return placeSecond(this.#phases, second, lengthSec);
      },
    });
  }

  /**
   * @throws FleetError HOST_DIED when the fleet does not come up, INTERRUPTED when it was not to, ResultsError when the record cannot be
   *   written; the fleet is gone in any case
   */
  async run(): Promise<RunRecord> {
    const { probes, signal, soFar } = this.#options;
    try {
      await this.#up();
      if (soFar?.stop === undefined) {
        await this.#ramp();
        const isBegun = this.#board.anyReady || this.#beginUs !== undefined;
        if (isBegun && !signal.aborted) await this.#steady();
      }
      return await this.#goodbye();
    } finally {
      probes.stop();
      this.#fleet.kill();
      await this.#writing;
    }
  }

  async #up(): Promise<void> {
    const board = this.#board;
    const { soFar, orderDelayUs, probes } = this.#options;
    if (soFar !== undefined) await this.#restore(soFar);
    this.#fleet.start((news) => this.#hear(news));
    const isFailed = (): boolean => this.#fleet.failure !== undefined;
    const timeoutUs = UP_TIMEOUT_US + this.#options.shards * UP_TIMEOUT_US_PER_SHARD;
    await this.#until(() => board.allUp || isFailed(), this.#nowUs() + timeoutUs);
    if (this.#options.signal.aborted && soFar === undefined) throw stoppedEarly();
    if (soFar !== undefined) return;
    if (this.#fleet.failure !== undefined) throw this.#fleet.failure;
    if (board.deaths.length > 0 || !board.allUp) {
      const why = board.deaths[0] ?? `no word within ${timeoutUs / SECOND_US} s`;
      throw new FleetError('HOST_DIED', `a process of the fleet did not come up: ${why}`);
    }
    if (!this.#isElsewhere) await this.#askClocks();
    const nowUs = this.#nowUs();
    this.#epochUs = nowUs + orderDelayUs;
    const epochMs = Date.now() + orderDelayUs / 1000;
    const writer = await this.#openRecord(epochMs);
    if (!this.#isElsewhere) writer.clocks([this.#clockCheck.clock(hostname(), board.alive)]);
    await this.#journal?.epoch(this.#epochUs, epochMs);
    probes.start(this.#epochUs);
    this.#fleet.order({ type: 'start', epochUs: this.#epochUs });
  }

  /** Its agents compare their clocks themselves. */
  get #isElsewhere(): boolean {
    return this.#fleet.agents !== undefined;
  }

  /** An agent's clock, as the verdict on all of them takes it: one that is shared needs no measuring, but is checked. */
  #hostClock({ name, shards, clock }: AgentRecord): HostClock[] {
    if (clock === null) return [];
    const { how, offsetUs, uncertaintyUs } = clock;
    const measured = { offsetUs, uncertaintyUs };
    return how === 'shared'
      ? [{ ...this.#clockCheck.clock(name, shards), check: measured }]
      : [{ host: name, shards, how, ...measured }];
  }

  /** Asks every shard what its clock says, some times over. */
  async #askClocks(): Promise<void> {
    for (let round = 1; round <= CLOCK_ROUNDS; round++) {
      this.#fleet.order({ type: 'clock', askedUs: this.#nowUs() });
      const heard = () => this.#clockCheck.hasHeard(this.#board.alive, round);
      await this.#until(heard, this.#nowUs() + CLOCK_TIMEOUT_US);
    }
  }

  /** The record is written again up to where it was. */
  async #restore(soFar: RunSoFar): Promise<void> {
    this.#epochUs = soFar.epochUs;
    this.#beginUs = soFar.beginUs;
    this.#phases.push(...soFar.phases);
    const writer = await this.#openRecord(soFar.epochMs);
    writer.phases(this.#phases);
    for (const { merged, probes } of soFar.intervals) {
      const interval = merged();
      this.#board.add(interval.counters);
      await writer.interval(interval, probes);
    }
    this.#options.probes.start(this.#epochUs);
  }

  async #openRecord(epochMs: number): Promise<RunWriter> {
    const { writer, journal } = await this.#options.openRecord(epochMs);
    this.#writer = writer;
    this.#journal = journal;
    return writer;
  }

  async #ramp(): Promise<void> {
    const ramp = this.#scenario.phases.find((phase) => phase.kind === 'ramp');
    const timeoutUs = ramp?.timeoutUs ?? this.#options.rampTimeoutUs;
    if (this.#beginUs !== undefined) return;
    if (this.#phases.length === 0) {
      this.#open(ramp?.name ?? 'ramp', 'ramp', 0, { load: null, measured: false });
    }
    await this.#until(() => this.#board.allSettled, this.#epochUs + timeoutUs);
  }

  async #steady(): Promise<void> {
    // From a whole second of the run, so that measured seconds are whole ones.
    const soonUs = this.#sinceEpochUs() + this.#options.orderDelayUs;
    const beginUs = this.#beginUs ?? Math.ceil(soonUs / SECOND_US) * SECOND_US;
    const phases = timedPhases(this.#scenario);
    if (this.#beginUs === undefined) {
      this.#beginUs = beginUs;
      await this.#journal?.load(beginUs);
      this.#fleet.order({ type: 'load', startUs: this.#epochUs + beginUs });
    }
    const limit = totalLimit(this.#scenario);
    // Devices come and go by the clock, whatever is left to publish.
    const comings = phases.some(({ phase }) => phase.kind === 'churn' || phase.kind === 'storm');
    let phaseFromUs = beginUs;
    for (const [index, { phase, startUs, endUs }] of phases.entries()) {
      // Before we were resumed. The ramp is the first of the record's phases.
      const begun = this.#phases[index + 1];
      if (begun !== undefined) phaseFromUs = begun.startUs;
      if (this.#phases[index + 2] !== undefined) continue;
      if (begun === undefined) {
        this.#close(phaseFromUs);
        this.#openTimed(phase, phaseFromUs);
      }
      const quietFrom = Math.ceil(phaseFromUs / SECOND_US);
      // Only the last drain: after another one the next load begins when the schedule says, not when all is quiet.
      const isLast = phases.at(-1)?.phase === phase;
      const isWhole = 'whole' in phase && phase.whole === true;
      const over = isLast
        ? () => this.#board.isQuietSince(quietFrom)
        : () => this.#board.scheduled >= limit && !comings && !isWhole;
      // From when it begins, which is early when the messages are used up.
      const lastsUntilUs = isLast ? phaseFromUs + endUs - startUs : beginUs + endUs;
      this.#endsUs = isLast ? lastsUntilUs : beginUs + (phases.at(-1)?.endUs ?? endUs);
      await this.#until(over, this.#epochUs + lastsUntilUs);
      if (this.#options.signal.aborted) return;
      // Earlier than planned when the messages are used up.
      phaseFromUs = Math.max(phaseFromUs, Math.min(lastsUntilUs, this.#sinceEpochUs()));
    }
  }

  /** A run that is resumed: phases that should have begun meanwhile have begun, for the agents went on by the clock. */
  #catchUp(): void {
    if (this.#beginUs === undefined || this.#options.soFar?.stop !== undefined) return;
    for (const [index, { phase, startUs }] of timedPhases(this.#scenario).entries()) {
      const fromUs = this.#beginUs + startUs;
      if (fromUs > this.#sinceEpochUs()) return;
      if (this.#phases[index + 1] !== undefined) continue;
      this.#close(fromUs);
      this.#openTimed(phase, fromUs);
    }
  }

  #openTimed(phase: TimedPhase['phase'], atUs: number): void {
    this.#open(phase.name, phase.kind, atUs, phaseFigures(phase));
  }

  async #goodbye(): Promise<RunRecord> {
    const endUs = this.#sinceEpochUs();
    const { soFar, signal } = this.#options;
    const interrupted = soFar?.stop?.interrupted ?? signal.aborted;
    if (soFar?.stop === undefined) this.#close(endUs);
    this.#writer!.phases(this.#phases);
    await this.#journal?.phases(this.#phases);
    await this.#journal?.stop(interrupted);
    this.#fleet.order({ type: 'stop' });
    const patienceUs = STOP_TIMEOUT_US + this.#options.connections * STOP_US_PER_CONNECTION;
    await this.#until(() => this.#board.allOver, this.#nowUs() + patienceUs, false);
    for (const interval of this.#merger.flush(endUs)) this.#record(interval);
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
    const forwarded = await this.#options.forwarded();
    const agents = this.#fleet.agents?.();
    if (agents !== undefined) this.#writer!.agents(agents);
    return this.#writer!.finish({
      state: interrupted ? 'interrupted' : 'finished',
      finishedAtMs: Date.now(),
      forwarded,
    });
  }

  #hear(news: FleetNews): void {
    this.#board.hear(news);
    if (news.type === 'interval') this.#merger.add(news.report);
    else if (news.type === 'up') this.#clockCheck.shardUp(news.clockErrorUs);
    else if (news.type === 'clock') {
      this.#clockCheck.answered(news.shard, { ...news, answeredUs: this.#nowUs() });
    } else if (news.type === 'done') this.#merger.shardEnded(news.shard);
    else if (news.type === 'died') {
      this.#merger.shardEnded(news.shard);
      this.#writer?.shardLost();
    }
    for (const interval of this.#merger.takeClosed()) this.#record(interval);
  }

  #record(interval: MergedInterval): void {
    this.#writer?.phases(this.#phases);
    const agents = this.#fleet.agents?.();
    if (agents !== undefined) {
      this.#writer?.agents(agents);
      this.#writer?.clocks(agents.flatMap((agent) => this.#hostClock(agent)));
    }
    const atUs = (interval.second + interval.lengthSec) * SECOND_US;
    const leftUs = this.#endsUs === null ? null : Math.max(0, this.#endsUs - atUs);
    const { connections, probes, progress } = this.#options;
    this.#writing = Promise.all([probes.point(interval.second), this.#writing])
      .then(async ([points]) => {
        progress({ interval, probes: points, connections, leftUs });
        await Promise.all([
          this.#writer?.interval(interval, points),
          this.#journal?.interval(interval, points),
        ]);
        this.#fleet.safe?.(interval.second + 1);
      })
      .catch((error: unknown) => {
        this.#failure ??= error;
      });
  }

  #open(
    name: string,
    kind: string,
    startUs: number,
    figures: Pick<PhaseRecord, 'load' | 'shape' | 'measured'>,
  ): void {
    this.#phases.push({ name, kind, startUs, endUs: null, ...figures });
    this.#journal?.phases(this.#phases).catch((error: unknown) => {
      this.#failure ??= error;
    });
  }

  /** Ends the phase that lasts. */
  #close(atUs: number): void {
    const last = this.#phases.at(-1);
    if (last !== undefined) last.endUs = Math.max(last.startUs, atUs);
  }

  #sinceEpochUs(): number {
    return this.#nowUs() - this.#epochUs;
  }

  /**
   * Waits until it is so, or until the deadline, an interruption, the end of all shards or a failure to
   * write; true if it is so.
   */
  async #until(isSo: () => boolean, deadlineUs: number, interruptible = true): Promise<boolean> {
    const { signal } = this.#options;
    for (;;) {
      if (isSo()) return true;
      if (this.#nowUs() >= deadlineUs || this.#board.allOver) return false;
      if (interruptible && signal.aborted) return false;
      if (this.#failure !== undefined) throw this.#failure;
      await sleep(POLL_MS);
    }
  }
}

/** The first second that is not in the record yet. */
function nextSecond(soFar: RunSoFar | undefined): number {
  return (soFar?.intervals.at(-1)?.second ?? -1) + 1;
}
