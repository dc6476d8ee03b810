import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { ReasonCode } from '../wire/mod.js';
import { ClusterNode, type ClusterOptions } from './cluster/mod.js';
import { type BrokerConfig, completeConfig, type TcpAddress } from './config.js';
import { TcpListener } from './listener/mod.js';
import { createCounters, Router } from './routing/mod.js';
import { Node, Turn } from './session/mod.js';
import { type BrokerStats, statsOf } from './stats.js';
import { publishSystemTopics } from './system-topics.js';

/** How often the node looks at its deadlines. */
const TICK_MS = 100;
const DEFAULT_GRACE_MS = 5000;

export interface RunningBroker {
  readonly nodeName: string;
  readonly listeners: { type: string; name: string; host: string; port: number }[];
  stats(): BrokerStats;
  readonly cluster: ClusterNode | undefined;
  /**
   * Stops: no new connections, MQTT 5 clients are told 0x8B, what is written is sent; connections that are
   * still there after `graceMs` are cut.
   */
  close(graceMs?: number): Promise<void>;
}

/** What a node takes from its surroundings; each has a default. */
export interface BrokerSurroundings {
  /** One line for whoever runs the node. */
  complain?: (line: string) => void;
  version?: string;
  /** The node's part in a cluster; without it the node is the only one. */
  cluster?: Omit<ClusterOptions, 'name' | 'version'>;
}

/**
 * Starts one node with its TCP listeners; resolves when it takes connections. Throws BrokerError if the
 * config is wrong (`BAD_CONFIG`) or the address cannot be had (`ADDRESS_IN_USE`, `ADDRESS_REFUSED`).
 */
export async function startBroker(
  given: Partial<BrokerConfig> = {},
  {
    complain = (line) => console.error(line),
    version = '0.1.0',
    cluster: clusterOptions,
  }: BrokerSurroundings = {},
): Promise<RunningBroker> {
  const config = completeConfig(given);
  const now = (): number => performance.now();
  const counters = createCounters();
  const router = new Router(counters, { ...config, random: Math.random });
  const turn = new Turn(setImmediate);
  const node = new Node(config, counters, router, turn, clientIds(), now());
  turn.beforeFlush = () => node.backpressure.release(now());
  const addresses: string[] = [];
  const cluster =
    clusterOptions === undefined
      ? undefined
      : new ClusterNode({ ...clusterOptions, name: config.nodeName, version }, node, {
          now,
          wallMs: () => Date.now(),
          random: Math.random,
          listeners: () => addresses,
          say: complain,
        });
  const tick = setInterval(() => node.tick(now()), TICK_MS);
  let listeners: readonly TcpListener[];
  try {
    // A client that is let in before may find a cluster of one.
    await cluster?.start();
    listeners = await TcpListener.openAll(node, addressesOf(config), { now, complain });
    addresses.push(...listeners.map(({ host, port }) => `mqtt://${host}:${port}`));
    await cluster?.listening();
  } catch (error) {
    clearInterval(tick);
    await cluster?.close();
    throw error;
  }

  const startedAtMs = now();
  const identity = { nodeName: config.nodeName, version, startedAtMs };
  const sayStats = (): void => {
    publishSystemTopics(router, identity, statsOf(node), now(), new Date());
  };
  const system = config.sysIntervalMs > 0 ? setInterval(sayStats, config.sysIntervalMs) : undefined;
  if (system !== undefined) sayStats();

  let closing: Promise<void> | undefined;
  return {
    nodeName: config.nodeName,
    listeners: listeners.map(({ type, name, host, port }) => ({ type, name, host, port })),
    stats: () => statsOf(node),
    cluster,
    close(graceMs = DEFAULT_GRACE_MS) {
      closing ??= (async () => {
        node.sessions.close();
        clearInterval(system);
        const reason = ReasonCode.SERVER_SHUTTING_DOWN;
        await Promise.all(listeners.map((listener) => listener.close(reason, graceMs)));
        await cluster?.close();
        clearInterval(tick);
      })();
      return closing;
    },
  };
}

function addressesOf({ listeners, host, port }: BrokerConfig): readonly TcpAddress[] {
  const only = { name: 'default', host, port, maxConnections: Number.POSITIVE_INFINITY };
  return listeners ?? [only];
}

/** Identifiers for clients that bring none: unlike those of another start of this or another node. */
function clientIds(): () => string {
  const start = randomBytes(6).toString('hex');
  let count = 0;
  return () => {
    count++;
    return `auto-${start}-${count}`;
  };
}
