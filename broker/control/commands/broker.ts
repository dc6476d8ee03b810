import { uptimeText } from '../../system-topics.js';
import { type CommandGroup, row } from './command.js';

export const broker: CommandGroup = {
  name: 'broker',
  usage: [
    ['broker', 'Show broker version, uptime and description'],
    ['broker stats', 'Show broker statistics of clients, topics, subscribers'],
    ['broker metrics', 'Show broker metrics'],
  ],
  run({ args, node, answer, wallClock }) {
    switch (args.join(' ')) {
      case '': {
        const rows = {
          sysdescr: 'Fleetgauge',
          version: node.version,
          datetime: wallClock().toISOString().replace('Z', '+00:00'),
          uptime: uptimeText(node.uptimeMs()),
        };
        for (const [name, value] of Object.entries(rows)) {
          answer.out(`${name.padEnd(10)}: ${value}`);
        }
        return true;
      }
      case 'stats':
        return table(node.stats().gauges);
      case 'metrics':
        return table(node.stats().counters);
      default:
        return undefined;
    }

    function table(values: object): true {
      for (const [name, value] of Object.entries(values).sort(byName)) {
        answer.out(row(name, value as number));
      }
      return true;
    }
  },
};

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}
