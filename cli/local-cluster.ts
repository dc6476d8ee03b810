import { randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CROWDED_ARGV, isCrowded } from '../bench/mod.js';
import { type BrokerProcess, startBrokerProcess } from './broker-process.js';
import { freePort } from './free-port.js';

const STARTING_PER_CORE = 4;

export interface LocalNode extends BrokerProcess {
  name: string;
  role: 'core' | 'replicant';
}

export interface LocalCluster {
  /** Cores first, each role by number. */
  nodes: readonly LocalNode[];
  /** Replicants first, so that nobody looks for a core that is gone. */
  stop(): Promise<void>;
}

export interface LocalClusterOptions {
  cores: number;
  replicants: number;
  /** Of each node's listener for clients; a free one if it is left out. */
  port?: number | undefined;
  /** Where the cores keep the cluster's database; left out: in the one core, in etcd where there are several. */
  engine?: 'embedded' | 'managed';
  /** Of every node's config, with dots. */
  settings?: Readonly<Record<string, string>>;
  /** A node takes connections. */
  started?: (node: LocalNode) => void;
  /** What a node says while it runs. */
  said?: (name: string, line: string) => void;
  died?: (name: string, how: string) => void;
}

/**
 * Starts a cluster on this machine, a process a node. Each node has an address of its own in 127.0.0.0/8, as
 * machines have, so that all listen on the same ports and a load has source ports enough for each.
 * @throws Error with the node's own words when one does not start; none is left then
 */
export async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const { cores, replicants, started, said, died } = options;
  const { engine = cores === 1 ? 'embedded' : 'managed' } = options;
  const network = `127.${randomInt(1, 255)}.${randomInt(0, 256)}`;
  const cookie = randomBytes(24).toString('base64url');
  const port = options.port ?? (await freePort('127.0.0.1'));
  const plan = [
    ...Array.from({ length: cores }, (_, n) => ({ role: 'core' as const, number: n + 1 })),
    ...Array.from({ length: replicants }, (_, n) => ({
      role: 'replicant' as const,
      number: n + 1,
    })),
  ].map(({ role, number }, index) => {
    const host = `${network}.${index + 1}`;
    return { role, host, name: `${role}${number}@${host}` };
  });
  const names = plan.map(({ name }) => name);
  const coreNames = plan.filter(({ role }) => role === 'core').map(({ name }) => name);
  const parallelism = availableParallelism();
  const atATime = STARTING_PER_CORE * parallelism;
  const execArgv = isCrowded(plan.length, parallelism) ? CROWDED_ARGV : [];
  const nodes: LocalNode[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'fleetgauge-cluster-'));
  let stopping = false;
  const stop = async (): Promise<void> => {
    stopping = true;
    for (const role of ['replicant', 'core'] as const) {
      await Promise.all(nodes.filter((node) => node.role === role).map((node) => node.stop()));
    }
    await rm(folder, { recursive: true, force: true });
  };
  const start = async ({ role, host, name }: (typeof plan)[number]): Promise<void> => {
    const settings = {
      'node.name': name,
      'node.role': role,
      'node.cookie': cookie,
      'cluster.name': 'local',
      'cluster.core_nodes': JSON.stringify(coreNames),
      ...(engine === 'embedded'
        ? {}
        : { 'cluster.store.engine': engine, 'node.data_dir': join(folder, name) }),
      ...options.settings,
    };
    const broker = await startBrokerProcess({
      host,
      port,
      settings,
      execArgv,
      // While all are told to stop, that each misses the others is no news.
      onLine: (line) => {
        if (!stopping) said?.(name, line);
      },
      onDeath: (how) => died?.(name, how),
    });
    const node = { ...broker, name, role };
    nodes.push(node);
    started?.(node);
  };
  try {
    for (const core of plan.filter(({ role }) => role === 'core')) await start(core);
    const waiting = plan.filter(({ role }) => role === 'replicant');
    // Some at a time: all at once each would take as long to start as they do together.
    while (waiting.length > 0) await Promise.all(waiting.splice(0, atATime).map(start));
  } catch (error) {
    await stop();
    throw error;
  }
  nodes.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
  return { nodes, stop };
}
