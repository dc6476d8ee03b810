import { availableParallelism, hostname } from 'node:os';
import { agentStore, hostFacts, machineLimits, runAgent } from '../bench/mod.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { interruption } from './interruption.js';
import { type StoreFlags, storeAccess } from './store-flags.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';
import { toolFacts } from './version.js';

export interface AgentFlags extends StoreFlags {
  name?: string | undefined;
  threads?: number | undefined;
  once: boolean;
}

/** `fleetgauge agent`: lends this machine to coordinators until Ctrl-C. */
export async function agent(flags: AgentFlags, { err }: Terminal): Promise<ExitCode> {
  if (flags.store === undefined) {
    throw new UsageError(
      'agent needs a store to meet its coordinator at: --store etcd://host:2379 or --store embedded://host:7350',
    );
  }
  const name = flags.name ?? hostname();
  if (!/^[A-Za-z0-9._-]{1,63}$/.test(name)) {
    throw new UsageError(`--name ${name}: expected up to 63 letters, digits, dots, dashes`);
  }
  const threads = flags.threads ?? Math.max(1, availableParallelism() - 1);
  const interrupt = interruption(err);
  try {
    await runAgent({
      name,
      version: toolFacts().version,
      host: hostFacts(),
      capacity: () => ({ ...machineLimits(), memoryBytes: process.availableMemory(), threads }),
      store: agentStore(storeAccess(flags)),
      once: flags.once,
      say: (line) => err.write(`${line}\n`),
      signal: interrupt.signal,
    });
    return EXIT.pass;
  } finally {
    interrupt.dispose();
  }
}
