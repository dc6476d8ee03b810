import type { ClusterNode } from '../cluster/mod.js';
import { ClusterCommandError, type ClusterControl } from './node-control.js';

/** What ctl sees of a node's part in a cluster. */
export function clusterControl(cluster: ClusterNode): ClusterControl {
  const notYet = async (what: string): Promise<never> => {
    throw new ClusterCommandError(
      'not_supported',
      `Nodes ${what} by their config here: node.role, cluster.core_nodes or cluster.discovery_strategy.`,
    );
  };
  return {
    name: cluster.options.cluster,
    status: () => {
      const { running, stopped, roles } = cluster.members();
      const partitioned = running.filter((name) => !cluster.reaches(name));
      return { running, stopped, partitioned, roles, alarms: cluster.alarms };
    },
    join: () => notYet('join'),
    leave: () => notYet('leave'),
    forceLeave: async (name) => {
      if (!(await cluster.forceLeave(name))) {
        throw new ClusterCommandError('node_not_in_cluster', `There is no node '${name}'.`);
      }
      return clusterControl(cluster).status();
    },
  };
}
