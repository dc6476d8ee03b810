import { type CounterName, namedCounters } from './routing/mod.js';
import type { Node } from './session/mod.js';

/** What the node holds now, under EMQX's names. */
export interface BrokerGauges {
  'connections.count': number;
  'live_connections.count': number;
  'sessions.count': number;
  'subscriptions.count': number;
  'subscriptions.shared.count': number;
  'topics.count': number;
  'retained.count': number;
  'retained.bytes': number;
  /** Subscribers that publishers wait for now. */
  'subscribers.congested': number;
  /** Bytes on their way to clients and not taken by the kernel. */
  'output.pending_bytes': number;
}

export interface BrokerStats {
  gauges: BrokerGauges;
  counters: Record<CounterName, number>;
  /** Messages and deliveries that came to nothing, by reason; only those that happened. */
  drops: Record<string, number>;
}

export function statsOf(node: Node): BrokerStats {
  const { router, sessions, turn } = node;
  const counters = namedCounters(node.counters);
  const gauges: BrokerGauges = {
    'connections.count': sessions.connected,
    'live_connections.count': sessions.connected,
    'sessions.count': sessions.count,
    'subscriptions.count': router.subscriptions,
    'subscriptions.shared.count': router.sharedSubscriptions,
    'topics.count': router.filters,
    'retained.count': router.retained.count,
    'retained.bytes': router.retained.heldBytes,
    'subscribers.congested': router.pressure.congested,
    'output.pending_bytes': turn.pool.outstandingBytes,
  };
  const drops: Record<string, number> = {};
  for (const [name, count] of Object.entries(counters)) {
    if (/\.dropped\./.test(name) && count > 0) drops[name] = count;
  }
  return { gauges, counters, drops };
}
