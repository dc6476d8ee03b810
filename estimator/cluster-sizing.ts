import { type CoreCosts, coreCosts } from './core-costs.js';
import type { FitOptions } from './cost-model.js';
import type { Demand } from './demand.js';
import { counted, decimals } from './figures.js';
import type { Sizing } from './sizing.js';
import type { ClusterSeries, CostSeries } from './windows.js';

/** The sized nodes as a cluster: replicants, which take the clients, and cores beside them. */
export interface ClusterSizing {
  /** On all nodes, and those that carry the load when the nodes that may fail are gone. */
  replicants: number;
  carrying: number;
  core: CoreCosts;
  measured: MeasuredCluster;
}

/** The cluster that the runs were on. */
export interface MeasuredCluster {
  cores: number;
  replicants: number;
  /** Copies to another node for each published message, all fitted runs together. */
  copiesPerPublish: number | undefined;
  /** The same of the check runs. */
  checkedCopiesPerPublish: number | undefined;
}

/** Undefined when the runs were not on a cluster whose cores had no clients. */
export function clusterSizing(
  input: { runs: readonly CostSeries[]; checks: readonly CostSeries[]; demand: Demand },
  { nodes, carrying, processesPerNode }: Sizing,
  options: FitOptions,
): ClusterSizing | undefined {
  const { runs, checks, demand } = input;
  const first = runs[0]?.cluster;
  if (first === undefined) return undefined;
  return {
    replicants: nodes * processesPerNode,
    carrying: carrying * processesPerNode,
    core: coreCosts(runs, checks, demand, options),
    measured: {
      cores: first.cores,
      replicants: first.replicants,
      copiesPerPublish: copiesPerPublish(runs),
      checkedCopiesPerPublish: copiesPerPublish(checks),
    },
  };
}

/** What the measured cluster does not say of the sized one, in sentences. */
export function clusterExclusions({ replicants, measured }: ClusterSizing): string[] {
  const cluster = `${counted(measured.cores, 'core')} and ${counted(measured.replicants, 'replicant')}`;
  const { copiesPerPublish: copies } = measured;
  const share =
    copies === undefined
      ? 'The share of messages that crossed from one node to another is not known'
      : `A published message went to another node ${decimals(copies, 2)} times on average`;
  return [
    `Messages between nodes beyond those of the runs. ${share}; that is in the costs, and the sizing holds for a cluster in which that share of messages crosses nodes. Among ${counted(replicants, 'replicant')} nearly every message for one receiver crosses, and a broadcast goes to each node that has a receiver: more crosses than with ${measured.replicants}, and what that costs comes on top.`,
    `Routes and links of a large cluster: every replicant holds the routes of all, and a link to every other node. The costs are of a cluster of ${cluster}.`,
    `More than ${counted(measured.cores, 'core')}, and what a core spends on telling ${counted(replicants, 'replicant')} of each new route: in the runs it told ${measured.replicants}.`,
  ];
}

function copiesPerPublish(runs: readonly CostSeries[]): number | undefined {
  const clusters = runs.flatMap(({ cluster }): readonly ClusterSeries[] =>
    cluster === undefined ? [] : [cluster],
  );
  const published = clusters.reduce((sum, cluster) => sum + cluster.published, 0);
  let copies = 0;
  for (const { forwarded } of clusters) {
    if (forwarded === undefined) return undefined;
    copies += forwarded;
  }
  return published === 0 ? undefined : copies / published;
}
