import { FleetError } from './fleet-error.js';
import type { PortRange } from './messages.js';

/** What the machine allows, read from it and never assumed. */
export interface MachineLimits {
  /** Open files a process may have (`ulimit -n`, the hard one: Node raises the soft one to it). */
  openFiles: number;
  cores: number;
  /** Local ports for outgoing connections to one address (`net.ipv4.ip_local_port_range`). */
  ephemeralPorts: PortRange;
}

/** A process may have too few open files for the plan. */
export class TooFewFiles extends FleetError {
  /** What the open-file limit must be at least. */
  readonly needed: number;

  constructor(needed: number, message: string) {
    super('LIMIT', message);
    this.needed = needed;
  }
}

/** How the fleet's shards lie over processes and threads. */
export interface FleetLayout {
  processes: number;
  threadsPerProcess: number;
  shards: number;
}

/** The shards of a fleet that one machine runs. */
export interface FleetPart {
  firstShard: number;
  shards: number;
  /** Of the whole fleet. */
  ofShards: number;
  threadsPerProcess: number;
}

/**
 * Files a process of the fleet needs for itself: libuv, IPC and the pipes of its threads (32 seen with one
 * thread, 12 more for each further one), and room for what the run opens beside.
 */
export const OWN_FILES = 64;
export const FILES_PER_THREAD = 16;
/** The process that starts the fleet has a channel and a pipe to each process of it. */
const FILES_PER_PROCESS = 2;
/** Beyond this many processes a plan does not fit a machine of today; a higher limit does. */
const LARGEST_PROCESSES = 128;
/** A shard with fewer devices than this gains nothing from one more thread. */
const DEVICES_WORTH_A_THREAD = 50;

/**
 * Spreads `devices` connections over threads and, where the open-file limit asks for it, over processes: a
 * worker thread shares its process's file table, so only another process brings more connections.
 *
 * @param pairs how many pairs of a source and a target address the devices are dealt over
 * @param askedThreads in all, instead of one per core but one (that one is for the target)
 * @throws FleetError LIMIT with what the plan needs, what is there and how to change it; TooFewFiles for files
 */
export function layOut(
  devices: number,
  pairs: number,
  limits: MachineLimits,
  askedThreads?: number,
): FleetLayout {
  const perPair = Math.ceil(devices / pairs);
  if (perPair > limits.ephemeralPorts.count) {
    throw new FleetError(
      'LIMIT',
      `${devices} devices make ${perPair} connections from one address to another, and this machine has ` +
        `${limits.ephemeralPorts.count} local ports for such a pair: name more addresses of the target ` +
        `(--target mqtt://127.0.0.1:1883,mqtt://127.0.0.2:1883) or of this machine ` +
        `(--ifaddr 127.0.0.1,127.0.0.2), or widen net.ipv4.ip_local_port_range`,
    );
  }
  const wanted = askedThreads ?? Math.max(1, limits.cores - 1);
  const threads = Math.max(1, Math.min(wanted, Math.ceil(devices / DEVICES_WORTH_A_THREAD)));
  let least = { files: Number.POSITIVE_INFINITY, processes: 0 };
  for (let processes = 1; processes <= LARGEST_PROCESSES; processes++) {
    const threadsPerProcess = Math.ceil(threads / processes);
    const shards = processes * threadsPerProcess;
    const files = filesPerProcess(devices, { processes, threadsPerProcess, shards });
    if (files <= limits.openFiles) return { processes, threadsPerProcess, shards };
    if (files < least.files) least = { files, processes };
  }
  throw new TooFewFiles(
    least.files,
    `a process may have ${limits.openFiles} open files here (ulimit -n), and ${devices} connections need ` +
      `${least.files} in each of ${least.processes} processes: raise it with 'ulimit -n ${least.files}' ` +
      `or more before the run (LimitNOFILE= in a systemd unit)`,
  );
}

/** Files that the process with most of them has open; the one that starts the fleet among them. */
export function filesPerProcess(devices: number, layout: FleetLayout): number {
  const { processes, threadsPerProcess, shards } = layout;
  const connections = Math.ceil(devices / shards) * threadsPerProcess;
  return Math.max(
    connections + OWN_FILES + FILES_PER_THREAD * threadsPerProcess,
    FILES_PER_PROCESS * processes + OWN_FILES,
  );
}
