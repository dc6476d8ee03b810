import { mapOfAtomLists } from '../erlang-text.js';
import { ClusterCommandError, type ClusterStatus } from '../node-control.js';
import type { Answer, CommandGroup, Outcome, Request } from './command.js';
import { sayTrouble } from './status.js';

export const cluster: CommandGroup = {
  name: 'cluster',
  usage: [
    ['cluster join <Node>', 'Join the cluster'],
    ['cluster leave', 'Leave the cluster'],
    ['cluster force-leave <Node>', 'Force the node leave from cluster'],
    ['cluster status [--json]', 'Cluster status'],
  ],
  run(request) {
    const { args, node, answer } = request;
    const [verb, operand = ''] = args;
    const say = (line: string): void => answer.err(line);
    switch (`${verb}/${args.length}`) {
      case 'join/2':
        if (operand === node.nodeName) return ignored(answer);
        return change(request, 'join the cluster', 'Join the cluster', () =>
          node.cluster.join(operand, { say }),
        );
      case 'leave/1':
        return change(request, 'leave the cluster', 'Leave the cluster', () =>
          node.cluster.leave({ say }),
        );
      case 'force-leave/2':
        if (operand === node.nodeName) return ignored(answer);
        return change(request, 'remove the node from cluster', 'Remove the node from cluster', () =>
          node.cluster.forceLeave(operand),
        );
      case 'status/1':
        sayStatus(node.cluster.status(), answer);
        return true;
      case 'status/2':
        if (operand !== '--json') return undefined;
        answer.out(statusJson(node.cluster.status()));
        return true;
      default:
        return undefined;
    }
  },
};

/** A node is in its own cluster already, and it does not remove itself. */
function ignored(answer: Answer): true {
  answer.out('Ignore.');
  return true;
}

async function change(
  { answer }: Request,
  failing: string,
  done: string,
  act: () => Promise<ClusterStatus>,
): Promise<Outcome> {
  try {
    const after = await act();
    answer.out(`${done} successfully.`);
    sayStatus(after, answer);
    return true;
  } catch (error) {
    if (!(error instanceof ClusterCommandError)) throw error;
    answer.err(`Failed to ${failing}: ${error.reason}`);
    answer.err(error.message);
    return false;
  }
}

function sayStatus(now: ClusterStatus, answer: Answer): void {
  const title = 'Cluster status: ';
  const nodes = { running_nodes: sorted(now.running), stopped_nodes: sorted(now.stopped) };
  answer.out(title + mapOfAtomLists(nodes, title.length));
  sayTrouble(now, answer);
}

/** EMQX's two keys as it prints them; ours follow only when there is something to say. */
function statusJson({ running, stopped, partitioned, alarms }: ClusterStatus): string {
  const lists: [string, readonly string[]][] = [
    ['stopped_nodes', sorted(stopped)],
    ['running_nodes', sorted(running)],
  ];
  if (partitioned.length > 0) lists.push(['partitioned_nodes', sorted(partitioned)]);
  if (alarms.length > 0) lists.push(['alarms', alarms]);
  const texts = lists.map(([key, items]) => {
    const rows = items.map((item) => JSON.stringify(item)).join(',\n    ');
    return `  "${key}" : [\n    ${rows}\n  ]`;
  });
  return `{\n${texts.join(',\n')}\n}`;
}

function sorted(names: readonly string[]): string[] {
  return [...names].sort();
}
