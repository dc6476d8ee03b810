import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Agents,
  hostFacts,
  machineLimits,
  type ProbeSpec,
  parseTarget,
  passwordsOf,
  plan,
  type RunProgress,
  resumeOnAgents,
  runOnAgents,
  runScenario,
  type Scenario,
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
import { interruption } from './interruption.js';
import { LiveView } from './live-view.js';
import { type NamedScenario, namedScenario } from './named-scenario.js';
import { listeningNodes, scenarioProbes, watchedNodes } from './probed-nodes.js';
import { agentsOf, type FleetFlags, sayOn } from './run-agents.js';
import { onBundledCluster } from './run-bundled.js';
import { type MetricsFlags, metricsAddress, type Watch, withMetrics } from './run-metrics.js';
import { storeAccess } from './store-flags.js';
import type { Screen, Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';
import { toolFacts } from './version.js';

/** The flags that every verb with a run in it has. */
export interface RunFlags extends MetricsFlags {
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
export interface ScenarioFlags extends FleetFlags, NamedScenario {
  scenario?: string | undefined;
}

/** `fleetgauge run <scenario|preset>`. */
export async function run(
  flags: RunFlags & ScenarioFlags,
  command: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  if (flags.resume !== undefined) return resume(flags, terminal);
  if (flags.scenario === undefined) {
    throw new UsageError(
      'run needs a scenario: a file, or a preset (fleetgauge presets); see fleetgauge run --help',
    );
  }
  return runOrShow(await namedScenario(flags.scenario, flags), flags, command, terminal);
}

/** `fleetgauge run --resume <id|folder>`. */
async function resume(flags: RunFlags & ScenarioFlags, terminal: Terminal): Promise<ExitCode> {
  const named = flags.resume!;
  if (flags.scenario !== undefined) {
    throw new UsageError('--resume goes on with the scenario of that run: leave the scenario out');
  }
  const folder = existsSync(named) ? named : join('runs', named);
  const { text: _, ...store } = storeAccess(flags);
  const watched = watchedNodes(flags.probe) ?? [];
  return withMetrics(flags, terminal, async (watch) => {
    const interrupt = interruption(terminal.err);
    const view = flags.quiet ? undefined : new LiveView(terminal.err);
    try {
      const record = await resumeOnAgents({
        folder,
        tool: toolFacts(),
        nodes: () => watched,
        store,
        say: sayOn(terminal),
        progress: (progress) => {
          watch(progress);
          view?.update(progress);
        },
        signal: interrupt.signal,
      }).finally(() => view?.clear());
      return conclude(record, folder, flags, terminal);
    } finally {
      interrupt.dispose();
    }
  });
}

/** Runs a scenario, or shows what it would do (`--dry-run`). */
export async function runOrShow(
  scenario: Scenario,
  flags: RunFlags & FleetFlags,
  command: readonly string[],
  terminal: Terminal,
  makeView: MakeView = liveView,
): Promise<ExitCode> {
  const agents = agentsOf(flags, terminal);
  metricsAddress(flags);
  const complete = { ...scenario, objectives: [...scenario.objectives, ...flags.objective] };
  const targets = scenario.target.map(parseTarget);
  for (const objective of complete.objectives) parseObjective(objective);
  for (const note of scenarioNotes(complete)) terminal.err.write(`note: ${note}\n`);
  if (flags.dryRun) {
    terminal.out.write(`${planComment(complete)}${scenarioToYaml(complete)}`);
    return EXIT.pass;
  }
  // What the profile takes from the environment is missed here rather than in each process.
  passwordsOf(complete.profile, process.env, () => 0);
  const watched = watchedNodes(flags.probe) ?? scenarioProbes(complete);
  return withMetrics(flags, terminal, async (watch) => {
    const interrupt = interruption(terminal.err);
    const own = { ...flags, ...agents, watch, makeView };
    const runOn = async (on: readonly Target[], nodes: WatchedNodes): Promise<ExitCode> => {
      const run = await execute(complete, on, nodes, own, command, terminal, interrupt);
      return conclude(run.record, run.folder, flags, terminal);
    };
    try {
      if (targets.length > 0) {
        return await runOn(targets, { probes: () => watched ?? listeningNodes(targets, terminal) });
      }
      return await onBundledCluster(complete, own, terminal, interrupt.signal, (cluster) =>
        runOn(cluster.targets, {
          probes: () => watched ?? cluster.probes,
          forwarded: cluster.forwarded,
        }),
      );
    } finally {
      interrupt.dispose();
    }
  });
}

function conclude(
  record: RunRecord,
  folder: string,
  { json }: Pick<RunFlags, 'json'>,
  terminal: Terminal,
): ExitCode {
  if (json) terminal.out.write(`${JSON.stringify(record, undefined, 2)}\n`);
  else printSummary(record, folder, terminal);
  return exitCodeOf(record);
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

/** What is seen of a run while it lasts. */
export interface RunView {
  update(progress: RunProgress): void;
  clear(): void;
}

export type MakeView = (screen: Screen) => RunView;

const liveView: MakeView = (screen) => new LiveView(screen);

/** How a run is watched. */
interface Watching {
  watch?: Watch;
  makeView?: MakeView;
  on?: Agents;
}

/** One run with its live view, from the first connect to the finished record. */
export async function execute(
  scenario: Scenario,
  targets: readonly Target[],
  nodes: WatchedNodes,
  flags: Pick<RunFlags, 'quiet'> & Partial<Pick<RunFlags, 'out' | 'threads'>> & Watching,
  command: readonly string[],
  terminal: Terminal,
  interrupt: { signal: AbortSignal },
): Promise<{ record: RunRecord; folder: string }> {
  const run = randomInt(0x10000);
  const id = runId(new Date(), scenario.name, run);
  const folder = flags.out ?? join('runs', id);
  const { watch, makeView = liveView } = flags;
  const view = flags.quiet ? undefined : makeView(terminal.err);
  try {
    const request = {
      scenario,
      targets,
      folder,
      id,
      run,
      command,
      tool: toolFacts(),
      host: hostFacts(),
      nodes: nodes.probes,
      ...(nodes.forwarded === undefined ? {} : { forwarded: nodes.forwarded }),
      note: (text: string) => void terminal.err.write(`note: ${text}\n`),
      progress: (progress: RunProgress) => {
        watch?.(progress);
        view?.update(progress);
      },
      signal: interrupt.signal,
    };
    if (flags.on !== undefined) {
      return { record: await runOnAgents({ ...request, agents: flags.on }), folder };
    }
    const threads = flags.threads === undefined ? {} : { threads: flags.threads };
    const record = await runScenario({ ...request, ...threads, limits: machineLimits() });
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
  const { deviceCount, connectionCount, publishesPerSec, deliveriesPerSec } = plan(scenario);
  const on =
    connectionCount === deviceCount ? '' : ` on ${formatCount(connectionCount)} connections`;
  return [
    `# ${formatCount(deviceCount)} devices${on} connect at ${formatRate(scenario.connect.ratePerSec)}`,
    `# at load 1: ${formatRate(publishesPerSec)} published, ${formatRate(deliveriesPerSec)} delivered`,
    '',
  ].join('\n');
}
