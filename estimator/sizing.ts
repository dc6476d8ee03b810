import { type FeatureGroup, unitsOf, unitsRange } from './collinearity.js';
import type { CpuModel } from './cost-model.js';
import type { Demand } from './demand.js';
import { EstimateError } from './estimate-error.js';
import { FEATURE_NAMES, FEATURES, type Load, loadOf } from './load.js';
import type { MemoryModel } from './memory-model.js';
import { messageMqttBytes, messageWireBytes, pingWireBytes } from './network.js';
import { quantile } from './regression.js';

export const RESOURCES = ['cpu', 'memory', 'networkIn', 'networkOut'] as const;
export type Resource = (typeof RESOURCES)[number];

/** Cores, bytes, and bytes per second towards and from the brokers. */
export type PerResource = Readonly<Record<Resource, number>>;

export interface Sizing {
  /** `carrying` + the nodes that may fail. */
  nodes: number;
  carrying: number;
  /** 95 %: noise of the measurement, and every split of costs that the runs could not split. */
  interval: { low: number; high: number };
  binds: Resource;
  processesPerNode: number;
  /** What the demand comes to, whatever the number of nodes. */
  need: PerResource;
  /** What one node has left for it under its ceilings, its processes' own base taken off. */
  room: PerResource;
  /** need / room: how many nodes each resource alone would ask for. */
  nodesNeeded: PerResource;
  /** Share of the node's resource in use, base included. */
  allUp: PerResource;
  afterFailure: PerResource;
}

/** The load the demand means for the cost model; the reconnect case is on top of full traffic. */
export function demandLoad(demand: Demand): Load {
  const { publishesPerSec: publishes, deliveriesPerSec: deliveries } = demand;
  let bytes = 0;
  for (const qos of [0, 1, 2] as const) {
    const each = messageMqttBytes(qos, demand.topicBytes, demand.payloadBytes);
    bytes += (publishes[qos] + deliveries[qos]) * each;
  }
  const values: Record<string, number> = {
    connections: demand.connections,
    connects: demand.connectRatePerSec + reconnectsPerSec(demand),
    publishesQos0: publishes[0],
    publishesQos1: publishes[1],
    publishesQos2: publishes[2],
    deliveriesQos0: deliveries[0],
    deliveriesQos1: deliveries[1],
    deliveriesQos2: deliveries[2],
    bytes,
  };
  return loadOf((feature) => values[feature]!);
}

/** Connects per second while all clients come back within the minutes the demand allows. */
export function reconnectsPerSec(demand: Demand): number {
  return demand.reconnectMinutes === undefined
    ? 0
    : demand.connections / (60 * demand.reconnectMinutes);
}

/**
 * Nodes for the demand: with `nodesMayFail` of them gone, the rest carry all of it under the
 * ceilings. A node runs ⌊cores / threadsPerProcess⌋ broker processes, and load spreads evenly.
 * @throws EstimateError NOT_MEASURED, NODE_TOO_SMALL
 */
export function sizeNodes(demand: Demand, cpu: CpuModel, memory: MemoryModel): Sizing {
  const load = demandLoad(demand);
  refuseUnknown(cpu, load);
  const fitted: Coefficients = {
    cpu: Float64Array.of(cpu.base.value, ...cpu.costs.map((cost) => cost.value)),
    memory: Float64Array.of(memory.base.value, memory.perConnection.value),
  };
  const processesPerNode = Math.floor(demand.node.cores / demand.threadsPerProcess);
  const groups = cpu.costs.map((cost) => cost.group);
  const plan = (coefficients: Coefficients, split: Split) =>
    planFor(demand, load, groups, memory.workingBytes, processesPerNode, coefficients, split);

  const { need, room, nodesNeeded, processBase } = plan(fitted, 'equal');
  for (const resource of RESOURCES) {
    if (room[resource] <= 0) throw tooSmall(resource, demand, processesPerNode);
  }
  const binds = RESOURCES.reduce((most, resource) =>
    nodesNeeded[resource] > nodesNeeded[most] ? resource : most,
  );
  const carrying = nodesFor(nodesNeeded);
  const nodes = carrying + demand.policy.nodesMayFail;
  const used = (up: number): PerResource =>
    perResource(
      (resource) =>
        (need[resource] / up + processBase[resource] * processesPerNode) /
        nodeHas(resource, demand, processesPerNode),
    );
  const draws = Math.min(cpu.draws.length, memory.draws.length);
  const counts = (split: Split) =>
    Float64Array.from({ length: draws }, (_, draw) => {
      const coefficients = { cpu: cpu.draws[draw]!, memory: memory.draws[draw]! };
      return nodesFor(plan(coefficients, split).nodesNeeded) + demand.policy.nodesMayFail;
    }).sort();
  return {
    nodes,
    carrying,
    interval:
      draws === 0
        ? { low: nodes, high: nodes }
        : {
            low: Math.floor(quantile(counts('cheapest'), 0.025)),
            high: Math.ceil(quantile(counts('dearest'), 0.975)),
          },
    binds,
    processesPerNode,
    need,
    room,
    nodesNeeded,
    allUp: used(nodes),
    afterFailure: used(carrying),
  };
}

