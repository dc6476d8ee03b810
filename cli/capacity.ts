import { randomInt } from 'node:crypto';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CAPACITY_SCHEMA,
  type CapacityRecord,
  FleetError,
  findCapacity,
  formatTarget,
  hostFacts,
  type MeasuredStep,
  parseTarget,
  publishesAtLoadOne,
  readDurationUs,
  readRatePerSec,
  type SearchOptions,
  type StepDurations,
  scenarioHash,
  scenarioNotes,
  stepScenario,
} from '../bench/mod.js';
import { parseObjective, readRun, replaceFile } from '../results/mod.js';
import { capacityPicture } from './capacity-picture.js';
import { answerLines, stepHead, stepLine } from './capacity-text.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { interruption } from './interruption.js';
import { namedScenario } from './named-scenario.js';
import { listeningNodes, watchedNodes } from './probed-nodes.js';
import { execute, runId, type ScenarioFlags } from './run.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';
import { toolFacts } from './version.js';

export interface CapacityFlags extends ScenarioFlags {
  scenario: string;
  objective: readonly string[];
  /** A load factor, or a rate such as `5k/s`. */
  from?: string | undefined;
  to?: string | undefined;
  tolerance: string;
  repeats: number;
  settle: string;
  measure: string;
  drain: string;
  out?: string | undefined;
  probe: readonly string[];
  threads?: number | undefined;
  json: boolean;
  quiet: boolean;
}

export const CAPACITY_FILE = 'capacity.json';
export const PICTURE_FILE = 'capacity.svg';
const MAXIMUM_STEPS = 40;
/** Below this a step has too few whole seconds to tell a growing backlog from chance. */
const SHORTEST_MEASURE_US = 3_000_000;

/** `fleetgauge capacity <scenario>`: the highest load that a target carries, as an interval. */
export async function capacity(
  flags: CapacityFlags,
  command: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  const named = await namedScenario(flags.scenario, flags);
  const scenario = { ...named, objectives: [...named.objectives, ...flags.objective] };
  const targets = scenario.target.map(parseTarget);
  if (targets.length === 0) {
    throw new UsageError(
      `${scenario.name} names no target: add --target mqtt://127.0.0.1:1883, or 'target:' to the scenario`,
    );
  }
  for (const objective of scenario.objectives) parseObjective(objective);
  for (const note of scenarioNotes(scenario)) terminal.err.write(`note: ${note}\n`);
  const atLoadOne = publishesAtLoadOne(scenario);
  const search = searchOptions(flags, atLoadOne);
  const durations = stepDurations(flags);
  const id = runId(new Date(), `capacity-${scenario.name}`, randomInt(0x10000));
  const folder = flags.out ?? join('runs', id);
  const watched = watchedNodes(flags.probe);
  const nodes = { probes: () => watched ?? listeningNodes(targets, terminal) };
  const record: CapacityRecord = {
    schema: CAPACITY_SCHEMA,
    id,
    state: 'running',
    startedAt: new Date().toISOString(),
    finishedAt: null,
    tool: toolFacts(),
    host: hostFacts(),
    command,
    scenario: scenario.name,
    scenarioHash: scenarioHash(scenario),
    target: targets.map(formatTarget),
    objectives: scenario.objectives,
    publishesPerSecAtLoadOne: atLoadOne,
    search: {
      from: search.from,
      to: Number.isFinite(search.to) ? search.to : null,
      tolerance: search.tolerance,
      repeats: search.repeats,
      ...durations,
    },
    steps: [],
    answer: null,
  };
  await refuseOther(folder);
  const interrupt = interruption(terminal.err);
  const screen = flags.json ? terminal.err : terminal.out;
  if (!flags.quiet) for (const line of stepHead(record)) screen.write(`${line}\n`);
  const measure = async (load: number, number: number): Promise<MeasuredStep | undefined> => {
    if (interrupt.signal.aborted) return undefined;
    const run = `step-${String(number).padStart(2, '0')}`;
    const out = join(folder, run);
    const quiet = flags.quiet || !terminal.err.live;
    const runFlags = {
      quiet,
      out,
      ...(flags.threads === undefined ? {} : { threads: flags.threads }),
    };
    const step = stepScenario(scenario, load, durations);
    const ran = await unlessStopped(
      execute(step, targets, nodes, runFlags, command, terminal, interrupt),
    );
    if (ran === undefined) return undefined;
    return { run, record: ran.record, rows: await (await readRun(out)).intervals() };
  };
  try {
    const { state, answer } = await findCapacity({
      search,
      measure,
      onStep: async (step) => {
        record.steps.push(step);
        if (!flags.quiet) screen.write(`${stepLine(step, record)}\n`);
        await save(folder, record);
      },
    });
    record.state = state;
    record.answer = answer;
    record.finishedAt = new Date().toISOString();
    if (record.steps.length > 0) {
      await save(folder, record);
      await writeFile(join(folder, PICTURE_FILE), capacityPicture(record));
    }
  } finally {
    interrupt.dispose();
  }
  if (flags.json) terminal.out.write(`${JSON.stringify(record, undefined, 2)}\n`);
  else {
    const { colour, width } = terminal.out;
    terminal.out.write(`${answerLines(record, { colour, width, folder }).join('\n')}\n`);
  }
  return exitOf(record);
}

