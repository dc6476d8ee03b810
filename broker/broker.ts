import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { ReasonCode } from '../wire/mod.js';
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
}

/**
 * Starts one node with its TCP listeners; resolves when it takes connections. Throws BrokerError if the
 * config is wrong (`BAD_CONFIG`) or the address cannot be had (`ADDRESS_IN_USE`, `ADDRESS_REFUSED`).
 */
export async function startBroker(
  given: Partial<BrokerConfig> = {},
  { complain = (line) => console.error(line), version = '0.1.0' }: BrokerSurroundings = {},
): Promise<RunningBroker> {
  const config = completeConfig(given);
  const now = (): number => performance.now();
  const counters = createCounters();
  const router = new Router(counters, { ...config, random: Math.random });
  const turn = new Turn(setImmediate);
  const node = new Node(config, counters, router, turn, clientIds(), now());
  turn.beforeFlush = () => node.backpressure.release(now());
  const listeners = await TcpListener.openAll(node, addressesOf(config), { now, complain });

  const startedAtMs = now();
  const identity = { nodeName: config.nodeName, version, startedAtMs };
  const sayStats = (): void => {
    publishSystemTopics(router, identity, statsOf(node), now(), new Date());
  };
  const tick = setInterval(() => node.tick(now()), TICK_MS);
  const system = config.sysIntervalMs > 0 ? setInterval(sayStats, config.sysIntervalMs) : undefined;
  if (system !== undefined) sayStats();

  let closing: Promise<void> | undefined;
  return {
    nodeName: config.nodeName,
    listeners: listeners.map(({ type, name, host, port }) => ({ type, name, host, port })),
    stats: () => statsOf(node),
    close(graceMs = DEFAULT_GRACE_MS) {
      closing ??= (async () => {
        node.sessions.close();
        clearInterval(system);
        const reason = ReasonCode.SERVER_SHUTTING_DOWN;
        await Promise.all(listeners.map((listener) => listener.close(reason, graceMs)));
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
