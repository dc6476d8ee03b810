import type { CommandGroup } from './command.js';

export const listeners: CommandGroup = {
  name: 'listeners',
  usage: [['listeners', 'List listeners']],
  run({ args, node, answer }) {
    if (args.length > 0) return undefined;
    const all = [...node.listeners()].sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const listener of all) {
      const { maxConnections } = listener;
      answer.out(listener.id);
      const rows = {
        listen_on: listener.bind,
        acceptors: listener.acceptors,
        proxy_protocol: listener.proxyProtocol,
        running: listener.running,
        current_conn: listener.connections,
        max_conns: Number.isFinite(maxConnections) ? maxConnections : 'infinity',
      };
      for (const [name, value] of Object.entries(rows)) {
        answer.out(`  ${name.padEnd(16)}: ${value}`);
      }
    }
    return true;
  },
};
