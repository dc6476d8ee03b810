import type { ClusterSizing } from './cluster-sizing.js';
import type { Estimate } from './estimate.js';

/** Version of the JSON report; the number rises when an old reader would misread it. */
export const ESTIMATE_SCHEMA = 'fleetgauge.estimate/1';

/**
 * The report for programs: numbers in the units of their names (CPU in seconds, memory and network
 * in bytes), in a stable order of keys, without the bootstrap draws.
 */
export function reportJson(estimate: Estimate): Record<string, unknown> {
  const { sizing, cpu, memory, cluster } = estimate;
  return {
    schema: ESTIMATE_SCHEMA,
    answer: {
      nodes: finite(sizing.nodes),
      carrying: finite(sizing.carrying),
      interval95: { low: finite(sizing.interval.low), high: finite(sizing.interval.high) },
      binds: sizing.binds,
      processesPerNode: sizing.processesPerNode,
      extrapolations: estimate.extrapolations.length,
    },
    demand: estimate.demand,
    load: estimate.load,
    resources: {
      need: sizing.need,
      roomPerNode: sizing.room,
      nodesNeeded: sizing.nodesNeeded,
      allUp: sizing.allUp,
      afterFailure: sizing.afterFailure,
    },
    cpu: {
      baseSecPerProcessPerSec: cpu.base,
      baseKnown: cpu.baseKnown,
      costs: cpu.costs.map(({ group, windows, ...fitted }) => ({
        features: group.features,
        ratios: group.ratios,
        sec: fitted,
        windows,
      })),
      notIdentifiable: Object.fromEntries(cpu.missing),
      fit: cpu.fit,
      measured: cpu.measured,
    },
    memory: {
      baseBytesPerProcess: memory.base,
      bytesPerConnection: memory.perConnection,
      workingBytesPerProcess: memory.workingBytes,
      fit: { seconds: memory.samples, r2: memory.r2 },
    },
    ...(cluster === undefined ? {} : { cluster: clusterJson(cluster) }),
    checks: estimate.checks,
    heldOutPhases: estimate.heldOut,
    extrapolations: estimate.extrapolations,
    assumptions: estimate.assumptions,
    notCounted: estimate.exclusions,
    sources: estimate.sources,
  };
}

function clusterJson({ replicants, carrying, core, measured }: ClusterSizing) {
  return {
    replicants: finite(replicants),
    replicantsCarrying: finite(carrying),
    core: {
      needCpuSecPerSec: core.need.cpu ?? null,
      needMemoryBytes: core.need.memory ?? null,
      baseSecPerSec: core.cpu.base,
      secPerConnect:
        core.cpu.costs.map(({ value, low, high }) => ({ value, low, high }))[0] ?? null,
      baseBytes: core.memory?.base ?? null,
      bytesPerConnection: core.memory?.perConnection ?? null,
      workingBytes: core.memory?.workingBytes ?? null,
      mostBytes: core.mostBytes,
      mostConnections: core.mostConnections,
      checks: core.checks,
    },
    measured: {
      ...measured,
      copiesPerPublish: measured.copiesPerPublish ?? null,
      checkedCopiesPerPublish: measured.checkedCopiesPerPublish ?? null,
    },
  };
}

/** JSON has no infinity: null says that no number of nodes is enough at that end. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
