import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { ReasonCode } from '../wire/mod.js';
import { ClusterNode, type ClusterOptions } from './cluster/mod.js';
import { type BrokerConfig, completeConfig, type TcpAddress } from './config.js';
import {
  CtlServer,
  clusterControl,
  controlOf,
  type ListenerInfo,
  loneCluster,
  type NodeControl,
} from './control/mod.js';
import { TcpListener } from './listener/mod.js';
import { createCounters, Router } from './routing/mod.js';
import { Node, Turn } from './session/mod.js';
import { type BrokerStats, Peaks } from './stats.js';
import { publishSystemTopics } from './system-topics.js';

/** How often the node looks at its deadlines. */
const TICK_MS = 100;
const DEFAULT_GRACE_MS = 5000;

export interface RunningBroker {
  readonly nodeName: string;
  readonly listeners: { type: string; name: string; host: string; port: number }[];
  stats(): BrokerStats;
  readonly control: NodeControl;
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
  /** Where the node takes the commands of `ctl`; without it, it takes none. */
  controlFolder?: string;
  /** The node's part in a cluster; without it the node is the only one. */
  cluster?: Omit<ClusterOptions, 'name' | 'version'>;
}

/**
 * Starts one node with its TCP listeners; resolves when it takes connections. Throws BrokerError if the
 * config is wrong (`BAD_CONFIG`), the address cannot be had (`ADDRESS_IN_USE`, `ADDRESS_REFUSED`), the cluster
 * does not take it (`NOT_WELCOME`), or, with a `controlFolder`, a node of this name runs on this machine
 * (`NODE_NAME_IN_USE`).
 */
export async function startBroker(
  given: Partial<BrokerConfig> = {},
  surroundings: BrokerSurroundings = {},
): Promise<RunningBroker> {
  const { complain = (line) => console.error(line), version = '0.1.0' } = surroundings;
  const config = completeConfig(given);
  const { nodeName } = config;
  const now = (): number => performance.now();
  const counters = createCounters();
  const router = new Router(counters, { ...config, random: Math.random });
  const turn = new Turn(setImmediate);
  const node = new Node(config, counters, router, turn, clientIds(), now());
  turn.beforeFlush = () => node.backpressure.release(now());
  const startedAtMs = now();
  let state: ReturnType<NodeControl['state']> = 'starting';
  let listeners: readonly TcpListener[] = [];
  const cluster =
    surroundings.cluster &&
    new ClusterNode({ ...surroundings.cluster, name: nodeName, version }, node, {
      now,
      wallMs: () => Date.now(),
      random: Math.random,
      listeners: () => listeners.map(({ host, port }) => `mqtt://${host}:${port}`),
      say: complain,
    });
  const peaks = new Peaks();
  const control = controlOf({
    node,
    nodeName,
    version,
    peaks,
    now,
    startedAtMs,
    epochMs: performance.timeOrigin,
    state: () => state,
    listeners: () => listeners.map((listener) => listenerInfo(listener, state)),
    cluster: cluster === undefined ? loneCluster(nodeName) : clusterControl(cluster),
    routes: cluster && (() => cluster.replica.routes()),
  });
  const tick = setInterval(() => {
    node.tick(now());
    peaks.sample(node);
  }, TICK_MS);
  let ctl: CtlServer | undefined;
  try {
    // While it waits for the cluster, it can be asked why.
    ctl = await openCtl(control, surroundings.controlFolder, complain);
    // A client that is let in before may find a cluster of one.
    await cluster?.start();
    listeners = await TcpListener.openAll(node, addressesOf(config), { now, complain });
    await cluster?.listening();
  } catch (error) {
    clearInterval(tick);
    await cluster?.close();
    await ctl?.close();
    throw error;
  }
  state = 'running';

  const identity = { nodeName, version, startedAtMs };
  const sayStats = (): void => {
    publishSystemTopics(router, identity, control.stats(), now(), new Date());
  };
  const system = config.sysIntervalMs > 0 ? setInterval(sayStats, config.sysIntervalMs) : undefined;
  if (system !== undefined) sayStats();

  let closing: Promise<void> | undefined;
  return {
    nodeName,
    listeners: listeners.map(({ type, name, host, port }) => ({ type, name, host, port })),
    stats: () => control.stats(),
    control,
    cluster,
    close(graceMs = DEFAULT_GRACE_MS) {
      closing ??= (async () => {
        state = 'stopping';
        node.sessions.close();
        clearInterval(system);
        const reason = ReasonCode.SERVER_SHUTTING_DOWN;
        await Promise.all(listeners.map((listener) => listener.close(reason, graceMs)));
        await cluster?.close();
        clearInterval(tick);
        await ctl?.close();
      })();
      return closing;
    },
  };
}

async function openCtl(
  control: NodeControl,
  folder: string | undefined,
  complain: (line: string) => void,
): Promise<CtlServer | undefined> {
  if (folder === undefined) return undefined;
  const userId = process.getuid?.() ?? 0;
  return CtlServer.open(control, { folder, userId, wallClock: () => new Date(), complain });
}

function listenerInfo(listener: TcpListener, state: string): ListenerInfo {
  const { type, name, host, port, connections, maxConnections } = listener;
  return {
    id: `${type}:${name}`,
    bind: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    acceptors: 1,
    proxyProtocol: false,
    running: state === 'running',
    connections,
    maxConnections,
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
