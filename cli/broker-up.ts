import { EXIT, type ExitCode } from './exit-codes.js';
import { startLocalCluster } from './local-cluster.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';

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
  let left = cores + replicants;
  let allGone = (): void => undefined;
  const gone = new Promise<true>((resolve) => {
    allGone = () => resolve(true);
  });
  const width = 'replicant99@127.255.255.255'.length;
  const cluster = await startLocalCluster({
    cores,
    replicants,
    port,
    started: ({ name, role, host, port: at }) =>
      out.write(`${name.padEnd(width)}  ${role.padEnd(9)}  mqtt://${host}:${at}\n`),
    said: (name, line) => err.write(`${name}: ${line}\n`),
    // The others go on: to see how they do is what some will be here for.
    died: (name, how) => {
      left--;
      err.write(`${name} ended: ${how}; ${left} of ${cores + replicants} nodes are left\n`);
      if (left === 0) allGone();
    },
  }).catch((error: unknown) => {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  });
  const nobodyLeft = await Promise.race([stopped, gone]);
  await cluster.stop();
  return nobodyLeft === true ? EXIT.bug : EXIT.pass;
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
