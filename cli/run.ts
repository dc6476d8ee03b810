import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import {
  type Agents,
  bundledNodes,
  FleetError,
  hostFacts,
  loadScenario,
  machineLimits,
  type ProbeSpec,
  parseTarget,
  passwordsOf,
  plan,
  procFs,
  type RunProgress,
  refusal,
  resumeOnAgents,
  runChecks,
  runOnAgents,
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
import { startBundledCluster } from './bundled-cluster.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { interruption } from './interruption.js';
import { LiveView } from './live-view.js';
import { listeningNodes, scenarioProbes, watchedNodes } from './probed-nodes.js';
import { agentsOf, type FleetFlags, sayOn } from './run-agents.js';
import { storeAccess } from './store-flags.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';
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
export interface ScenarioFlags extends FleetFlags {
  scenario?: string | undefined;
  target?: string | undefined;
  profile?: string | undefined;
  ifaddr?: string | undefined;
  scale: number;
  set: readonly string[];
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
  const loaded = await loadScenario(flags.scenario, {
    set: flags.set,
    ...(flags.profile === undefined ? {} : { profile: flags.profile }),
  });
  const scaled = scale(loaded, flags.scale);
  const scenario = flags.ifaddr === undefined ? scaled : from(scaled, flags.ifaddr);
  return runOrShow(scenario, flags.target, flags, command, terminal);
}

/** The scenario from these source addresses. */
function from(scenario: Scenario, ifaddr: string): Scenario {
  const sourceAddresses = ifaddr.split(',').map((address) => address.trim());
  const wrong = sourceAddresses.find((address) => isIP(address) === 0);
  if (wrong === undefined) return { ...scenario, sourceAddresses };
  throw new UsageError(
    `--ifaddr ${ifaddr}: expected addresses of this machine with commas between, not '${wrong}'`,
  );
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
  const interrupt = interruption(terminal.err);
  const view = flags.quiet ? undefined : new LiveView(terminal.err);
  try {
    const record = await resumeOnAgents({
      folder,
      tool: toolFacts(),
      nodes: () => watched,
      store,
      say: sayOn(terminal),
      progress: (progress) => view?.update(progress),
      signal: interrupt.signal,
    }).finally(() => view?.clear());
    return conclude(record, folder, flags, terminal);
  } finally {
    interrupt.dispose();
  }
}

/** Runs a scenario, or shows what it would do (`--dry-run`). */
export async function runOrShow(
  scenario: Scenario,
  target: string | undefined,
  flags: RunFlags & FleetFlags,
  command: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  const agents = agentsOf(flags, terminal);
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
  // What the profile takes from the environment is missed here rather than in each process.
  passwordsOf(complete.profile, process.env, () => 0);
  const watched = watchedNodes(flags.probe) ?? scenarioProbes(complete);
  const interrupt = interruption(terminal.err);
  const own = { ...flags, ...agents };
  try {
    if (targets.length === 0) {
      return await runOnBundled(complete, watched, own, command, terminal, interrupt);
    }
    const nodes = { probes: () => watched ?? listeningNodes(targets, terminal) };
    const run = await execute(complete, targets, nodes, own, command, terminal, interrupt);
    return conclude(run.record, run.folder, flags, terminal);
  } finally {
    interrupt.dispose();
  }
}

/** A run that names no target starts the cluster that its scenario names, and stops it in the end. */
async function runOnBundled(
  scenario: Scenario,
  watched: readonly ProbeSpec[] | undefined,
  flags: RunFlags & { on?: Agents },
  command: readonly string[],
  terminal: Terminal,
  interrupt: { signal: AbortSignal },
): Promise<ExitCode> {
  if (scenario.cluster === undefined) {
    throw new UsageError(
      `${scenario.name} names no target: add --target mqtt://127.0.0.1:1883, or 'target:' to the scenario`,
    );
  }
  if (flags.on !== undefined) {
    throw new UsageError(
      `${scenario.name} would start its cluster on this machine, where agents do not reach it: add --target`,
    );
  }
  const limits = machineLimits();
  const { threads } = flags;
  const why = refusal(runChecks({ scenario, targets: [], threads }, limits, procFs));
  if (why !== undefined) throw new FleetError('LIMIT', why);
  const nodes = bundledNodes(scenario.cluster, plan(scenario).deviceCount, limits.openFiles);
  const say = (text: string): void => terminal.err.write(`${text}\n`);
  say(`starting ${nodes.cores + nodes.replicants} nodes`);
  const cluster = await startBundledCluster(nodes, say);
  try {
    if (interrupt.signal.aborted) return EXIT.interrupted;
    const { targets, forwarded } = cluster;
    const around = { probes: () => watched ?? cluster.probes, forwarded };
    const run = await execute(scenario, targets, around, flags, command, terminal, interrupt);
    return conclude(run.record, run.folder, flags, terminal);
  } finally {
    await cluster.stop();
  }
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

/** One run with its live view, from the first connect to the finished record. */
export async function execute(
  scenario: Scenario,
  targets: readonly Target[],
  nodes: WatchedNodes,
  flags: Pick<RunFlags, 'quiet'> & Partial<Pick<RunFlags, 'out' | 'threads'>> & { on?: Agents },
  command: readonly string[],
  terminal: Terminal,
  interrupt: { signal: AbortSignal },
): Promise<{ record: RunRecord; folder: string }> {
  const run = randomInt(0x10000);
  const id = runId(new Date(), scenario.name, run);
  const folder = flags.out ?? join('runs', id);
  const view = flags.quiet ? undefined : new LiveView(terminal.err);
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
      progress: (progress: RunProgress) => view?.update(progress),
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
  const { deviceCount, publishesPerSec, deliveriesPerSec } = plan(scenario);
  return [
    `# ${formatCount(deviceCount)} devices connect at ${formatRate(scenario.connect.ratePerSec)}`,
    `# at load 1: ${formatRate(publishesPerSec)} published, ${formatRate(deliveriesPerSec)} delivered`,
    '',
  ].join('\n');
}
