import { ClusterCommandError, type ClusterControl } from './node-control.js';

/** The cluster of a node that was started on its own: itself, and nobody comes or goes. */
export function loneCluster(nodeName: string, name = 'emqxcl'): ClusterControl {
  const refuse = async (reason: string): Promise<never> => {
    throw new ClusterCommandError(reason, `Node '${nodeName}' was started without a cluster.`);
  };
  return {
    name,
    status: () => ({
      running: [nodeName],
      stopped: [],
      partitioned: [],
      roles: { [nodeName]: 'core' },
      alarms: [],
    }),
    join: () => refuse('not_clustered'),
    leave: () => refuse('node_not_in_cluster'),
    forceLeave: () => refuse('node_not_in_cluster'),
  };
}
