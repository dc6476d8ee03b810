import { topicFilterError } from '../../wire/mod.js';
import { Message } from '../routing/mod.js';
import {
  addSubscription,
  type Node,
  removeSubscription,
  type Session,
  sendRetained,
} from '../session/mod.js';
import { type Peaks, statsOf } from '../stats.js';
import type {
  ClientInfo,
  ClusterControl,
  ListenerInfo,
  NodeControl,
  SubscriptionInfo,
} from './node-control.js';

const NOTHING = new Uint8Array(0);

/** A node and what its control needs to know besides. */
export interface ControlledNode {
  node: Node;
  nodeName: string;
  version: string;
  peaks: Peaks;
  /** The node's clock, ms. */
  now: () => number;
  startedAtMs: number;
  /** Wall clock, ms since 1970, when the node's clock was 0. */
  epochMs: number;
  state: () => ReturnType<NodeControl['state']>;
  listeners: () => ListenerInfo[];
  cluster: ClusterControl;
  /** Of the whole cluster; the node's own if it is left out. */
  routes?: (() => Iterable<{ filter: string; node: string }>) | undefined;
}

/** What can be asked of a node about itself; about the cluster, `cluster` answers. */
export function controlOf(controlled: ControlledNode): NodeControl {
  const { node, nodeName, now, epochMs, peaks } = controlled;
  const { sessions, router } = node;
  function* ownRoutes(): Generator<{ filter: string; node: string }> {
    for (const filter of router.wantedFilters()) yield { filter, node: nodeName };
  }
  return {
    nodeName,
    version: controlled.version,
    cluster: controlled.cluster,
    state: controlled.state,
    listeners: controlled.listeners,
    uptimeMs: () => now() - controlled.startedAtMs,
    stats: () => statsOf(node, peaks),
    *clients() {
      for (const session of sessions.values()) yield clientInfo(session, epochMs);
    },
    client(clientId) {
      const session = sessions.get(clientId);
      return session === undefined ? undefined : clientInfo(session, epochMs);
    },
    kick(clientId) {
      const session = sessions.get(clientId);
      if (session !== undefined) sessions.kick(session, now());
      return session !== undefined;
    },
    routes: () => controlled.routes?.() ?? ownRoutes(),
    *subscriptions(clientId) {
      if (clientId === undefined) {
        for (const session of sessions.values()) yield* subscriptionsOf(session);
        return;
      }
      const session = sessions.get(clientId);
      if (session !== undefined) yield* subscriptionsOf(session);
    },
    subscribe(clientId, filter, qos) {
      const session = sessions.get(clientId);
      if (session === undefined) return undefined;
      if (topicFilterError(filter, session.version) !== undefined) return false;
      const wanted = {
        filter,
        qos,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: 0,
      } as const;
      const added = addSubscription(node, session, wanted, 0);
      if (added?.sendsRetained) sendRetained(node, session, added.subscription, now());
      return added !== undefined;
    },
    unsubscribe(clientId, filter) {
      const session = sessions.get(clientId);
      return session === undefined ? undefined : removeSubscription(node, session, filter);
    },
    retained: {
      count: () => router.retained.count,
      topics: () => router.retained.topics(),
      clean: async (filter) => {
        const topics =
          filter === undefined
            ? [...router.retained.topics()]
            : router.retained.match(filter, now()).map(({ topicName }) => topicName);
        const { retainer } = router;
        if (retainer === undefined) {
          return topics.filter((topic) => router.retained.remove(topic)).length;
        }
        // In a cluster an empty message takes what is retained out everywhere [MQTT-3.3.1-6].
        for (const topic of topics) retainer(Message.of(topic, NOTHING, 0, true, now()));
        return topics.length;
      },
    },
  };
}

function clientInfo(session: Session, epochMs: number): ClientInfo {
  const wall = (nowMs: number): number => Math.round(epochMs + nowMs);
  return {
    clientId: session.clientId,
    username: session.username,
    peer: session.peer,
    protocol: session.version,
    cleanStart: session.cleanStart,
    keepAliveSeconds: session.keepAliveSeconds,
    sessionExpirySeconds: session.expiryMs / 1000,
    subscriptions: session.subscriptions?.size ?? 0,
    inflight: session.inflight,
    awaitingRelease: session.awaitingRelease?.size ?? 0,
    delivered: session.delivered,
    queued: session.queued,
    dropped: session.dropped,
    connected: session.online,
    createdAtMs: wall(session.createdAtMs),
    connectedAtMs: wall(session.connectedAtMs),
    disconnectedAtMs: session.online ? undefined : wall(session.disconnectedAtMs),
  };
}

function* subscriptionsOf({ clientId, subscriptions }: Session): Generator<SubscriptionInfo> {
  for (const [filter, subscription] of subscriptions ?? []) {
    const { qos, noLocal, retainHandling, retainAsPublished } = subscription;
    yield { clientId, filter, qos, noLocal, retainHandling, retainAsPublished };
  }
}
