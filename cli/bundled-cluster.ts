import type { BundledNodes, ProbeSpec, Target } from '../bench/mod.js';
import { askNode, BrokerError, CtlError } from '../broker/mod.js';
import { controlFolderHere } from './control-folder.js';
import { type LocalCluster, startLocalCluster } from './local-cluster.js';

/** A cluster on this machine, and what a run against it needs to know. */
export interface BundledCluster {
  /** A line for each node. */
  lines: readonly string[];
  targets: readonly Target[];
  probes: readonly ProbeSpec[];
  /** Copies of messages that each node has sent to others since it was last asked. */
  forwarded(): Promise<Map<string, number>>;
  stop(): Promise<void>;
}

/**
 * Starts it on this machine. Clients keep to the replicants if there are any, as EMQX advises for clusters of ten nodes
 * and more: of such a size is what is sized from it, and what a core costs can be told from what clients cost.
 */
export async function startBundledCluster(
  { cores, replicants }: Pick<BundledNodes, 'cores' | 'replicants'>,
  say: (text: string) => void,
): Promise<BundledCluster> {
  const cluster = await startLocalCluster({
    cores,
    replicants,
    said: (name, line) => say(`${name}: ${line}`),
    died: (name, how) => say(`${name} ended: ${how}`),
  });
  const { nodes } = cluster;
  const before = new Map<string, number>();
  return {
    lines: nodes.map(({ name, role, host, port }) => `${name}  ${role}  mqtt://${host}:${port}`),
    targets: nodes
      .filter(({ role }) => replicants === 0 || role === 'replicant')
      .map(({ host, port }) => ({ transport: 'mqtt', host, port, path: '' })),
    probes: nodes.map(({ name, pid, role }) => ({ node: shortName(name), pid, role })),
    forwarded: async () => {
      const copies = new Map<string, number>();
      for (const [name, total] of await forwardedBy(nodes)) {
        copies.set(name, total - (before.get(name) ?? 0));
        before.set(name, total);
      }
      return copies;
    },
    stop: cluster.stop,
  };
}

/** As they count themselves; without those that do not answer. */
async function forwardedBy(nodes: LocalCluster['nodes']): Promise<Map<string, number>> {
  const copies = new Map<string, number>();
  for (const { name } of nodes) {
    const lines: string[] = [];
    const screens = { out: (line: string) => lines.push(line), err: () => undefined };
    try {
      await askNode(
        { folder: controlFolderHere(), node: name, argv: ['broker', 'metrics'] },
        screens,
      );
    } catch (error) {
      // It has ended, or its name makes too long a path: then the record lacks the figure.
      if (!(error instanceof CtlError || error instanceof BrokerError)) throw error;
    }
    const count = lines.map((line) => /^messages\.forward *: (\d+)$/.exec(line)?.[1]).find(Boolean);
    if (count !== undefined) copies.set(shortName(name), Number(count));
  }
  return copies;
}

/** `core1` of `core1@127.9.4.1`. */
function shortName(name: string): string {
  return name.split('@')[0]!;
}
