import { FleetError } from '../fleet/fleet-error.js';
import type { Cluster } from '../scenario/mod.js';

/** The nodes of the bundled cluster that a run starts for itself, on the machine of its devices. */
export interface BundledNodes {
  readonly cores: number;
  readonly replicants: number;
  /** Nodes that take devices: the replicants, or without any the cores. */
  readonly targets: number;
}

/** Files that a node opens beside its connections: libuv's, its listeners, its control socket. */
const OWN_FILES = 64;
/** Of each other node: a link each way, and one more while they change places. */
const FILES_PER_LINK = 3;
const MOST_REPLICANTS = 250;

/** Files that a node needs which takes so many of the connections. */
export function nodeFiles(connections: number, { cores, replicants, targets }: BundledNodes) {
  return Math.ceil(connections / targets) + OWN_FILES + FILES_PER_LINK * (cores + replicants);
}

/**
 * How many nodes carry so many connections, where each is one process.
 * @param openFiles that a process may have
 * @throws FleetError LIMIT with the arithmetic where no number of them does
 */
export function bundledNodes(
  { cores, replicants }: Cluster,
  connections: number,
  openFiles: number,
): BundledNodes {
  const least = replicants === 'auto' ? 0 : replicants;
  const most = replicants === 'auto' ? MOST_REPLICANTS : replicants;
  let nodes = { cores, replicants: least, targets: least || cores };
  for (let count = least; count <= most; count++) {
    nodes = { cores, replicants: count, targets: count || cores };
    if (nodeFiles(connections, nodes) <= openFiles) return nodes;
  }
  const needed = nodeFiles(connections, nodes);
  throw new FleetError(
    'LIMIT',
    `a process may have ${openFiles} open files here (ulimit -n), and ${connections} connections need ${needed} in each of ` +
      `${nodes.targets} nodes: raise it with 'ulimit -n ${needed}' or more, or have more nodes (cluster.replicants: auto)`,
  );
}
