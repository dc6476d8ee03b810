import { type Counters, DROPPED_MESSAGES, NO_SUBSCRIBERS } from './counters.js';
import { copy, type Message } from './message.js';
import { RetainedStore } from './retained.js';
import { Route, RouteTable, topicHash } from './route-table.js';
import { SharedGroup } from './shared-group.js';
import type { SharedStrategy } from './shared-strategy.js';
import { appendTo, countOf } from './subscribers.js';
import { merge, type Publisher, type Subscriber, type Subscription } from './subscription.js';
import { TopicTree } from './topic-tree.js';

/** `publish` did nothing: the publisher must wait, and gets `resume()` when it may try the same again. */
export const HELD = -1;
/** `publish` did nothing: the topic has more levels than this node allows. */
export const TOO_DEEP = -2;

export interface RouterOptions {
  sharedStrategy: SharedStrategy;
  /** [0, 1), for the `random` strategy. */
  random: () => number;
  /** Levels of a topic or filter, so that walking them stays shallow. */
  maxTopicLevels: number;
  /** Topics whose route is remembered; a power of two. */
  maxRoutes: number;
}

/** How many subscribers want publishers to wait; kept by whoever slows them (session/backpressure). */
export interface Pressure {
  congested: number;
}

/** A publisher as the router sees it: it remembers the route used last, devices rarely change topic. */
export interface RoutedPublisher extends Publisher {
  lastRoute: Route | undefined;
}

/** Told what other nodes must know of this one's subscribers. */
export interface LocalRoutes {
  /** The first subscriber of this filter on this node. */
  added(filter: string): void;
  /** The last one is gone. */
  removed(filter: string): void;
  joined(group: string, filter: string, subscriber: Subscriber): void;
  left(group: string, filter: string, subscriber: Subscriber): void;
}

/** Topic names to subscribers, those of this node and the links to others, with shared groups and retained messages. */
export class Router {
  readonly retained = new RetainedStore();
  readonly pressure: Pressure = { congested: 0 };
  /** Takes clients' retained messages in a cluster, instead of `retained`. `message` may be borrowed. */
  retainer: ((message: Message) => void) | undefined = undefined;
  readonly #tree = new TopicTree();
  readonly #routes: RouteTable;
  readonly #groups = new Map<string, SharedGroup>();
  readonly #counters: Counters;
  readonly #options: RouterOptions;
  /** Sessions of this node by plain filter; kept while `localRoutes` is told of them. */
  readonly #localCounts = new Map<string, number>();
  #localRoutes: LocalRoutes | undefined = undefined;
  #subscriptions = 0;
  #sharedSubscriptions = 0;

  constructor(counters: Counters, options: RouterOptions) {
    this.#counters = counters;
    this.#options = options;
    this.#routes = new RouteTable(options.maxRoutes);
  }

  /** Distinct filters with a subscriber, a shared group counting as one. */
  get filters(): number {
    return this.#tree.filters;
  }

  get subscriptions(): number {
    return this.#subscriptions;
  }

  get sharedSubscriptions(): number {
    return this.#sharedSubscriptions;
  }

