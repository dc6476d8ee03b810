import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { clockFigures } from './clock-figures.js';
import { hlogHead, hlogLine } from './hlog.js';
import type { MergedInterval, ProbePoint } from './interval-report.js';
import { csvHeader, csvRow } from './intervals-csv.js';
import { judgeObjectives, parseObjective } from './objectives.js';
import { type ProbedNode, ProbeTotals } from './probe-totals.js';
import { PROBES_HEADER, probeRows, tellsCpu } from './probes-csv.js';
import {
  AppendedFile,
  errorCode,
  makeFolder,
  notWritable,
  removeFolders,
  replaceFile,
} from './record-files.js';
import { ResultsError } from './results-error.js';
import {
  type AgentRecord,
  type HostClock,
  type HostFacts,
  type PhaseRecord,
  RECORD_SCHEMA,
  type RunRecord,
  type ToolFacts,
} from './run-record.js';
import { RunTotals } from './run-totals.js';
import { SERIES } from './series.js';
import { judge } from './verdict.js';

export const RECORD_FILE = 'run.json';
export const INTERVALS_FILE = 'intervals.csv';
export const PROBES_FILE = 'probes.csv';

/** The log of one series within a record's folder. */
export function hlogFile(series: string): string {
  return `${series}.hlog`;
}

/** What is known when a run starts. */
export interface RunHead {
  readonly id: string;
  /** The run's epoch on the wall clock, ms: seconds and µs of the record count from here. */
  readonly epochMs: number;
  readonly tool: ToolFacts;
  readonly host: HostFacts;
  readonly command: readonly string[];
  readonly scenario: string;
  readonly scenarioHash: string;
  readonly scenarioYaml: string;
  readonly target: readonly string[];
  readonly devices: number;
  readonly connections?: number;
  readonly processes: number;
  readonly threads: number;
  readonly shards: number;
  readonly probes?: readonly ProbedNode[];
  /** Parsed before anything is written; see `parseObjective`. */
  readonly objectives?: readonly string[];
}

/** What is known when it ends. */
export interface RunEnd {
  readonly state: 'finished' | 'interrupted';
  readonly finishedAtMs: number;
  /** By probed node: copies of messages that it has sent to other nodes. */
  readonly forwarded?: ReadonlyMap<string, number>;
}

/** `run.json` is written anew after this many seconds of the run at the latest. */
const REWRITE_SECONDS = 2;

/**
 * Writes a run record as the run goes. Calls are served one after the other in the order they are made;
 * each returns a promise that rejects with a ResultsError RECORD_NOT_WRITABLE when the disk refuses. Work
 * and memory per second are bounded, whatever the length of the run.
 */
