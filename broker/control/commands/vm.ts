import type { CommandGroup } from './command.js';

/** This process's memory in bytes, as EMQX shows its virtual machine's. */
export function vm(memoryUsage: () => NodeJS.MemoryUsage): CommandGroup {
  return {
    name: 'vm',
    usage: [['vm memory', 'Show memory of the JavaScript VM']],
    run({ args, answer }) {
      if (args.join(' ') !== 'memory') return undefined;
      const { rss, heapTotal, heapUsed, external, arrayBuffers } = memoryUsage();
      const rows = {
        total: rss,
        heap: heapTotal,
        heap_used: heapUsed,
        external,
        array_buffers: arrayBuffers,
      };
      for (const [name, bytes] of Object.entries(rows)) {
        answer.out(`${`memory/${name}`.padEnd(24)}: ${bytes}`);
      }
      return true;
    },
  };
}
