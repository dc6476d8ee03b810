import { isIP } from 'node:net';
import { formatBytes } from '../../results/mod.js';
import { FleetError } from '../fleet/fleet-error.js';
import { FILES_PER_THREAD, type FleetPart, OWN_FILES } from '../fleet/layout.js';
import type { Scenario, Target } from '../scenario/mod.js';
import type { AgentCapacity } from './messages.js';

/** What a run needs of the machines that carry it. */
export interface Demand {
  devices: number;
  /** Pairs of a source and a target address, each with local ports of its own. */
  ways: number;
  /** Of each device, on its generator: ours and the kernel's. */
  deviceBytes: number;
}

/**
 * How many pairs of addresses devices are dealt over: source addresses of the family of each target. A name counts as
 * one address of the family that it has the most source addresses for; it may turn out to have more.
 */
export function waysOf(
  { sourceAddresses }: Pick<Scenario, 'sourceAddresses'>,
  targets: readonly Pick<Target, 'host'>[],
): number {
  const sources = (family: number) =>
    sourceAddresses.filter((address) => isIP(address) === family).length;
  return targets.reduce((sum, { host }) => {
    const family = isIP(host);
    const own = family === 0 ? Math.max(sources(4), sources(6)) : sources(family);
    return sum + Math.max(1, own);
  }, 0);
}

/** A process without devices, and each thread in it. */
const PROCESS_BYTES = 64 * 2 ** 20;
const THREAD_BYTES = 32 * 2 ** 20;
/** A shard with fewer devices gains nothing from one more thread. */
const DEVICES_WORTH_A_SHARD = 50;
/** Open-file limits may ask for more processes, each with a shard; beyond so many a higher limit is the answer. */
const MOST_SHARDS_A_THREAD = 32;

/** One agent's part of a fleet, and how many devices that is. */
export interface Share extends FleetPart {
  devices: number;
}

/**
 * Deals the shards of a fleet over agents, in the order given, in proportion to their threads. All shards are equal but
 * for one device; an agent with a low open-file limit gets the same devices in more processes, and then every agent
 * has as many more shards.
 * @throws FleetError LIMIT: which agent lacks what, with the arithmetic
 */
export function deal(
  demand: Demand,
  agents: ReadonlyMap<string, AgentCapacity>,
): Map<string, Share> {
  const capacities = [...agents.values()];
  const threads = capacities.map((capacity) => Math.max(1, capacity.threads));
  const sum = threads.reduce((a, b) => a + b, 0);
  const wanted = Math.min(sum, Math.ceil(demand.devices / DEVICES_WORTH_A_SHARD));
  const shardsOf = threads.map((own) => Math.max(1, Math.floor((own * wanted) / sum)));
  let parts = place(demand, capacities, shardsOf);
  for (let times = 2; times <= MOST_SHARDS_A_THREAD && parts.some(lacksFiles); times++) {
    const more = place(
      demand,
      capacities,
      shardsOf.map((shards) => shards * times),
    );
    // In vain where an agent's files do not even carry one process.
    if (more.every((part) => !lacksFiles(part)) || times === MOST_SHARDS_A_THREAD) parts = more;
  }
  const names = [...agents.keys()];
  const lacking = parts.flatMap((part, at) => lacks(demand, names[at]!, capacities[at]!, part));
  if (lacking.length > 0) {
    throw new FleetError(
      'LIMIT',
      `the plan does not fit these agents: ${lacking.join('; ')}; ` +
        'raise these limits, add agents (--agents), targets or source addresses (--ifaddr), or take fewer devices (--scale)',
    );
  }
  return new Map(parts.map((part, at) => [names[at]!, part]));
}

function place(
  { devices }: Demand,
  capacities: readonly AgentCapacity[],
  shardsOf: readonly number[],
): Share[] {
  const ofShards = shardsOf.reduce((a, b) => a + b, 0);
  const perShard = Math.ceil(devices / ofShards);
  let firstShard = 0;
  return shardsOf.map((shards, at) => {
    const room = (capacities[at]!.openFiles - OWN_FILES) / (perShard + FILES_PER_THREAD);
    // Each process has a table of files of its own; 0: not even one shard fits.
    const threadsPerProcess = Math.min(shards, Math.max(0, Math.floor(room)));
    const before = dealtTo(firstShard, devices, ofShards);
    const own = dealtTo(firstShard + shards, devices, ofShards) - before;
    const share = { firstShard, shards, ofShards, threadsPerProcess, devices: own };
    firstShard += shards;
    return share;
  });
}

/** Devices of the shards below `shard`: every `ofShards`-th device from its own number on is a shard's. */
function dealtTo(shard: number, devices: number, ofShards: number): number {
  return Math.floor(devices / ofShards) * shard + Math.min(shard, devices % ofShards);
}

function lacksFiles(part: Share): boolean {
  return part.threadsPerProcess === 0;
}

function lacks(demand: Demand, name: string, capacity: AgentCapacity, part: Share): string[] {
  const found: string[] = [];
  const { devices, shards, ofShards, threadsPerProcess } = part;
  const whole = (value: number): string => Math.ceil(value).toLocaleString('en');
  if (lacksFiles(part)) {
    const perShard = Math.ceil(demand.devices / ofShards);
    found.push(
      `${name} would have ${whole(perShard)} connections in each of ${shards} processes and ` +
        `${whole(perShard + FILES_PER_THREAD + OWN_FILES)} open files, and may have ${whole(capacity.openFiles)} (ulimit -n)`,
    );
  }
  const perWay = Math.ceil(devices / demand.ways);
  const ports = capacity.ephemeralPorts.count;
  if (perWay > ports) {
    found.push(
      `${name} would have ${whole(devices)} devices over ${demand.ways} ` +
        `pair${demand.ways === 1 ? '' : 's'} of source and target address, ${whole(perWay)} on one, and has ` +
        `${whole(ports)} local ports for one (net.ipv4.ip_local_port_range)`,
    );
  }
  const processes = Math.ceil(shards / Math.max(1, threadsPerProcess));
  const bytes = devices * demand.deviceBytes + processes * PROCESS_BYTES + shards * THREAD_BYTES;
  if (bytes > capacity.memoryBytes) {
    const mib = (value: number): string => `${whole(value / 2 ** 20)} MiB`;
    found.push(
      `${name} would need ${mib(bytes)} of memory (${whole(devices)} devices at ${formatBytes(demand.deviceBytes)}, ` +
        `${processes} process${processes === 1 ? '' : 'es'} at ${mib(PROCESS_BYTES)}, ${shards} threads at ` +
        `${mib(THREAD_BYTES)}), and has ${mib(capacity.memoryBytes)} free`,
    );
  }
  return found;
}
