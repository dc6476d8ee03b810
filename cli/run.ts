import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import {
  hostFacts,
  loadScenario,
  machineLimits,
  type ProbeSpec,
  parseTarget,
  passwordsOf,
  plan,
  type RunProgress,
  runScenario,
  type Scenario,
  scale,
  scenarioNotes,
  scenarioToYaml,
  type Target,
} from '../bench/mod.js';
import {
  formatCount,
  formatRate,
  parseObjective,
  type RunRecord,
  scenarioReached,
  summaryLines,
} from '../results/mod.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { UsageError } from './failure.js';
import { interruption } from './interruption.js';
import { LiveView } from './live-view.js';
import { listeningNodes, scenarioProbes, watchedNodes } from './probed-nodes.js';
import type { Terminal } from './terminal.js';
import { toolFacts } from './version.js';

/** The flags that every verb with a run in it has. */
export interface RunFlags {
  /** Folder of the run record; `runs/<id>` if it is left out. */
  out?: string | undefined;
  dryRun: boolean;
  json: boolean;
  quiet: boolean;
  threads?: number | undefined;
  /** `name=source`, or `none`; the scenario's, else the target's processes on this machine if it is left out. */
  probe: readonly string[];
  objective: readonly string[];
}

/** The further flags of `fleetgauge run`. */
export interface ScenarioFlags {
  scenario: string;
  target?: string | undefined;
  profile?: string | undefined;
  scale: number;
  set: readonly string[];
}

/** `fleetgauge run <scenario|preset>`. */
export async function run(
  flags: RunFlags & ScenarioFlags,
  command: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  const loaded = await loadScenario(flags.scenario, {
    set: flags.set,
    ...(flags.profile === undefined ? {} : { profile: flags.profile }),
  });
  return runOrShow(scale(loaded, flags.scale), flags.target, flags, command, terminal);
}

/** Runs a scenario, or shows what it would do (`--dry-run`). */
export async function runOrShow(
  scenario: Scenario,
  target: string | undefined,
  flags: RunFlags,
  command: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  const written = target === undefined ? scenario.target : target.split(',');
  const complete = {
    ...scenario,
    target: [...written],
    objectives: [...scenario.objectives, ...flags.objective],
  };
  const targets = written.map(parseTarget);
  for (const objective of complete.objectives) parseObjective(objective);
  for (const note of scenarioNotes(complete)) terminal.err.write(`note: ${note}\n`);
  if (flags.dryRun) {
    terminal.out.write(`${planComment(complete)}${scenarioToYaml(complete)}`);
    return EXIT.pass;
  }
  if (targets.length === 0) {
    throw new UsageError(
      `${complete.name} names no target: add --target mqtt://127.0.0.1:1883, or 'target:' to the scenario`,
    );
  }
  // What the profile takes from the environment is missed here rather than in each process.
  passwordsOf(complete.profile, process.env, () => 0);
  const watched = watchedNodes(flags.probe) ?? scenarioProbes(complete);
  const nodes = { probes: () => watched ?? listeningNodes(targets, terminal) };
  const interrupt = interruption(terminal.err);
  try {
    const run = await execute(complete, targets, nodes, flags, command, terminal, interrupt);
    if (flags.json) terminal.out.write(`${JSON.stringify(run.record, undefined, 2)}\n`);
    else printSummary(run.record, run.folder, terminal);
    return exitCodeOf(run.record);
  } finally {
    interrupt.dispose();
  }
}

export function printSummary(record: RunRecord, folder: string, { out }: Terminal): void {
  const lines = summaryLines(record, { colour: out.colour, width: out.width, folder });
  out.write(`${lines.join('\n')}\n`);
}

/** What is watched beside the fleet, and what the target's nodes say of themselves at the end. */
export interface WatchedNodes {
  probes: () => readonly ProbeSpec[];
  /** Copies of messages that they have sent to each other, by node. */
  forwarded?: () => Promise<ReadonlyMap<string, number>>;
}

/** One run with its live view, from the first connect to the finished record. */
export async function execute(
  scenario: Scenario,
  targets: readonly Target[],
  nodes: WatchedNodes,
  flags: Pick<RunFlags, 'quiet'> & Partial<Pick<RunFlags, 'out' | 'threads'>>,
  command: readonly string[],
  terminal: Terminal,
  interrupt: { signal: AbortSignal },
): Promise<{ record: RunRecord; folder: string }> {
  const run = randomInt(0x10000);
  const id = runId(new Date(), scenario.name, run);
  const folder = flags.out ?? join('runs', id);
  const view = flags.quiet ? undefined : new LiveView(terminal.err);
  try {
    const record = await runScenario({
      scenario,
      targets,
      folder,
      id,
      run,
      command,
      tool: toolFacts(),
      host: hostFacts(),
      limits: machineLimits(),
      nodes: nodes.probes,
      ...(nodes.forwarded === undefined ? {} : { forwarded: nodes.forwarded }),
      ...(flags.threads === undefined ? {} : { threads: flags.threads }),
      progress: (progress: RunProgress) => view?.update(progress),
      signal: interrupt.signal,
    });
    return { record, folder };
  } finally {
    view?.clear();
  }
}

/** How the run's outcome reads to a program; what is worst comes first. */
export function exitCodeOf(record: RunRecord): ExitCode {
  if (record.state === 'interrupted') return EXIT.interrupted;
  if (!scenarioReached(record)) return EXIT.unreached;
  if (record.verdict.state === 'invalid') return EXIT.invalid;
  if (record.objectives.some(({ passed }) => !passed)) return EXIT.objective;
  return EXIT.pass;
}

/** `20261122-184512-telemetry-3fa9`: sorts by time, says what it was, and differs. */
export function runId(at: Date, name: string, run: number): string {
  const stamp = at.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  const word = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40);
  return `${stamp}-${word}-${run.toString(16).padStart(4, '0')}`;
}

function planComment(scenario: Scenario): string {
  const { deviceCount, publishesPerSec, deliveriesPerSec } = plan(scenario);
  return [
    `# ${formatCount(deviceCount)} devices connect at ${formatRate(scenario.connect.ratePerSec)}`,
    `# at load 1: ${formatRate(publishesPerSec)} published, ${formatRate(deliveriesPerSec)} delivered`,
    '',
  ].join('\n');
}
