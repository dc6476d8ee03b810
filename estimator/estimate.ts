import { formatCount } from '../results/mod.js';
import { checkRun, holdOutPhases, type PhaseCheck, type RunCheck } from './check.js';
import { type ClusterSizing, clusterExclusions, clusterSizing } from './cluster-sizing.js';
import { isMessageGroup } from './collinearity.js';
import { type CpuModel, type FitOptions, fitCpu } from './cost-model.js';
import type { Demand } from './demand.js';
import { EstimateError } from './estimate-error.js';
import { type Extrapolation, extrapolations } from './extrapolation.js';
import { counted, decimals, plural } from './figures.js';
import { FEATURE_NAMES, type Load, messagesPerSec } from './load.js';
import { fitMemory, type MemoryModel } from './memory-model.js';
import { demandLoad, reconnectsPerSec, type Sizing, sizeNodes } from './sizing.js';
import { type CostSeries, costWindows } from './windows.js';

export interface EstimateInput {
  /** Runs of one broker to fit costs to. */
  runs: readonly CostSeries[];
  /** Runs that have no part in the fit, to tell how good it is. */
  checks: readonly CostSeries[];
  demand: Demand;
}

/** The whole answer; the reports only lay it out. */
export interface Estimate {
  demand: Demand;
  load: Load;
  sizing: Sizing;
  cpu: CpuModel;
  memory: MemoryModel;
  /** When the runs were on a cluster whose clients keep to the replicants: all above is of these. */
  cluster: ClusterSizing | undefined;
  sources: readonly Omit<CostSeries, 'samples' | 'cluster'>[];
  checks: readonly RunCheck[];
  /** Phases predicted from the others; shows how straight the costs are, not how repeatable. */
  heldOut: readonly PhaseCheck[];
  extrapolations: readonly Extrapolation[];
  assumptions: readonly string[];
  exclusions: readonly string[];
}

/**
 * Fits the costs, checks them and sizes the demand. The same input gives the same answer.
 * @throws EstimateError when the runs cannot carry an answer; never half of one
 */
export function estimateDemand(input: EstimateInput, options: FitOptions = {}): Estimate {
  const { runs, checks, demand } = input;
  refuseUnsuitable(runs, checks);
  const windows = costWindows(runs);
  const cpu = fitCpu(windows, options);
  const memory = fitMemory(runs, options);
  const sizing = sizeNodes(demand, cpu, memory);
  const cluster = clusterSizing(input, sizing, options);
  const sources = [...runs, ...checks].map(({ runId, target, host, doubts }) => ({
    runId,
    target,
    host,
    doubts,
  }));
  return {
    demand,
    load: demandLoad(demand),
    sizing,
    cpu,
    memory,
    cluster,
    sources,
    checks: checks.map((run) => checkRun(cpu, memory, run)),
    heldOut: holdOutPhases(windows, cpu),
    extrapolations: extrapolations(demand, cpu, sizing, processWord(cluster)),
    assumptions: assumptionsOf(input, cpu, sizing, processWord(cluster)),
    exclusions: [...overheadOf(runs, cluster), ...EXCLUSIONS],
  };
}

function refuseUnsuitable(runs: readonly CostSeries[], checks: readonly CostSeries[]): void {
  const seen = new Set<string>();
  for (const { runId } of [...runs, ...checks]) {
    if (seen.has(runId)) {
      throw unsuitable(
        `run ${runId} is given twice: a run counts once, and a run that was fitted checks nothing`,
      );
    }
    seen.add(runId);
  }
  const [first] = runs;
  if (first === undefined) throw unsuitable('no run is given to fit costs to');
  const other = runs.find((run) => run.host !== first.host);
  if (other !== undefined) {
    throw unsuitable(
      `runs ${first.runId} and ${other.runId} were made on different machines (${first.host}; ${other.host}): their CPU costs cannot be fitted together, estimate from one or the other`,
    );
  }
  const unlike = runs.find((run) => shapeOf(run) !== shapeOf(first));
  if (unlike !== undefined) {
    throw unsuitable(
      `run ${first.runId} was on ${shapeOf(first)}, run ${unlike.runId} on ${shapeOf(unlike)}: what a message costs differs with that, estimate from runs on one or the other`,
    );
  }
}

/** What a process that takes clients is called. */
export function processWord(cluster: ClusterSizing | undefined): string {
  return cluster === undefined ? 'broker process' : 'replicant';
}

function unsuitable(why: string): EstimateError {
  return new EstimateError('RUNS_UNSUITABLE', why);
}

/** What a demand says beyond the devices themselves. */
export type DemandFrame = Omit<Demand, 'connections' | 'publishesPerSec' | 'deliveriesPerSec'>;

/**
 * The demand of that many devices that do what those of the run did at its busiest: mean rates per
 * connection over the windows with all connections open and at least 90 % of the highest rate.
 * @throws EstimateError TOO_FEW_SAMPLES
 */
