import { EXIT, type ExitCode } from './exit-codes.js';
import { UsageError } from './failure.js';
import { startLocalCluster } from './local-cluster.js';
import type { Terminal } from './terminal.js';

export interface BrokerUpFlags {
  cores: number;
  replicants: number;
  port?: number | undefined;
}

/** `fleetgauge broker up`: a cluster on this machine, until Ctrl-C. */
export async function brokerUp(flags: BrokerUpFlags, { out, err }: Terminal): Promise<ExitCode> {
  const { cores, replicants, port } = flags;
  if (!Number.isSafeInteger(cores) || cores < 1) {
    throw new UsageError(`--cores ${cores}: a cluster has at least one core`);
  }
  if (!Number.isSafeInteger(replicants) || replicants < 0) {
    throw new UsageError(`--replicants ${replicants}: expected a whole number from 0`);
  }
  const stopped = stopSignal();
  let broken: ((reason: string) => void) | undefined;
  const died = new Promise<string>((resolve) => {
    broken = resolve;
  });
  const width = 'replicant99@127.255.255.255'.length;
  const cluster = await startLocalCluster({
    cores,
    replicants,
    port,
    started: ({ name, role, host, port: at }) =>
      out.write(`${name.padEnd(width)}  ${role.padEnd(9)}  mqtt://${host}:${at}\n`),
    said: (name, line) => err.write(`${name}: ${line}\n`),
    died: (name, how) => broken?.(`${name} ended: ${how}`),
  }).catch((error: unknown) => {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  });
  const why = await Promise.race([stopped, died]);
  if (why !== undefined) err.write(`${why}; the others are stopped\n`);
  await cluster.stop();
  return why === undefined ? EXIT.pass : EXIT.bug;
}

/** Resolves at the first Ctrl-C or SIGTERM; the second ends everything at once. */
function stopSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = (): void => {
      if (asked) process.exit(EXIT.interrupted);
      asked = true;
      resolve(undefined);
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
  });
}
