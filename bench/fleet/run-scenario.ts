import {
  type HostFacts,
  type ProbedNode,
  type RunHead,
  type RunRecord,
  RunWriter,
  type ToolFacts,
} from '../../results/mod.js';
import { refusal, runChecks } from '../doctor/mod.js';
import { type ProbeSpec, procFs } from '../probe/mod.js';
import {
  formatTarget,
  plan,
  type Scenario,
  scenarioHash,
  scenarioToYaml,
  type Target,
} from '../scenario/mod.js';
import { AddressPairs } from './address-pairs.js';
import { Coordinator, type RunProgress } from './coordinator.js';
import { Fleet } from './fleet.js';
import { FleetError } from './fleet-error.js';
import { layOut, type MachineLimits } from './layout.js';
import { openProbes } from './open-probes.js';
import { prepareCertificates } from './prepare-certificates.js';
import type { ProbeTimeline } from './probe-timeline.js';
import { reachTargets } from './reach-targets.js';

/** From an order until every shard of this machine has heard it. */
const ORDER_DELAY_US = 200_000;

/** All that a run needs to know. */
export interface RunRequest {
  scenario: Scenario;
  /** Devices are dealt over them, one after the other. */
  targets: readonly Target[];
  /** The run record's folder; made, and refused if it holds a record already. */
  folder: string;
  id: string;
  /** 16 bits that tell this run's messages from other traffic. */
  run: number;
  command: readonly string[];
  tool: ToolFacts;
  host: HostFacts;
  limits: MachineLimits;
  /** What to watch beside the fleet; asked when the target has answered. */
  nodes: () => readonly ProbeSpec[];
  /** Copies of messages that watched nodes have sent to others, by node; asked when all devices are gone. */
  forwarded?: () => Promise<ReadonlyMap<string, number>>;
  /** Threads that drive devices, instead of one per core but one. */
  threads?: number;
  /** What is worth knowing about the way to the target, a sentence each. */
  note?: (text: string) => void;
  /** Called each second of the run. */
  progress: (progress: RunProgress) => void;
  /** Aborted: stop early, say goodbye, write the record. */
  signal: AbortSignal;
}

/**
 * Runs a scenario on this machine against its targets and leaves a run record.
 * @throws FleetError or ProbeError, before anything is written, when the plan does not fit this machine or
 *   no target answers; ResultsError when the record cannot be written
 */
export async function runScenario(request: RunRequest): Promise<RunRecord> {
  const { scenario, targets, limits } = request;
  const fleet = plan(scenario);
  const why = refusal(runChecks(request, request.limits, procFs));
  if (why !== undefined) throw new FleetError('LIMIT', why);
  const runHex = request.run.toString(16).padStart(4, '0');
  await prepareCertificates(scenario, targets, runHex);
  const reached = await reachTargets(scenario, targets, runHex, limits, request);
  const { shortestPeriod } = new AddressPairs(reached, scenario.sourceAddresses);
  const layout = layOut(fleet.connectionCount, shortestPeriod, limits, request.threads);
  const probes = await openProbes(request.nodes());
  const { processes, threadsPerProcess, shards } = layout;
  const head = recordHead(request, probes.facts, {
    processes,
    threads: processes * threadsPerProcess,
    shards,
  });
  const runPlan = { scenario, targets: reached, run: request.run };
  const coordinator = new Coordinator(scenario, {
    ...coordinatorOptions(request, probes.timeline),
    fleet: new Fleet(
      { ...runPlan, ephemeralPorts: limits.ephemeralPorts },
      { firstShard: 0, shards, ofShards: shards, threadsPerProcess },
    ),
    shards,
    orderDelayUs: ORDER_DELAY_US,
    openRecord: async (epochMs) => ({
      writer: await RunWriter.create(request.folder, { ...head, epochMs }),
    }),
  });
  return coordinator.run();
}

/** What stands in the record from the beginning, but for its epoch. */
export function recordHead(
  request: Pick<RunRequest, 'id' | 'tool' | 'host' | 'command' | 'scenario' | 'targets'>,
  nodes: readonly ProbedNode[],
  size: Pick<RunHead, 'processes' | 'threads' | 'shards'>,
): Omit<RunHead, 'epochMs'> {
  const { scenario, targets } = request;
  const fleet = plan(scenario);
  return {
    id: request.id,
    tool: request.tool,
    host: request.host,
    command: request.command,
    scenario: scenario.name,
    scenarioHash: scenarioHash(scenario),
    scenarioYaml: scenarioToYaml(scenario),
    target: targets.map(formatTarget),
    devices: fleet.deviceCount,
    connections: fleet.connectionCount,
    ...size,
    probes: nodes,
    objectives: scenario.objectives,
  };
}

/** What a coordinator needs wherever its fleet is. */
export function coordinatorOptions(
  request: Pick<RunRequest, 'scenario' | 'forwarded' | 'progress' | 'signal'>,
  probes: ProbeTimeline,
) {
  const { connectionCount, rampTimeoutUs } = plan(request.scenario);
  return {
    connections: connectionCount,
    rampTimeoutUs,
    probes,
    forwarded: request.forwarded ?? (async () => new Map<string, number>()),
    progress: request.progress,
    signal: request.signal,
  };
}