export function demandLike(run: CostSeries, connections: number, frame: DemandFrame): Demand {
  const windows = costWindows([run]);
  const most = (values: readonly number[]) => Math.max(0, ...values);
  const open = most(windows.map(({ load }) => load.connections));
  const full = windows.filter(({ load }) => load.connections >= 0.98 * open);
  const rate = most(full.map(({ load }) => messagesPerSec(load)));
  const busy = full.filter(({ load }) => messagesPerSec(load) >= 0.9 * rate);
  const perConnection = (feature: keyof Load) =>
    busy.reduce((sum, { load }) => sum + load[feature], 0) /
    busy.reduce((sum, { load }) => sum + load.connections, 0);
  if (open === 0) {
    throw new EstimateError('TOO_FEW_SAMPLES', `run ${run.runId} never had a connection open`);
  }
  const times = (feature: keyof Load) => perConnection(feature) * connections;
  return {
    ...frame,
    connections,
    publishesPerSec: [times('publishesQos0'), times('publishesQos1'), times('publishesQos2')],
    deliveriesPerSec: [times('deliveriesQos0'), times('deliveriesQos1'), times('deliveriesQos2')],
  };
}

function assumptionsOf(
  { runs, demand }: EstimateInput,
  cpu: CpuModel,
  sizing: Sizing,
  word: string,
): string[] {
  const { processesPerNode } = sizing;
  const { threadsPerProcess, node } = demand;
  const used = processesPerNode * threadsPerProcess;
  const idleCores = node.cores - used;
  const threads =
    threadsPerProcess === 1
      ? 'one event loop each, which keeps one core busy'
      : `${threadsPerProcess} threads each`;
  return [
    `A node of ${node.cores} cores runs ${counted(processesPerNode, word)} (${threads})${idleCores > 0 ? `; ${idleCores} cores are left over and not counted` : ''}.`,
    `Connections and messages spread evenly over the nodes and their ${plural(word)}.`,
    'Costs add up and stay what they were in the runs, up to the ceilings, on processors as fast as those measured.',
    `An open connection includes ${pingText(runs)}; a connect includes its subscriptions.`,
    ...splitAssumptions(cpu),
    ...(cpu.missing.get('bytes') === 'moved with the others'
      ? [
          `Messages cost what those of ${formatCount(cpu.measured.bytesPerMessage)} MQTT bytes did: no run varied the size.`,
        ]
      : []),
    'Network is computed from the packets: headers of TCP/IP and all acknowledgements, one packet a segment.',
    ...(demand.reconnectMinutes === undefined
      ? []
      : [
          `Reconnect case: all clients come back within ${demand.reconnectMinutes} minutes (${formatCount(reconnectsPerSec(demand))} connects/s) at full traffic, with the nodes that may fail gone.`,
        ]),
    'Intervals cover the noise within the runs; what differs between builds, hosts and days shows only in check runs.',
  ];
}

function splitAssumptions(cpu: CpuModel): string[] {
  return cpu.costs
    .filter((cost) => cost.group.features.length > 1)
    .map(({ group }) => {
      const names = group.features.map((feature) => FEATURE_NAMES[feature].one);
      const list = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
      const remedy = isMessageGroup(group)
        ? 'a run with publishes that nobody receives, or another fan-out, would tell them apart'
        : 'a run that changes one without the other would tell them apart';
      return `${list} only moved together in these runs, so they have one cost. Each is taken to carry an equal part, and the interval covers every other split; ${remedy}.`;
    });
}

function pingText(runs: readonly CostSeries[]): string {
  let pings = 0;
  let connectionSec = 0;
  for (const sample of runs.flatMap((run) => run.samples)) {
    pings += sample.pings;
    connectionSec += sample.connected * sample.lengthSec;
  }
  return pings === 0
    ? 'no keep-alive pings (the runs had none)'
    : `its keep-alive pings, one every ${decimals(connectionSec / pings, 0)} s as in the runs`;
}

/** What a run with another shape would have cost differently for the same load. */
function shapeOf({ cluster }: CostSeries): string {
  if (cluster === undefined) return 'nodes that all take clients';
  return `a cluster of ${cluster.cores} core and ${cluster.replicants} replicant nodes`;
}

const EXCLUSIONS = [
  'CPU that the kernel spends outside the broker processes (network interrupts), and the operating system itself.',
  'TLS, WebSocket, retained messages, offline sessions and their queues, and disk.',
  'Latency: the ceilings stand in for a bound on it.',
];

function overheadOf(runs: readonly CostSeries[], cluster: ClusterSizing | undefined): string[] {
  if (cluster !== undefined) return clusterExclusions(cluster);
  const processes = Math.max(1, ...runs.flatMap((run) => run.samples.map((s) => s.processes)));
  return [
    processes === 1
      ? 'Cluster overhead: not measured (the runs had one broker process). Messages that pass between nodes, routes held on every node, and what agreement costs come on top.'
      : `Cluster overhead beyond the ${processes} broker processes that were measured.`,
  ];
}