/** Where the runs could not split a cost: equal parts, or the split that suits the demand best or worst. */
type Split = 'equal' | 'cheapest' | 'dearest';

interface Coefficients {
  /** Base, then the groups in order. */
  cpu: Float64Array;
  /** Base, per connection. */
  memory: Float64Array;
}

function planFor(
  demand: Demand,
  load: Load,
  groups: readonly FeatureGroup[],
  workingBytes: number,
  processesPerNode: number,
  coefficients: Coefficients,
  split: Split,
) {
  const wire = wireBytesPerSec(demand);
  const [memoryBase, memoryPerConnection] = coefficients.memory as Float64Array & [number, number];
  const need: PerResource = {
    cpu: groups.reduce(
      (sum, group, k) => sum + coefficients.cpu[k + 1]! * units(group, load, split),
      0,
    ),
    memory: memoryPerConnection * demand.connections,
    networkIn: wire.in,
    networkOut: wire.out,
  };
  const processBase: PerResource = {
    cpu: coefficients.cpu[0]!,
    memory: memoryBase + workingBytes,
    networkIn: 0,
    networkOut: 0,
  };
  const { cpuCeiling, memoryCeiling, networkCeiling } = demand.policy;
  const ceilings: PerResource = {
    cpu: cpuCeiling,
    memory: memoryCeiling,
    networkIn: networkCeiling,
    networkOut: networkCeiling,
  };
  const room = perResource(
    (resource) =>
      nodeHas(resource, demand, processesPerNode) * ceilings[resource] -
      processBase[resource] * processesPerNode,
  );
  const nodesNeeded = perResource((resource) =>
    room[resource] > 0 ? need[resource] / room[resource] : Number.POSITIVE_INFINITY,
  );
  return { need, room, nodesNeeded, processBase };
}

/** Cores in use by broker processes, bytes of memory, bytes per second of the network card. */
function nodeHas(resource: Resource, demand: Demand, processesPerNode: number): number {
  if (resource === 'cpu') return processesPerNode * demand.threadsPerProcess;
  if (resource === 'memory') return demand.node.memoryGiB * 2 ** 30;
  return (demand.node.nicGbps * 1e9) / 8;
}

/** Bytes per second between all clients and all brokers, TCP/IP headers included. */
function wireBytesPerSec(demand: Demand): { in: number; out: number } {
  const pingsPerSec = demand.connections / demand.keepAliveSec;
  const ping = pingWireBytes();
  const total = { in: pingsPerSec * ping.forward, out: pingsPerSec * ping.back };
  for (const qos of [0, 1, 2] as const) {
    const { forward, back } = messageWireBytes(qos, demand.topicBytes, demand.payloadBytes);
    const published = demand.publishesPerSec[qos];
    const delivered = demand.deliveriesPerSec[qos];
    total.in += published * forward + delivered * back;
    total.out += published * back + delivered * forward;
  }
  return total;
}

function units(group: FeatureGroup, load: Load, split: Split): number {
  if (split === 'equal') return unitsOf(group, load);
  const { least, most } = unitsRange(group, load);
  return split === 'cheapest' ? least : most;
}

function nodesFor(needed: PerResource): number {
  // A hair above a whole number is rounding, not a reason for one more node.
  return Math.max(1, Math.ceil(Math.max(...RESOURCES.map((r) => needed[r])) - 1e-9));
}

function perResource(value: (resource: Resource) => number): PerResource {
  return {
    cpu: value('cpu'),
    memory: value('memory'),
    networkIn: value('networkIn'),
    networkOut: value('networkOut'),
  };
}

function refuseUnknown(cpu: CpuModel, load: Load): void {
  const lacking = FEATURES.filter((f) => f !== 'bytes' && load[f] > 0 && cpu.missing.has(f));
  if (lacking.length === 0) return;
  const each = lacking.map((f) => `${FEATURE_NAMES[f].many} (${cpu.missing.get(f)})`);
  throw new EstimateError(
    'NOT_MEASURED',
    `not identifiable in these runs, and the demand has it: ${each.join(', ')}; add a run with stretches that have it and stretches that do not`,
  );
}

function tooSmall(resource: Resource, demand: Demand, processes: number): EstimateError {
  const what =
    resource === 'memory'
      ? `${demand.node.memoryGiB} GiB at a ceiling of ${demand.policy.memoryCeiling}`
      : `${demand.node.cores} cores at a ceiling of ${demand.policy.cpuCeiling}`;
  return new EstimateError(
    'NODE_TOO_SMALL',
    `the node is too small: ${what} do not hold ${processes} idle broker processes; give it more or raise the ceiling`,
  );
}