/** How the answer reads to a program. */
function exitOf({ state, answer }: CapacityRecord): ExitCode {
  if (state === 'interrupted') return EXIT.interrupted;
  if (state === 'unreached') return EXIT.unreached;
  if (answer?.limit === 'generator') return EXIT.invalid;
  if (answer?.kind === 'below') return EXIT.objective;
  return answer?.complete === true ? EXIT.pass : EXIT.inconclusive;
}

async function save(folder: string, record: CapacityRecord): Promise<void> {
  const text = `${JSON.stringify(record, undefined, 2)}\n`;
  await replaceFile(join(folder, CAPACITY_FILE), text, record.state !== 'running');
}

async function refuseOther(folder: string): Promise<void> {
  const file = join(folder, CAPACITY_FILE);
  const there = await access(file).then(
    () => true,
    () => false,
  );
  if (there) {
    throw new UsageError(
      `${folder} already holds a capacity record: nothing was changed; choose another folder with --out`,
    );
  }
}

function searchOptions(flags: CapacityFlags, atLoadOne: number): SearchOptions {
  const from = loadOf('from', flags.from ?? '1', atLoadOne);
  const to = flags.to === undefined ? Number.POSITIVE_INFINITY : loadOf('to', flags.to, atLoadOne);
  if (to < from) throw new UsageError(`--to ${flags.to}: it lies below --from`);
  const [, number = '', percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(flags.tolerance.trim()) ?? [];
  const tolerance = Number(number) / (percent === '%' ? 100 : 1);
  if (!(tolerance >= 0.005 && tolerance <= 1)) {
    throw new UsageError(`--tolerance ${flags.tolerance}: expected 0.5% to 100%, such as 5%`);
  }
  if (!(Number.isInteger(flags.repeats) && flags.repeats >= 1 && flags.repeats <= 15)) {
    throw new UsageError(`--repeats ${flags.repeats}: expected a whole number from 1 to 15`);
  }
  return { from, to, tolerance, repeats: flags.repeats, maximumSteps: MAXIMUM_STEPS };
}

function loadOf(name: string, text: string, atLoadOne: number): number {
  const rate = text.includes('/') ? readRatePerSec(text) : undefined;
  const load = rate === undefined ? Number(text) : rate / atLoadOne;
  if (load > 0 && Number.isFinite(load)) return load;
  throw new UsageError(
    `--${name} ${text}: expected a load factor such as 0.5, or a rate such as 5k/s`,
  );
}

function stepDurations(flags: CapacityFlags): StepDurations {
  const read = (name: 'settle' | 'measure' | 'drain'): number => {
    const us = readDurationUs(flags[name]);
    if (us !== undefined) return us;
    throw new UsageError(`--${name} ${flags[name]}: expected a duration such as 5s`);
  };
  const measureUs = read('measure');
  if (measureUs < SHORTEST_MEASURE_US) {
    throw new UsageError(
      `--measure ${flags.measure}: 3s at least, for in less a growing backlog cannot be told from chance`,
    );
  }
  return { settleUs: read('settle'), measureUs, drainUs: read('drain') };
}

/** undefined: the run was told to stop before there was anything to record. */
async function unlessStopped<T>(run: Promise<T>): Promise<T | undefined> {
  try {
    return await run;
  } catch (error) {
    if (error instanceof FleetError && error.code === 'INTERRUPTED') return undefined;
    throw error;
  }
}
