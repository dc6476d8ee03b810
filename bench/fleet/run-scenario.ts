import { type HostFacts, type RunRecord, RunWriter, type ToolFacts } from '../../results/mod.js';
import { monotonicClock } from '../device/mod.js';
import { refusal, runChecks } from '../doctor/mod.js';
import { checkProbeNames, makeProbe, type ProbeSpec, procFs } from '../probe/mod.js';
import {
  formatTarget,
  plan,
  type Scenario,
  scenarioHash,
  scenarioToYaml,
  type Target,
} from '../scenario/mod.js';
import { Coordinator, type RunProgress } from './coordinator.js';
import { FleetError } from './fleet-error.js';
import { layOut, type MachineLimits } from './layout.js';
import { preflight } from './preflight.js';
import { ProbeTimeline } from './probe-timeline.js';

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
  const why = refusal(runChecks(request, request.limits, procFs));
  if (why !== undefined) throw new FleetError('LIMIT', why);
  const layout = layOut(fleet.deviceCount, targets.length, request.limits, request.threads);
  for (const target of targets) {
    await preflight(target, scenario.groups[0]!.protocol, { signal: request.signal });
  }
  const nowUs = monotonicClock();
  const specs = request.nodes();
  checkProbeNames(specs);
  const probes = specs.map((spec) => makeProbe(spec, nowUs));
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
      probes: probes.map(({ facts }) => facts),
      objectives: scenario.objectives,
    });
  const timeline = new ProbeTimeline(probes, nowUs);
  await timeline.open();
  const coordinator = new Coordinator(
    {
      scenario,
      targets: [...targets],
      run: request.run,
      ephemeralPorts: request.limits.ephemeralPorts,
    },
    {
      layout,
      devices: fleet.deviceCount,
      rampTimeoutUs: fleet.rampTimeoutUs,
      openRecord,
      probes: timeline,
      forwarded: request.forwarded ?? (async () => new Map()),
      progress: request.progress,
      signal: request.signal,
    },
  );
  return coordinator.run();
}
