import {
  type HostFacts,
  type ProbedNode,
  type RunRecord,
  RunWriter,
  type ToolFacts,
} from '../../results/mod.js';
import { monotonicClock } from '../device/mod.js';
import { ProcProbe } from '../probe/mod.js';
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
import { layOut, type MachineLimits } from './layout.js';
import { prepareCertificates } from './prepare-certificates.js';
import { ProbeTimeline } from './probe-timeline.js';
import { reachTargets } from './reach-targets.js';

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
  /** Processes of the target on this machine to watch; asked when the target has answered. */
  nodes: () => readonly ProbedNode[];
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
  const { scenario, targets } = request;
  const fleet = plan(scenario);
  const runHex = request.run.toString(16).padStart(4, '0');
  await prepareCertificates(scenario, targets, runHex);
  const reached = await reachTargets(scenario, targets, runHex, request.limits, request.note);
  const pairs = new AddressPairs(reached, scenario.sourceAddresses);
  const { shortestPeriod } = pairs;
  const layout = layOut(fleet.deviceCount, shortestPeriod, request.limits, request.threads);
  const nodes = request.nodes();
  const probes = nodes.map(({ node, pid }) => new ProcProbe(node, pid));
  const openRecord = (epochMs: number): Promise<RunWriter> =>
    RunWriter.create(request.folder, {
      id: request.id,
      epochMs,
      tool: request.tool,
      host: request.host,
      command: request.command,
      scenario: scenario.name,
      scenarioHash: scenarioHash(scenario),
      scenarioYaml: scenarioToYaml(scenario),
      target: targets.map(formatTarget),
      devices: fleet.deviceCount,
      processes: layout.processes,
      threads: layout.processes * layout.threadsPerProcess,
      shards: layout.shards,
      probes: nodes,
      objectives: scenario.objectives,
    });
  const coordinator = new Coordinator(
    {
      scenario,
      targets: reached,
      run: request.run,
      ephemeralPorts: request.limits.ephemeralPorts,
    },
    {
      layout,
      devices: fleet.deviceCount,
      rampTimeoutUs: fleet.rampTimeoutUs,
      openRecord,
      probes: new ProbeTimeline(probes, monotonicClock()),
      forwarded: request.forwarded ?? (async () => new Map()),
      progress: request.progress,
      signal: request.signal,
    },
  );
  return coordinator.run();
}
