import { StoreError } from '../../store/mod.js';
import { ClusterError, type ClusterNode } from '../cluster/mod.js';
import { BrokerError } from '../errors.js';
import { atomText } from './erlang-text.js';
import { ClusterCommandError, type ClusterControl, type ClusterStatus } from './node-control.js';

/** EMQX's terms for why a node does not join or leave; others are in lower case as they stand. */
const REASONS: Readonly<Record<string, (node: string) => string>> = {
  NODE_DOWN: (node) => `{node_down,${atomText(node)}}`,
  ALREADY_IN_CLUSTER: (node) => `{already_in_cluster,${atomText(node)}}`,
  REPLICANT: (node) => `{cannot_join_to_replicant,${atomText(node)}}`,
  NOT_IN_CLUSTER: () => 'node_not_in_cluster',
};

/** What ctl sees of a node's part in a cluster. */
export function clusterControl(cluster: ClusterNode): ClusterControl {
  const status = (): ClusterStatus => {
    const { running, stopped, roles } = cluster.members();
    const partitioned = running.filter((name) => !cluster.reaches(name));
    return { running, stopped, partitioned, roles, alarms: cluster.alarms };
  };
  const change = async (node: string, act: () => Promise<void>): Promise<ClusterStatus> => {
    try {
      await act();
      return status();
    } catch (error) {
      throw commandError(error, node);
    }
  };
  return {
    name: cluster.options.cluster,
    status,
    join: (node, { say }) => change(node, () => cluster.membership.join(node, say)),
    leave: ({ say }) => change(cluster.options.name, () => cluster.membership.leave(say)),
    forceLeave: (name) =>
      change(name, async () => {
        if (await cluster.forceLeave(name)) return;
        throw new ClusterError('NOT_IN_CLUSTER', `There is no node '${name}'.`);
      }),
  };
}

function commandError(error: unknown, node: string): unknown {
  const isExpected =
    error instanceof ClusterError || error instanceof StoreError || error instanceof BrokerError;
  if (!isExpected) return error;
  const reason = REASONS[error.code]?.(node) ?? error.code.toLowerCase();
  return new ClusterCommandError(reason, error.message);
}
