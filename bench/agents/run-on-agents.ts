import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunRecord, RunWriter } from '../../results/mod.js';
import {
  type Line,
  type LineServer,
  listenForLines,
  ServedStore,
  type Store,
  type StoreRequest,
} from '../../store/mod.js';
import { monotonicClock } from '../device/mod.js';
import { carriedBytesPerConnection } from '../fleet/carried-devices.js';
import { Coordinator } from '../fleet/coordinator.js';
import { DEVICE_BYTES } from '../fleet/device-memory.js';
import { FleetError } from '../fleet/fleet-error.js';
import { Journal, type RunSoFar } from '../fleet/journal.js';
import { openProbes } from '../fleet/open-probes.js';
import { coordinatorOptions, type RunRequest, recordHead } from '../fleet/run-scenario.js';
import { plan } from '../scenario/mod.js';
import { AgentFleet } from './agent-fleet.js';
import { clockIdentity } from './clock-identity.js';
import { deal, waysOf } from './deal.js';
import {
  addressesOf,
  type CoordinatorStore,
  coordinatorStore,
  type HostPort,
  type StoreAccess,
} from './fleet-store.js';
import type { AgentCard, RunSheet } from './messages.js';
import { callRoll } from './roll-call.js';
import { piecesOf, readShippedFiles, type ShippedFiles } from './shipped-files.js';

/** Where the agents of a run come from. */
export interface Agents {
  count: number;
  store: StoreAccess;
  /** Where agents reach this process. */
  listen: HostPort;
  /** For agents to come. */
  waitMs: number;
  /** After this time without their coordinator agents end by themselves. */
  patienceMs: number;
  say: (line: string) => void;
}

export type AgentsRequest = Omit<RunRequest, 'limits' | 'threads'> & { agents: Agents };

/** From an order until every agent has read it and its shards have heard it. */
const ORDER_DELAY_US = 1_000_000;

/** What of a run outlives its coordinator, in the journal. */
interface JournalHead {
  request: Pick<RunRequest, 'scenario' | 'targets' | 'id' | 'run' | 'command' | 'tool' | 'host'>;
  sheet: RunSheet;
  cards: AgentCard[];
  devices: Map<string, number>;
  store: string;
  listen: HostPort;
}

/**
 * Runs a scenario on agents of other machines and leaves a run record here.
 * @throws FleetError when too few agents come, when the plan does not fit them, or a target does not answer one;
 *   StoreError; ResultsError when the record cannot be written
 */
export async function runOnAgents(request: AgentsRequest): Promise<RunRecord> {
  refuseFiles(request.scenario);
  const { agents, scenario, targets, folder, id, run, command, tool, host } = request;
  const { say, waitMs, patienceMs, count } = agents;
  const files = await readShippedFiles(scenario);
  const desk = await Desk.open(agents, id);
  try {
    const { connectionCount: devices, deviceCount } = plan(scenario);
    for (;;) {
      const call = { agents: count, version: tool.version, waitMs, signal: request.signal, say };
      const cards = await callRoll(desk.store, call);
      const deviceBytes = Math.max(
        ...scenario.groups.map(
          (group) => DEVICE_BYTES[group.driver] + carriedBytesPerConnection(group),
        ),
      );
      const shares = deal(
        { devices, ways: waysOf(scenario, targets), deviceBytes },
        new Map(cards.map((card) => [card.name, card.capacity])),
      );
      const members = Object.fromEntries(
        cards.map(({ name, session }) => {
          const { devices: _, ...part } = shares.get(name)!;
          return [name, { session, ...part }];
        }),
      );
      const runPlan = { scenario, targets: [...targets], run };
      const sheet: RunSheet = {
        id,
        plan: runPlan,
        ...(files.size > 0 ? { files: piecesOf(files) } : {}),
        ...desk.hub,
        members,
        patienceMs,
        clock: clockIdentity(),
      };
      const dealt = new Map([...shares].map(([name, share]) => [name, share.devices]));
      const fleet = new AgentFleet(desk.store, monotonicClock(), sheet, cards, dealt, 0);
      if (!(await desk.give(fleet, false, files))) continue;
      say(
        `agents: ${cards.map(({ name }) => `${name} (${dealt.get(name)} ${devices === deviceCount ? 'devices' : 'connections'})`).join(', ')}`,
      );
      const head: JournalHead = {
        request: { scenario, targets: [...targets], id, run, command, tool, host },
        sheet,
        cards,
        devices: dealt,
        store: agents.store.text,
        listen: { host: agents.listen.host, port: desk.port },
      };
      return await carryOut(request, head, fleet, () => Journal.create(folder, head));
    }
  } finally {
    await desk.close();
  }
}