  /**
   * Adds or replaces a subscription; `group` is the name in `$share/<group>/<filter>`. The filter must be
   * valid; true if this subscriber did not have it before, undefined if it has too many levels.
   */
  subscribe(subscription: Subscription, group?: string): boolean | undefined {
    const { filter } = subscription;
    if (levelsOf(filter) > this.#options.maxTopicLevels) return undefined;
    if (group !== undefined) return this.#join(group, subscription);
    const { replaced } = this.#tree.add(subscription);
    this.#changed(filter);
    if (replaced) return false;
    this.#subscriptions++;
    this.#countLocal(filter, 1);
    return true;
  }

  /** True if there was such a subscription. */
  unsubscribe(subscriber: Subscriber, filter: string, group?: string): boolean {
    if (group !== undefined) return this.#leave(group, filter, subscriber);
    const { removed } = this.#tree.remove(filter, subscriber);
    if (!removed) return false;
    this.#changed(filter);
    this.#subscriptions--;
    this.#countLocal(filter, -1);
    return true;
  }

  /** From now on whoever must tell other nodes hears of every change; nothing may be subscribed yet. */
  set localRoutes(listener: LocalRoutes) {
    this.#localRoutes = listener;
  }

  /** Plain filters with a subscriber on this node. */
  localFilters(): IterableIterator<string> {
    return this.#localCounts.keys();
  }

  get groups(): IterableIterator<SharedGroup> {
    return this.#groups.values();
  }

  /** Another node has subscribers of this filter. One subscription stands for all filters of a node. */
  addRemote(subscription: Subscription, filter: string): void {
    this.#tree.add(subscription, filter);
    this.#changed(filter);
  }

  removeRemote(subscriber: Subscriber, filter: string): void {
    if (this.#tree.remove(filter, subscriber).removed) this.#changed(filter);
  }

  /** A session of another node is a member of this group. */
  addRemoteMember(group: string, subscription: Subscription): void {
    this.#member(group, subscription, subscription.subscriber.clientId);
  }

  removeRemoteMember(group: string, filter: string, subscriber: Subscriber): void {
    this.#leaveGroup(group, filter, subscriber);
  }

  /** The group of this name and filter, if it has a member anywhere. */
  group(name: string, filter: string): SharedGroup | undefined {
    return this.#groups.get(groupKey(name, filter));
  }

  /**
   * Gives a message that came from another node to the sessions of this one; returns how many there were, or
   * HELD or TOO_DEEP as `publish`.
   */
  publishLocal(message: Message, from: RoutedPublisher): number {
    const route = this.#find(message);
    if (route === undefined) return TOO_DEEP;
    const { targets, localCount } = route;
    if (this.pressure.congested > 0 && this.#mustWait(message, targets, localCount, from)) {
      return HELD;
    }
    message.fanOut = localCount > 1;
    for (let index = 0; index < localCount; index++) {
      const target = targets[index] as Subscription;
      target.subscriber.deliver(message, target, undefined);
    }
    return localCount;
  }

  /**
   * Gives the message to everybody who subscribed to its topic and stores it if it is to be retained.
   * Returns the number of subscribers (a shared group is one), or HELD or TOO_DEEP, after which nothing has
   * happened. Without `from` nobody waits: for wills and the node's own messages.
   */
  publish(message: Message, from: RoutedPublisher | undefined): number {
    let route = from?.lastRoute;
    if (
      route === undefined ||
      !this.#routes.isCurrent(route) ||
      !route.isFor(message.topic, message.topicStart, message.topicEnd)
    ) {
      route = this.#find(message);
      if (route === undefined) return TOO_DEEP;
      if (from !== undefined) from.lastRoute = route;
    }
    const targets = route.targets;
    const count = targets.length;
    if (
      from !== undefined &&
      this.pressure.congested > 0 &&
      this.#mustWait(message, targets, count, from)
    ) {
      return HELD;
    }
    if (message.retain) this.#retain(message);
    if (count === 1) {
      const target = targets[0] as Subscription;
      target.subscriber.deliver(message, target, undefined);
      return 1;
    }
    if (count === 0) {
      // What the node says about itself and nobody asked for is not lost.
      if (message.fromClient) {
        this.#counters[NO_SUBSCRIBERS]!++;
        this.#counters[DROPPED_MESSAGES]!++;
      }
      return 0;
    }
    message.fanOut = true;
    for (let index = 0; index < count; index++) {
      const target = targets[index] as Subscription;
      target.subscriber.deliver(message, target, undefined);
    }
    return count;
  }

  /**
   * What this node wants messages of: filters with a subscriber, and `$share/<group>/<filter>` for each
   * group. In no order; may go on while subscribers come and go.
   */
  *wantedFilters(): Generator<string> {
    const groupsOf = new Map<string, number>();
    for (const { name, filter } of this.#groups.values()) {
      groupsOf.set(filter, (groupsOf.get(filter) ?? 0) + 1);
      yield `$share/${name}/${filter}`;
    }
    for (const [filter, subscribers] of this.#tree.entries()) {
      if (countOf(subscribers) > (groupsOf.get(filter) ?? 0)) yield filter;
    }
  }

  /** Gives a message that a leaving member did not finish to another one; false if the group is empty. */
  redispatch(message: Message, group: SharedGroup, nowMs: number): boolean {
    if (group.size === 0) return false;
    message.routedAtMs = nowMs;
    group.deliver(message);
    return true;
  }

  /** What the node says of itself stays on it. */
  #retain(message: Message): void {
    if (this.retainer === undefined || !message.fromClient) this.retained.put(message);
    else this.retainer(message);
  }

  /** Nobody waits for himself: his acknowledgements come behind the message that would wait for them. */
  #mustWait(
    message: Message,
    targets: readonly Subscription[],
    count: number,
    from: Publisher,
  ): boolean {
    for (let index = 0; index < count; index++) {
      const { subscriber } = targets[index] as Subscription;
      if (subscriber.congested && subscriber !== message.publisher) {
        subscriber.awaitRelief(from);
        return true;
      }
    }
    return false;
  }

