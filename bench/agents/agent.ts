import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Store, StoreError } from '../../store/mod.js';
import { monotonicClock } from '../device/mod.js';
import { Fleet, type FleetControl } from '../fleet/fleet.js';
import { FleetError } from '../fleet/fleet-error.js';
import { prepareCertificates } from '../fleet/prepare-certificates.js';
import { reachTargets } from '../fleet/reach-targets.js';
import type { ResolvedTarget } from '../fleet/resolve-targets.js';
import { AgentRun } from './agent-run.js';
import { clockIdentity } from './clock-identity.js';
import type { FleetStore } from './fleet-store.js';
import {
  AGENTS_PREFIX,
  type AgentCapacity,
  type AgentCard,
  fromBytes,
  PROTOCOL,
  RUNS_PREFIX,
  type RunSheet,
  toBytes,
} from './messages.js';
import { fetchFiles } from './shipped-files.js';

/** What `fleetgauge agent` needs to know. */
export interface AgentOptions {
  name: string;
  version: string;
  host: AgentCard['host'];
  /** Asked whenever the agent registers. */
  capacity: () => AgentCapacity;
  store: FleetStore;
  /** End after the first run. */
  once: boolean;
  say: (line: string) => void;
  /** Aborted: say goodbye and end. */
  signal: AbortSignal;
  /** Instead of processes of this machine. */
  makeFleet?: (sheet: RunSheet, targets: ResolvedTarget[]) => FleetControl;
}

/** An agent whose machine is gone is known to be gone after this time. */
const CARD_TTL_MS = 6_000;
const AGAIN_MS = 1_000;
const LOOK_MS = 100;

/**
 * Lends this machine to coordinators, one run at a time, until it is told to stop (or after the first run).
 * @throws StoreError DENIED or BAD_CONFIG, FleetError AGENT_NAME when another agent has this name
 */
export async function runAgent(options: AgentOptions): Promise<void> {
  await new Agent(options).run();
}