/** What a resumed run is told anew; the rest is in its folder. */
export type ResumeRequest = Pick<
  RunRequest,
  'folder' | 'tool' | 'progress' | 'signal' | 'nodes'
> & {
  store: Omit<StoreAccess, 'text'>;
  say: (line: string) => void;
};

/**
 * Goes on with a run whose coordinator died: its agents have gone on by the clock.
 * @throws FleetError NOT_RESUMABLE, and as `runOnAgents`
 */
export async function resumeOnAgents(request: ResumeRequest): Promise<RunRecord> {
  const { folder, tool, say } = request;
  const { journal, head: found, soFar } = await Journal.resume(folder);
  const head = found as JournalHead;
  try {
    if (head.request.tool.version !== tool.version) {
      const theirs = `it was begun by Fleetgauge ${head.request.tool.version}, this is ${tool.version}`;
      throw new FleetError('NOT_RESUMABLE', `${folder}: ${theirs}`);
    }
    const access = { ...request.store, text: head.store };
    const { patienceMs, id } = head.sheet;
    const desk = await Desk.open(
      { store: access, listen: head.listen, patienceMs, say },
      id,
      (desk) => {
        const { beginUs: loadUs, epochUs, stop } = soFar;
        const sheet = {
          ...head.sheet,
          ...desk.hub,
          epochUs,
          ...(loadUs === undefined ? {} : { loadUs }),
          ...(stop === undefined ? {} : { stop: true }),
        };
        const next = (soFar.intervals.at(-1)?.second ?? -1) + 1;
        say(`run ${id} goes on; ${soFar.intervals.length} seconds of it are there`);
        return new AgentFleet(desk.store, monotonicClock(), sheet, head.cards, head.devices, next);
      },
    );
    try {
      const whole = { ...head.request, ...request };
      return await carryOut(whole, head, desk.fleet!, async () => journal, soFar);
    } finally {
      await desk.close();
    }
  } finally {
    // Whole or not: what is not finished can be resumed again.
    await journal.close(false);
  }
}

async function carryOut(
  request: Omit<AgentsRequest, 'agents'>,
  head: JournalHead,
  fleet: AgentFleet,
  openJournal: () => Promise<Journal>,
  soFar?: RunSoFar,
): Promise<RunRecord> {
  const { facts, timeline } = await openProbes(request.nodes());
  const members = Object.values(head.sheet.members);
  const shards = members.reduce((sum, member) => sum + member.shards, 0);
  const processes = members.reduce(
    (sum, member) => sum + Math.ceil(member.shards / member.threadsPerProcess),
    0,
  );
  const recorded = recordHead(request, facts, { processes, threads: shards, shards });
  let journal: Journal | undefined;
  let isFinished = false;
  const coordinator = new Coordinator(request.scenario, {
    ...coordinatorOptions(request, timeline),
    fleet,
    shards,
    orderDelayUs: ORDER_DELAY_US,
    openRecord: async (epochMs) => {
      if (soFar !== undefined) await removeRecord(request.folder);
      const writer = await RunWriter.create(request.folder, { ...recorded, epochMs });
      journal = await openJournal();
      return { writer, journal };
    },
    ...(soFar === undefined ? {} : { soFar }),
  });
  try {
    const record = await coordinator.run();
    isFinished = true;
    return record;
  } finally {
    await journal?.close(isFinished);
  }
}