  #find(message: Message): Route | undefined {
    const { topic, topicStart, topicEnd } = message;
    const hash = topicHash(topic, topicStart, topicEnd);
    const known = this.#routes.find(hash, topic, topicStart, topicEnd);
    if (known !== undefined) return known;
    const name = message.topicName;
    if (levelsOf(name) > this.#options.maxTopicLevels) return undefined;
    const bytes = new Uint8Array(topicEnd - topicStart);
    copy(topic, topicStart, topicEnd, bytes, 0);
    const route = new Route(bytes, hash, this.#targetsOf(name), this.#routes.generation);
    this.#routes.put(route);
    return route;
  }

  #targetsOf(topic: string): Subscription[] {
    const found = this.#tree.match(topic);
    const targets: Subscription[] = [];
    for (const subscribers of found) appendTo(targets, subscribers);
    return found.length > 1 ? mergeBySubscriber(targets) : targets;
  }

  #changed(filter: string): void {
    if (filter.includes('+') || filter.includes('#')) this.#routes.dropAll();
    else this.#routes.dropTopic(filter);
  }

  #countLocal(filter: string, by: 1 | -1): void {
    if (this.#localRoutes === undefined) return;
    const count = (this.#localCounts.get(filter) ?? 0) + by;
    if (count > 0) this.#localCounts.set(filter, count);
    else this.#localCounts.delete(filter);
    if (by === 1 && count === 1) this.#localRoutes.added(filter);
    else if (count === 0) this.#localRoutes.removed(filter);
  }

  #join(name: string, subscription: Subscription): boolean {
    const { subscriber, filter } = subscription;
    const isNew = this.#member(name, subscription, subscriber.clientId);
    if (isNew) {
      this.#subscriptions++;
      this.#sharedSubscriptions++;
      this.#localRoutes?.joined(name, filter, subscriber);
    }
    return isNew;
  }

  #member(name: string, subscription: Subscription, identity: string): boolean {
    const key = groupKey(name, subscription.filter);
    let group = this.#groups.get(key);
    if (group === undefined) {
      const { sharedStrategy, random } = this.#options;
      group = new SharedGroup(name, subscription.filter, sharedStrategy, random);
      this.#groups.set(key, group);
      this.#tree.add(group.subscription);
      this.#changed(subscription.filter);
    }
    return group.put(subscription, identity);
  }

  #leave(name: string, filter: string, subscriber: Subscriber): boolean {
    if (!this.#leaveGroup(name, filter, subscriber)) return false;
    this.#subscriptions--;
    this.#sharedSubscriptions--;
    this.#localRoutes?.left(name, filter, subscriber);
    return true;
  }

  #leaveGroup(name: string, filter: string, subscriber: Subscriber): boolean {
    const key = groupKey(name, filter);
    const group = this.#groups.get(key);
    if (group === undefined || !group.remove(subscriber)) return false;
    if (group.size === 0) {
      this.#groups.delete(key);
      this.#tree.remove(filter, group);
      this.#changed(filter);
    }
    return true;
  }
}

/** One text for a group and its filter. A group's name has no `/` [MQTT-4.8.2-1], so the first one ends it. */
export function groupKey(name: string, filter: string): string {
  return `${name}/${filter}`;
}

function levelsOf(topic: string): number {
  let levels = 1;
  for (let at = topic.indexOf('/'); at >= 0; at = topic.indexOf('/', at + 1)) levels++;
  return levels;
}

function mergeBySubscriber(subscriptions: Subscription[]): Subscription[] {
  const bySubscriber = new Map<Subscriber, Subscription[]>();
  for (const subscription of subscriptions) {
    const same = bySubscriber.get(subscription.subscriber);
    if (same === undefined) bySubscriber.set(subscription.subscriber, [subscription]);
    else same.push(subscription);
  }
  if (bySubscriber.size === subscriptions.length) return subscriptions;
  return Array.from(bySubscriber.values(), merge);
}
