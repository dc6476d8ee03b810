import { parseSharedFilter } from '../../../wire/mod.js';
import type { NodeControl } from '../node-control.js';
import { type CommandGroup, notFound, rows, visible } from './command.js';

type Route = ReturnType<NodeControl['routes']> extends Iterable<infer R> ? R : never;

export const topics: CommandGroup = {
  name: 'topics',
  usage: [
    ['topics list', 'List all topics'],
    ['topics show <Topic>', 'Show a topic'],
  ],
  async run({ args, node, answer }) {
    const [verb, topic] = args;
    switch (`${verb}/${args.length}`) {
      case 'list/1':
        await answer.outAll(rows(node.routes(), routeText));
        return true;
      case 'show/2': {
        let found = false;
        for (const route of node.routes()) {
          if (plain(route.filter) !== topic) continue;
          found = true;
          answer.out(visible(routeText(route)));
        }
        return found || notFound(answer);
      }
      default:
        return undefined;
    }
  },
};

/** EMQX's list has a shared group's filter without the group. */
function plain(filter: string): string {
  return parseSharedFilter(filter)?.filter ?? filter;
}

function routeText({ filter, node }: Route): string {
  return `${plain(filter)} -> ${node}`;
}