class Agent {
  readonly #options: AgentOptions;
  readonly #session = randomBytes(8).toString('hex');
  #run: AgentRun | undefined;
  readonly #ended = new Set<string>();

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    let said = '';
    while (!this.#isOver) {
      try {
        await this.#registered(() => {
          said = '';
        });
      } catch (error) {
        const passes =
          error instanceof StoreError && !['DENIED', 'BAD_CONFIG'].includes(error.code);
        if (!passes) throw error;
        if (said !== error.message) this.#options.say(`${error.message}; trying again`);
        said = error.message;
      }
      if (!this.#isOver) await this.#pause(AGAIN_MS);
    }
    // A store that is lost for good does not end a run before its time.
    while (this.#run !== undefined) await sleep(LOOK_MS);
  }

  get #isOver(): boolean {
    const isIdle = this.#run === undefined;
    return (
      (this.#options.signal.aborted && isIdle) ||
      (this.#options.once && this.#ended.size > 0 && isIdle)
    );
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#options.signal }).catch(() => undefined);
  }

  /** Registered as long as the store holds; follows the sheets of runs meanwhile. */
  async #registered(entered: () => void): Promise<void> {
    const { name, say } = this.#options;
    const store = await this.#options.store.open();
    let isLost = false;
    let watch: { close(): void } | undefined;
    try {
      const lease = await store.lease(CARD_TTL_MS, () => {
        isLost = true;
      });
      if (!(await this.#putCard(store, lease.id))) return;
      entered();
      say(`registered as ${name}${this.#run === undefined ? ', waiting for a run' : ' again'}`);
      const { entries, revision } = await store.read(RUNS_PREFIX);
      const sheets = entries.map(({ value }) => fromBytes<RunSheet>(value));
      const own = sheets.find(({ id }) => id === this.#run?.id);
      if (this.#run !== undefined && own === undefined) this.#run.follow(undefined);
      for (const sheet of sheets) this.#see(sheet);
      watch = store.watch(RUNS_PREFIX, revision + 1, {
        changes: (changes) => {
          for (const { key, value } of changes) {
            if (value !== undefined) this.#see(fromBytes<RunSheet>(value));
            else if (key === `${RUNS_PREFIX}${this.#run?.id}`) this.#run?.follow(undefined);
          }
        },
        compacted: () => {
          isLost = true;
        },
      });
      while (!isLost && !this.#isOver) await sleep(LOOK_MS);
      if (isLost) say('the store is away');
    } finally {
      watch?.close();
      await store.close().catch(() => undefined);
    }
  }

  /** false: told to stop meanwhile. */
  async #putCard(store: Store, lease: string): Promise<boolean> {
    const { name, version, host, capacity } = this.#options;
    const key = `${AGENTS_PREFIX}${name}`;
    const card: AgentCard = {
      name,
      session: this.#session,
      protocol: PROTOCOL,
      version,
      host,
      clock: clockIdentity(),
      capacity: capacity(),
    };
    const operations = [{ put: key, value: toBytes(card), lease }];
    // What another agent of this name left goes with its lease.
    for (let waitedMs = 0; ; waitedMs += AGAIN_MS) {
      const { entries } = await store.read(key);
      const there = entries.find((entry) => entry.key === key);
      const revision = there?.revision ?? 0;
      const isOwn =
        there === undefined || fromBytes<AgentCard>(there.value).session === this.#session;
      if (isOwn) {
        const [outcome] = await store.commit([{ when: [{ key, revision }], operations }]);
        if (outcome?.done === true) return true;
      } else if (waitedMs > 2 * CARD_TTL_MS) {
        throw new FleetError(
          'AGENT_NAME',
          `another agent is called ${name}: give one of them --name`,
        );
      }
      if (this.#options.signal.aborted) return false;
      await this.#pause(AGAIN_MS);
    }
  }

  #see(sheet: RunSheet): void {
    if (sheet.members[this.#options.name]?.session !== this.#session) return;
    if (this.#run?.id === sheet.id) this.#run.follow(sheet);
    // The sheet of a run that is over may still lie there for a moment.
    if (this.#ended.has(sheet.id)) return;
    if (this.#run !== undefined || this.#isOver || this.#options.signal.aborted) return;
    const { name, capacity, say, signal, makeFleet, store } = this.#options;
    // As this machine has it: what the coordinator sent lies in files of our own.
    let own = sheet.plan.scenario;
    let folder: string | undefined;
    const fleetHere = ({ plan, members }: RunSheet, targets: ResolvedTarget[]) =>
      new Fleet({ ...plan, targets, ephemeralPorts: capacity().ephemeralPorts }, members[name]!);
    const run = new AgentRun({
      name,
      session: this.#session,
      sheet,
      dial: (current) => store.dialHub(current),
      makeFleet: (current, targets) => {
        const here = { ...current, plan: { ...current.plan, scenario: own } };
        return (makeFleet ?? fleetHere)(here, targets);
      },
      reach: async (current) => {
        const { targets, run: number } = current.plan;
        const runHex = number.toString(16).padStart(4, '0');
        ({ scenario: own, folder } = await fetchFiles(() => store.open(), current));
        await prepareCertificates(own, targets, runHex);
        return reachTargets(own, targets, runHex, capacity(), { note: say, signal });
      },
      nowUs: monotonicClock(),
      clock: clockIdentity(),
      say,
      signal,
    });
    this.#run = run;
    say(`run ${sheet.id}: taking part with ${sheet.members[name]!.shards} shards`);
    run
      .run()
      .catch((error: unknown) => (error instanceof Error ? (error.stack ?? '') : String(error)))
      .then(async (why) => {
        if (folder !== undefined) await rm(folder, { recursive: true, force: true });
        say(`run ${sheet.id}: ended, ${why}`);
        this.#ended.add(sheet.id);
        this.#run = undefined;
      });
  }
}