export class RunWriter {
  readonly folder: string;
  readonly #head: RunHead;
  readonly #nowMs: () => number;
  readonly #totals = new RunTotals();
  /** Those with columns in the rows, and all. */
  readonly #columnNodes: readonly string[];
  readonly #nodes: readonly string[];
  readonly #probes: readonly ProbeTotals[];
  readonly #intervals: AppendedFile;
  readonly #logs: (AppendedFile | undefined)[] = new Array(SERIES.length).fill(undefined);
  #probeRows: AppendedFile | undefined;
  #phases: readonly PhaseRecord[] = [];
  #agents: readonly AgentRecord[] | undefined;
  #shardsLost = 0;
  #forwarded: ReadonlyMap<string, number> = new Map();
  #clocks: readonly HostClock[] = [];
  #rewriteAtSecond = 0;
  #ended = false;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, head: RunHead, intervals: AppendedFile, nowMs: () => number) {
    this.folder = folder;
    this.#head = head;
    this.#intervals = intervals;
    this.#nowMs = nowMs;
    this.#columnNodes = columnNodes(head);
    this.#nodes = (head.probes ?? []).map((probe) => probe.node);
    this.#probes = (head.probes ?? []).map((probe) => new ProbeTotals(probe));
  }

  /**
   * Makes the folder and the record's first state.
   * @throws ResultsError RECORD_EXISTS when the folder holds a record already, RECORD_NOT_WRITABLE when it
   *   cannot be written (then nothing of ours is left in it), OBJECTIVE_INVALID for a bad objective.
   */
  static async create(
    folder: string,
    head: RunHead,
    nowMs: () => number = Date.now,
  ): Promise<RunWriter> {
    for (const text of head.objectives ?? []) parseObjective(text);
    const made = await makeFolder(folder).catch((cause: unknown) => {
      throw notWritable(folder, cause);
    });
    if (await exists(join(folder, RECORD_FILE))) throw alreadyThere(folder);
    let intervals: AppendedFile;
    try {
      // Opened exclusively: of two runs started into one folder, one loses here.
      intervals = await AppendedFile.create(
        join(folder, INTERVALS_FILE),
        csvHeader(columnNodes(head)),
      );
    } catch (cause) {
      if (errorCode(cause) === 'EEXIST') throw alreadyThere(folder);
      await removeFolders(made);
      throw notWritable(join(folder, INTERVALS_FILE), cause);
    }
    const writer = new RunWriter(folder, head, intervals, nowMs);
    try {
      await writer.#rewrite('running', null);
    } catch (cause) {
      await intervals.close().catch(() => undefined);
      await rm(intervals.path, { force: true }).catch(() => undefined);
      await removeFolders(made);
      throw cause;
    }
    return writer;
  }

  /** The phases so far; given again whenever one starts or ends, and kept from then on. */
  phases(phases: readonly PhaseRecord[]): void {
    this.#phases = phases.map((phase) => ({ ...phase }));
  }

  /** The machines that run the fleet, as they are now; given again when that changes. */
  agents(agents: readonly AgentRecord[]): void {
    this.#agents = agents;
  }

  /** A shard died: its devices are gone from here on. */
  shardLost(): void {
    this.#shardsLost += 1;
  }

  /** How the clocks of the fleet's hosts stand to each other, as far as is known by now. */
  clocks(hosts: readonly HostClock[]): void {
    this.#clocks = hosts;
  }

  /** One merged second, in order, with what the probes saw in it. */
  interval(merged: MergedInterval, probes: readonly ProbePoint[] = []): Promise<void> {
    return this.#enqueue(() => this.#write(merged, probes));
  }

  /** The record as it stands: what a rewrite of `run.json` would say now. */
  record(): RunRecord {
    return this.#build('running', null);
  }

  /** Writes the final state, closes the files and returns the record. */
  finish(end: RunEnd): Promise<RunRecord> {
    return this.#enqueue(async () => {
      this.#ended = true;
      this.#forwarded = end.forwarded ?? this.#forwarded;
      try {
        return await this.#rewrite(end.state, end.finishedAtMs);
      } finally {
        for (const file of [this.#intervals, this.#probeRows, ...this.#logs]) {
          await file?.close().catch(() => undefined);
        }
      }
    });
  }

  async #write(merged: MergedInterval, probes: readonly ProbePoint[]): Promise<void> {
    this.#totals.add(merged);
    for (const [at, node] of this.#nodes.entries()) {
      const point = probes.find((probe) => probe.node === node);
      this.#probes[at]?.add(merged, point);
    }
    for (const [series, name] of SERIES.entries()) {
      const histogram = merged.histograms.get(series);
      if (histogram === undefined || histogram.totalCount === 0) continue;
      const log = this.#logs[series] ?? (await this.#createLog(series, name));
      await log.append(hlogLine(histogram, merged.second, merged.lengthSec));
    }
    await this.#intervals.append(csvRow(merged, this.#columnNodes, probes));
    const rows = probeRows(merged.second, probes);
    if (rows !== '') {
      this.#probeRows ??= await this.#createFile(PROBES_FILE, PROBES_HEADER);
      await this.#probeRows.append(rows);
    }
    if (merged.second + 1 >= this.#rewriteAtSecond) {
      await this.#rewrite('running', null);
      this.#rewriteAtSecond = merged.second + 1 + REWRITE_SECONDS;
    }
  }

  async #createLog(series: number, name: string): Promise<AppendedFile> {
    const { tool, epochMs } = this.#head;
    const head = hlogHead(name, `${tool.name} ${tool.version}`, epochMs);
    const log = await this.#createFile(hlogFile(name), head);
    this.#logs[series] = log;
    return log;
  }

  #createFile(name: string, head: string): Promise<AppendedFile> {
    const path = join(this.folder, name);
    return AppendedFile.create(path, head).catch((cause: unknown) => {
      throw notWritable(path, cause);
    });
  }

  async #rewrite(state: RunRecord['state'], finishedAtMs: number | null): Promise<RunRecord> {
    const record = this.#build(state, finishedAtMs);
    const text = recordText(record);
    await replaceFile(join(this.folder, RECORD_FILE), text, state !== 'running');
    return record;
  }

  #build(state: RunRecord['state'], finishedAtMs: number | null): RunRecord {
    const head = this.#head;
    const latency = this.#totals.latency();
    const record: RunRecord = {
      schema: RECORD_SCHEMA,
      id: head.id,
      state,
      startedAt: new Date(head.epochMs).toISOString(),
      updatedAt: new Date(this.#nowMs()).toISOString(),
      finishedAt: finishedAtMs === null ? null : new Date(finishedAtMs).toISOString(),
      tool: head.tool,
      host: head.host,
      command: [...head.command],
      scenario: head.scenario,
      scenarioHash: head.scenarioHash,
      target: [...head.target],
      devices: head.devices,
      ...(head.connections === undefined || head.connections === head.devices
        ? {}
        : { connections: head.connections }),
      verdict: { state: 'invalid', reasons: [] },
      objectives: [],
      totals: this.#totals.totals(),
      measured: this.#totals.measured(),
      latency,
      phases: this.#phases.map((phase) => ({ ...phase })),
      generator: this.#totals.generator({ ...head, shardsLost: this.#shardsLost }, latency),
      ...(this.#clocks.length === 0 ? {} : { clock: clockFigures(this.#clocks) }),
      littlesLaw: this.#totals.littlesLaw(latency),
      steadiness: this.#totals.steadiness(),
      errors: this.#totals.errors(),
      ...(this.#agents === undefined ? {} : { agents: [...this.#agents] }),
      probes: this.#probes.map((probe, at) => probe.record(this.#forwarded.get(this.#nodes[at]!))),
      scenarioYaml: head.scenarioYaml,
    };
    record.verdict = judge(record);
    record.objectives = judgeObjectives((head.objectives ?? []).map(parseObjective), record);
    return record;
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(() => {
      if (this.#ended) {
        throw new ResultsError('RECORD_ENDED', `${this.folder}: this record is finished`);
      }
      return work();
    });
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

/** What tells CPU and memory has columns of its own in each row. */
function columnNodes({ probes = [] }: RunHead): string[] {
  return probes.filter(({ kind = 'process' }) => tellsCpu(kind)).map(({ node }) => node);
}

/** Indented for people and diffs, with lists of numbers on one line: a series has thousands of them. */
function recordText(record: RunRecord): string {
  const text = JSON.stringify(record, null, 2);
  const joined = text.replaceAll(
    /\[\n\s+((?:[-+.\deE]+|null)(?:,\n\s+(?:[-+.\deE]+|null))*)\n\s+\]/g,
    (_, list) => `[${String(list).replaceAll(/\s+/g, ' ')}]`,
  );
  return `${joined}\n`;
}

function alreadyThere(folder: string): ResultsError {
  return new ResultsError(
    'RECORD_EXISTS',
    `${folder} already holds a run record: nothing was changed; choose another folder with --out`,
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
