import {
  parseSharedFilter,
  ReasonCode,
  type SubscribePacket,
  type UnsubscribePacket,
  type Subscription as Wanted,
} from '../../wire/mod.js';
import { Subscription } from '../routing/mod.js';
import type { Channel } from './channel.js';
import type { Node } from './node.js';
import type { Session } from './session.js';

/** SUBSCRIBE (§3.8): one code for each filter, then the retained messages the options ask for. */
export function subscribe(
  channel: Channel,
  session: Session,
  packet: SubscribePacket,
  nowMs: number,
): boolean {
  const { node } = channel;
  const identifier = packet.properties?.subscriptionIdentifiers?.[0] ?? 0;
  const reasonCodes: number[] = [];
  const withRetained: Subscription[] = [];
  for (const wanted of packet.subscriptions) {
    const added = addSubscription(node, session, wanted, identifier);
    if (added === undefined) {
      // Before MQTT 5 the only failure is 0x80 [MQTT-3.9.3-2].
      reasonCodes.push(channel.version === 5 ? ReasonCode.TOPIC_FILTER_INVALID : 0x80);
      continue;
    }
    reasonCodes.push(wanted.qos);
    if (added.sendsRetained) withRetained.push(added.subscription);
  }
  const answer = (atMs: number): void => {
    if (channel.isClosed) return;
    channel.send({ type: 'suback', packetId: packet.packetId, reasonCodes });
    for (const subscription of withRetained) sendRetained(node, session, subscription, atMs);
  };
  const { whenAnnounced } = node;
  // In a cluster a client hears that it is subscribed when the cluster knows.
  if (whenAnnounced === undefined) answer(nowMs);
  else whenAnnounced(answer);
  return true;
}

/** UNSUBSCRIBE (§3.10). What is queued or in flight for the filter is still delivered. */
export function unsubscribe(
  channel: Channel,
  session: Session,
  packet: UnsubscribePacket,
): boolean {
  const reasonCodes = packet.filters.map((filter) =>
    removeSubscription(channel.node, session, filter)
      ? ReasonCode.SUCCESS
      : ReasonCode.NO_SUBSCRIPTION_EXISTED,
  );
  channel.send({ type: 'unsuback', packetId: packet.packetId, reasonCodes });
  return true;
}

/** Adds or replaces what the (valid) filter says; undefined if it has too many levels. */
export function addSubscription(
  node: Node,
  session: Session,
  wanted: Wanted,
  identifier: number,
): { subscription: Subscription; sendsRetained: boolean } | undefined {
  const shared = parseSharedFilter(wanted.filter);
  const filter = shared?.filter ?? wanted.filter;
  const subscription = new Subscription(session, filter, { ...wanted, identifier });
  const isNew = node.router.subscribe(subscription, shared?.group);
  if (isNew === undefined) return undefined;
  session.subscriptions ??= new Map();
  session.subscriptions.set(wanted.filter, subscription);
  return { subscription, sendsRetained: shared === undefined && sendsRetained(wanted, isNew) };
}

/** True if the session had it. */
export function removeSubscription(node: Node, session: Session, filter: string): boolean {
  const shared = parseSharedFilter(filter);
  session.subscriptions?.delete(filter);
  return node.router.unsubscribe(session, shared?.filter ?? filter, shared?.group);
}

export function sendRetained(
  node: Node,
  session: Session,
  subscription: Subscription,
  nowMs: number,
): void {
  const { filter } = subscription;
  node.retained.match(filter, nowMs, (messages, foundMs) => {
    // Asked of another node, the client may have left or thought better of it.
    if (session.subscriptions?.get(filter) === subscription) {
      session.deliverRetained(messages, subscription, foundMs);
    }
  });
}

/** Retain Handling [MQTT-3.3.1-9] to [MQTT-3.3.1-11]; shared subscriptions never get any. */
function sendsRetained({ retainHandling }: Wanted, isNew: boolean): boolean {
  return retainHandling === 0 || (retainHandling === 1 && isNew);
}
