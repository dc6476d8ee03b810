import type { Qos } from '../../wire/mod.js';
import type { Message } from './message.js';
import type { SharedGroup } from './shared-group.js';

/**
 * Whoever can be given messages: a session of this node, a shared group that passes them on to one member,
 * and, in a cluster, the link to another node.
 */
export interface Subscriber {
  /** Of a session; a link has the name of its node, a group its own. Cluster-wide. */
  readonly clientId: string;
  /**
   * `node`: a session here. `cluster`: it may lead to another node, so that what came from one must not be
   * given to it again.
   */
  readonly reach: 'node' | 'cluster';
  /** Messages to it reach a connected client now. */
  readonly online: boolean;
  /** It has fallen behind and publishers should wait for it, see `awaitRelief`. */
  readonly congested: boolean;
  /** A message of this QoS that is given to it now would be dropped, or push another one out. */
  isFull(qos: Qos): boolean;
  /**
   * Takes one message: sends, queues or drops it (and counts the drop). Never throws, never calls back into
   * the router. `message` may be borrowed: what is needed later is taken with `message.keep()`.
   */
  deliver(message: Message, subscription: Subscription, group: SharedGroup | undefined): void;
  /** `publisher.resume()` is called once, when this subscriber has room again or is no longer waited for. */
  awaitRelief(publisher: Publisher): void;
}

/** Whoever publishes and can be held back. */
export interface Publisher {
  /** May go on; called outside of any other call into the broker. */
  resume(nowMs: number): void;
}

export interface SubscriptionOptions {
  qos: Qos;
  noLocal: boolean;
  retainAsPublished: boolean;
  /** MQTT 5 Subscription Identifier, 0 = none. */
  identifier: number;
  /** Only to be shown; it has had its effect when the client subscribed. 0 if left out. */
  retainHandling?: 0 | 1 | 2;
}

/** One subscriber's interest in one filter; also, merged from several of them, what a route delivers by. */
export class Subscription {
  readonly subscriber: Subscriber;
  /** Without `$share/group/`. */
  readonly filter: string;
  readonly qos: Qos;
  readonly retainAsPublished: boolean;
  /** The subscriber's own messages need a look: not delivered, or delivered by `local`. */
  readonly noLocal: boolean;
  readonly retainHandling: 0 | 1 | 2;
  /** Identifiers to send along, undefined if none [MQTT-3.3.4-3]. */
  readonly identifiers: readonly number[] | undefined;
  /** With overlapping subscriptions of which some are No Local: the rest of them, for own messages. */
  readonly local: Subscription | undefined;

  constructor(
    subscriber: Subscriber,
    filter: string,
    options: SubscriptionOptions,
    identifiers?: readonly number[],
    local?: Subscription,
  ) {
    this.subscriber = subscriber;
    this.filter = filter;
    this.qos = options.qos;
    this.retainAsPublished = options.retainAsPublished;
    this.noLocal = options.noLocal;
    this.retainHandling = options.retainHandling ?? 0;
    this.identifiers = identifiers ?? (options.identifier > 0 ? [options.identifier] : undefined);
    this.local = local;
  }
}

/**
 * One delivery for a subscriber whose several filters match the same topic: the highest QoS of them and all
 * their identifiers, as [MQTT-3.3.4-2] and [MQTT-3.3.4-4] allow.
 */
export function merge(subscriptions: readonly Subscription[]): Subscription {
  const [first] = subscriptions;
  if (first === undefined) throw new RangeError('merge needs at least one subscription');
  if (subscriptions.length === 1) return first;
  const forOwn = subscriptions.filter((subscription) => !subscription.noLocal);
  const local =
    forOwn.length > 0 && forOwn.length < subscriptions.length ? merge(forOwn) : undefined;
  const identifiers = subscriptions.flatMap((subscription) => subscription.identifiers ?? []);
  return new Subscription(
    first.subscriber,
    first.filter,
    {
      qos: Math.max(...subscriptions.map(({ qos }) => qos)) as Qos,
      retainAsPublished: subscriptions.some((subscription) => subscription.retainAsPublished),
      noLocal: forOwn.length < subscriptions.length,
      identifier: 0,
    },
    identifiers.length > 0 ? identifiers : undefined,
    local,
  );
}