/** The record of a run that is cut short is written again from its journal. */
async function removeRecord(folder: string): Promise<void> {
  for (const file of await readdir(folder)) {
    if (/^(run\.json(\.tmp)?|intervals\.csv|probes\.csv|.*\.hlog)$/.test(file))
      await rm(join(folder, file));
  }
}

/** Where agents find the coordinator: its store, if it has its own, and the lines to its fleet. */
class Desk {
  readonly store: Store;
  fleet: AgentFleet | undefined;
  port = 0;
  readonly #access: CoordinatorStore;
  readonly #key: Buffer;
  readonly #agents: Pick<Agents, 'listen' | 'patienceMs' | 'say'>;
  readonly #refused = new Set<string>();
  #server: LineServer | undefined;

  private constructor(
    store: Store,
    access: CoordinatorStore,
    agents: Pick<Agents, 'listen' | 'patienceMs' | 'say'>,
  ) {
    this.store = store;
    this.#access = access;
    this.#agents = agents;
    this.#key = access.key ?? randomBytes(32);
  }

  /** @param resume the fleet that is there before anybody is let in */
  static async open(
    agents: Pick<Agents, 'store' | 'listen' | 'patienceMs' | 'say'>,
    run: string,
    resume?: (desk: Desk) => AgentFleet,
  ): Promise<Desk> {
    const access = coordinatorStore(agents.store);
    const desk = new Desk(await access.open(), access, agents);
    try {
      const listen = async (): Promise<void> => {
        desk.#server = await listenForLines(
          agents.listen,
          desk.#key,
          (line) => desk.#meet(line),
          (peer) => desk.#turnAway(peer),
        );
        desk.port = desk.#server.port;
      };
      // Where the store is ours, agents must find their sheet in it when they come; else they must find us by it.
      const isOurs = resume !== undefined && access.serve;
      if (!isOurs) await listen();
      if (resume !== undefined) await desk.give(resume(desk), true, new Map());
      if (isOurs) await listen();
      const { host } = agents.listen;
      if (access.serve) agents.say(`agents of run ${run} are expected at ${host}:${desk.port}`);
    } catch (error) {
      await desk.close();
      throw error;
    }
    return desk;
  }

  /** What the sheet says about where we are. */
  get hub(): Pick<RunSheet, 'hub'> {
    if (this.#access.serve) return {};
    const addresses = addressesOf(this.#agents.listen.host);
    return { hub: { addresses, port: this.port, key: this.#key.toString('hex') } };
  }

  /** @returns false when the agents were taken by another coordinator meanwhile */
  async give(fleet: AgentFleet, isResumed: boolean, files: ShippedFiles): Promise<boolean> {
    this.fleet = fleet;
    const isClaimed = await fleet.claim(this.#agents.patienceMs, isResumed, files);
    if (!isClaimed) this.fleet = undefined;
    return isClaimed;
  }

  async close(): Promise<void> {
    await this.fleet?.close();
    await this.store.close().catch(() => undefined);
    this.#server?.close();
  }

  #meet(line: Line): void {
    const served = this.#access.serve ? new ServedStore(this.store, line) : undefined;
    line.onClose = () => served?.end();
    line.onMessage = (message) => {
      if ('store' in message.head) {
        served?.serve(message.head as StoreRequest);
        return;
      }
      if (this.fleet === undefined) {
        line.send({ goAway: 'this coordinator has no run for it' });
        line.end();
        return;
      }
      // A line of the fleet from here on.
      this.fleet.meet(line);
      line.onMessage(message);
    };
  }

  #turnAway(peer: string): void {
    if (this.#refused.has(peer)) return;
    this.#refused.add(peer);
    this.#agents.say(`${peer} was turned away: it does not know the secret`);
  }
}

/** What a scenario names by file lies on this machine. */
function refuseFiles({ groups }: AgentsRequest['scenario']): void {
  groups.forEach(({ publish }, g) => {
    publish.forEach(({ payload }, k) => {
      if (payload.kind !== 'file') return;
      throw new FleetError(
        'LIMIT',
        `groups.${g}.publish.${k}.payload: agents do not have the files of this machine; run without --agents, or say bytes, text or template`,
      );
    });
  });
}
