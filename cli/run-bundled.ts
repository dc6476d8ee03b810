import {
  type Agents,
  bundledNodes,
  connectionCount,
  FleetError,
  machineLimits,
  procFs,
  refusal,
  runChecks,
  type Scenario,
} from '../bench/mod.js';
import { type BundledCluster, startBundledCluster } from './bundled-cluster.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';

/**
 * For a run that names no target: starts the cluster that its scenario names, runs on it, and stops it in the end.
 * @throws UsageError when it names none; FleetError LIMIT, before anything is started, with the arithmetic of what does
 *   not suffice for devices and nodes
 */
export async function onBundledCluster(
  scenario: Scenario,
  flags: { on?: Agents; threads?: number | undefined },
  { err }: Terminal,
  signal: AbortSignal,
  run: (cluster: BundledCluster) => Promise<ExitCode>,
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
  const nodes = bundledNodes(scenario.cluster, connectionCount(scenario), limits.openFiles);
  const say = (text: string): void => {
    err.write(`${text}\n`);
  };
  say(`starting ${nodes.cores + nodes.replicants} nodes`);
  const cluster = await startBundledCluster(nodes, say);
  try {
    return signal.aborted ? EXIT.interrupted : await run(cluster);
  } finally {
    await cluster.stop();
  }
}
