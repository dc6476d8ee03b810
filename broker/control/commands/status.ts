import { atomText } from '../erlang-text.js';
import type { ClusterStatus } from '../node-control.js';
import type { Answer, CommandGroup } from './command.js';

export const status: CommandGroup = {
  name: 'status',
  usage: [['status', 'Show broker status']],
  run({ args, node, answer }) {
    if (args.length > 0) return undefined;
    const { nodeName, version } = node;
    const state = node.state() === 'running' ? 'started' : node.state();
    answer.out(`Node '${nodeName}' ${version} is ${state}`);
    sayTrouble(node.cluster.status(), answer);
    return state === 'started';
  },
};

/** What is wrong in the cluster, behind a status. */
export function sayTrouble({ partitioned, alarms }: ClusterStatus, answer: Answer): void {
  if (partitioned.length > 0) {
    answer.out(`Partitioned nodes: [${[...partitioned].sort().map(atomText).join(',')}]`);
  }
  for (const alarm of alarms) answer.out(`Alarm: ${alarm}`);
}
