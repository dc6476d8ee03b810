import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadScenario, machineLimits, type Scenario, scale } from '../bench/mod.js';
import {
  type DemandFrame,
  demandLike,
  estimateDemand,
  readCostSeries,
  reportLines,
} from '../estimator/mod.js';
import { formatCount, type RunRecord } from '../results/mod.js';
import { type BundledCluster, startBundledCluster } from './bundled-cluster.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { interruption } from './interruption.js';
import { execute, exitCodeOf, printSummary } from './run.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';

const REPLICANTS = 2;
const SIZED_CONNECTIONS = 1_000_000;
/** What a node opens besides its clients' connections. */
const NODE_FILES = 64;

/** What the answer is for: a common server, and the margins that a careful buyer leaves. */
const FRAME: DemandFrame = {
  payloadBytes: 64,
  topicBytes: 16,
  keepAliveSec: 60,
  connectRatePerSec: 0,
  reconnectMinutes: 10,
  threadsPerProcess: 1,
  node: { name: undefined, cores: 16, memoryGiB: 32, nicGbps: 10 },
  policy: { cpuCeiling: 0.7, memoryCeiling: 0.7, networkCeiling: 0.7, nodesMayFail: 1 },
};

export interface QuickstartFlags {
  /** Folder that the two run records go into. */
  out?: string | undefined;
  scale: number;
  quiet: boolean;
}

interface Outcome {
  record: RunRecord;
  folder: string;
}

/** `fleetgauge quickstart`: cluster, devices, histograms, sizing, all on this machine. */
export async function quickstart(
  flags: QuickstartFlags,
  command: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  const warmUp = scale(await loadScenario('quickstart-warmup'), flags.scale);
  const load = scale(await loadScenario('quickstart'), flags.scale);
  const check = scale(await loadScenario('quickstart-check'), flags.scale);
  checkOpenFiles(load, check);
  const say = (text: string): void => terminal.err.write(`${text}\n`);
  const interrupt = interruption(terminal.err);
  const run = (scenario: Scenario, cluster: BundledCluster, out?: string): Promise<Outcome> => {
    const runFlags = { quiet: flags.quiet, ...(out === undefined ? {} : { out }) };
    const nodes = { probes: () => cluster.probes, forwarded: cluster.forwarded };
    return execute(scenario, cluster.targets, nodes, runFlags, command, terminal, interrupt);
  };
  /**
   * One run on nodes of its own, for memory that an earlier run left would not be its own. First they are
   * warmed up: a fresh process compiles while it works, which lasts longer the less each of them has to do.
   * @returns undefined if it was interrupted before there was anything to record
   */
  const measure = async (scenario: Scenario, title: string): Promise<Outcome | undefined> => {
    say(title);
    const cluster = await startBundledCluster({ cores: 1, replicants: REPLICANTS }, (line) =>
      say(`  ${line}`),
    );
    try {
      for (const line of cluster.lines) say(`  ${line}`);
      if (interrupt.signal.aborted) return undefined;
      say(`  warm-up with ${devices(warmUp)}`);
      await inPassing((folder) => run(warmUp, cluster, folder));
      if (interrupt.signal.aborted) return undefined;
      const out = flags.out === undefined ? undefined : join(flags.out, scenario.name);
      return await run(scenario, cluster, out);
    } finally {
      await cluster.stop();
    }
  };
  try {
    const loadTitle = `1 load    ${devices(load)}: each kind of traffic alone, then all of it together`;
    const fitted = await measure(load, loadTitle);
    if (fitted === undefined) return EXIT.interrupted;
    printSummary(fitted.record, fitted.folder, terminal);
    if (exitCodeOf(fitted.record) !== EXIT.pass) return exitCodeOf(fitted.record);
    const checkTitle = `\n2 check   ${devices(check)} in another mix: do the costs found so far hold?`;
    const checked = await measure(check, checkTitle);
    if (checked === undefined) return EXIT.interrupted;
    if (exitCodeOf(checked.record) !== EXIT.pass) {
      printSummary(checked.record, checked.folder, terminal);
      return exitCodeOf(checked.record);
    }
    say(`\n3 sizing  ${formatCount(SIZED_CONNECTIONS)} such devices`);
    await printSizing(fitted.folder, checked.folder, terminal);
    return EXIT.pass;
  } finally {
    interrupt.dispose();
  }
}

async function printSizing(fitted: string, checked: string, terminal: Terminal): Promise<void> {
  const run = await readCostSeries(fitted);
  const check = await readCostSeries(checked);
  const demand = demandLike(run, SIZED_CONNECTIONS, FRAME);
  const estimate = estimateDemand({ runs: [run], checks: [check], demand });
  terminal.out.write(`\n${reportLines(estimate).join('\n')}\n`);
}

/** With a folder for a record that nobody needs afterwards. */
async function inPassing(run: (folder: string) => Promise<Outcome>): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'fleetgauge-warmup-'));
  try {
    return await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A node is one process; the devices spread over as many as they need. */
function checkOpenFiles(...scenarios: readonly Scenario[]): void {
  const { openFiles } = machineLimits();
  const most = Math.ceil(Math.max(...scenarios.map(deviceCount)) / REPLICANTS);
  const needed = most + NODE_FILES;
  if (needed <= openFiles) return;
  const fits = Math.floor((100 * (openFiles - NODE_FILES)) / most) / 100;
  throw new UsageError(
    `a process may have ${openFiles} open files here (ulimit -n), and a replicant with ${most} devices needs ${needed}: ` +
      `raise it with 'ulimit -n ${needed}' or more${fits > 0 ? `, or take fewer devices with --scale ${fits}` : ''}`,
  );
}

function deviceCount(scenario: Scenario): number {
  return scenario.groups.reduce((sum, { count }) => sum + count, 0);
}

function devices(scenario: Scenario): string {
  return `${formatCount(deviceCount(scenario))} devices`;
}
