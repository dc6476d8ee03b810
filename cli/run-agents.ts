import type { Agents } from '../bench/mod.js';
import { durationMs, listenAddress, type StoreFlags, storeAccess } from './store-flags.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';

/** The flags of `run` for devices on other machines. */
export interface FleetFlags extends StoreFlags {
  agents?: number | undefined;
  listen?: string | undefined;
  agentsWait?: string | undefined;
  patience?: string | undefined;
  resume?: string | undefined;
  threads?: number | undefined;
}

const PORT = 7350;

/** `on`: the agents that the flags ask for; nothing when the devices are to run here. */
export function agentsOf(flags: FleetFlags, terminal: Terminal): { on?: Agents } {
  const { agents: count, listen, store = 'embedded', threads } = flags;
  if (count === undefined) {
    if (flags.store === undefined && listen === undefined) return {};
    throw new UsageError('--store and --listen are for --agents: say how many agents the run has');
  }
  if (threads !== undefined) {
    throw new UsageError('--threads is each agent’s own: give it to fleetgauge agent');
  }
  const anyPort = store.startsWith('etcd') ? 0 : PORT;
  return {
    on: {
      count,
      store: storeAccess(flags),
      listen: listenAddress(listen ?? `0.0.0.0:${anyPort}`),
      waitMs: durationMs('agents-wait', flags.agentsWait ?? '60s'),
      patienceMs: durationMs('patience', flags.patience ?? '60s'),
      say: sayOn(terminal),
    },
  };
}

/** What a person should know while it lasts. */
export function sayOn({ err }: Terminal): (line: string) => void {
  return (line) => err.write(`${line}\n`);
}
