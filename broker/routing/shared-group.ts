import type { Qos } from '../../wire/mod.js';
import type { Message } from './message.js';
import { topicHash } from './route-table.js';
import { chooseByHash, hashOf, type SharedStrategy } from './shared-strategy.js';
import type { Publisher, Subscriber } from './subscription.js';
import { Subscription } from './subscription.js';

/** One member of a group: a session of this node, or one on another node by way of the link to it. */
interface Member {
  readonly subscription: Subscription;
  /** The same on every node, so that all of them choose the same one by hash. */
  readonly hash: number;
}

/**
 * One `$share/<name>/<filter>`: a subscriber that hands each message to one of its members (§4.8.2), here or
 * on another node. Members with room are preferred to congested ones, connected ones to those that are away.
 */
export class SharedGroup implements Subscriber {
  readonly reach = 'cluster';
  readonly name: string;
  readonly clientId: string;
  readonly filter: string;
  /** What the topic tree holds for the whole group. Members' own options apply after the choice. */
  readonly subscription: Subscription;
  readonly #members: Member[] = [];
  readonly #places = new Map<Subscriber, number>();
  readonly #strategy: SharedStrategy;
  readonly #random: () => number;
  #next = 0;
  /** By publisher, for the strategies that remember: whose turn is next, or who has him. */
  readonly #turns = new WeakMap<Subscriber, { next: number; member: Subscriber | undefined }>();

  /** `random` gives [0, 1). */
  constructor(name: string, filter: string, strategy: SharedStrategy, random: () => number) {
    this.name = name;
    this.clientId = name;
    this.filter = filter;
    this.#strategy = strategy;
    this.#random = random;
    this.subscription = new Subscription(this, filter, {
      qos: 2,
      noLocal: false,
      retainAsPublished: true,
      identifier: 0,
    });
  }

  get size(): number {
    return this.#members.length;
  }

  get online(): boolean {
    return this.#members.some(({ subscription }) => subscription.subscriber.online);
  }

  /** Only when no connected member has room. */
  get congested(): boolean {
    let congested = false;
    for (const { subscription } of this.#members) {
      if (subscription.subscriber.congested) congested = true;
      else if (subscription.subscriber.online) return false;
    }
    return congested;
  }

  /** Adds the member or replaces its subscription; true if it is new. `identity` is cluster-wide. */
  put(subscription: Subscription, identity: string): boolean {
    const member = { subscription, hash: hashOf(identity) };
    const at = this.#places.get(subscription.subscriber);
    if (at !== undefined) {
      this.#members[at] = member;
      return false;
    }
    this.#places.set(subscription.subscriber, this.#members.length);
    this.#members.push(member);
    return true;
  }

  /** The last member takes the place of the one that leaves: constant time in groups of any size. */
  remove(subscriber: Subscriber): boolean {
    const at = this.#places.get(subscriber);
    if (at === undefined) return false;
    this.#places.delete(subscriber);
    const last = this.#members.pop() as Member;
    if (last.subscription.subscriber === subscriber) return true;
    this.#members[at] = last;
    this.#places.set(last.subscription.subscriber, at);
    return true;
  }

  subscriptionOf(subscriber: Subscriber): Subscription | undefined {
    const at = this.#places.get(subscriber);
    return at === undefined ? undefined : this.#members[at]?.subscription;
  }

  deliver(message: Message): void {
    if (this.#members.length === 0) return;
    const { subscription } = this.#withRoom(this.#choose(message), message);
    subscription.subscriber.deliver(message, subscription, this);
  }

  isFull(qos: Qos): boolean {
    return this.#members.every(({ subscription }) => subscription.subscriber.isFull(qos));
  }

  awaitRelief(publisher: Publisher): void {
    const congested = this.#members.find(({ subscription }) => subscription.subscriber.congested);
    if (congested === undefined) throw new Error('only a congested subscriber is waited for');
    congested.subscription.subscriber.awaitRelief(publisher);
  }

  /** The member at this place, or another one if the message would be lost with it; whoever is connected first. */
  #withRoom(index: number, { qos }: Message): Member {
    const chosen = this.#members[index] as Member;
    if (!isFull(chosen, qos)) return chosen;
    let found: Member | undefined;
    const { length } = this.#members;
    for (let step = 1; step < length; step++) {
      const member = this.#members[(index + step) % length] as Member;
      if (isFull(member, qos)) continue;
      if (member.subscription.subscriber.online) return member;
      found ??= member;
    }
    return found ?? chosen;
  }

  /** The place of the member that gets this message; there is at least one. */
  #choose({ publisher, topic, topicStart, topicEnd }: Message): number {
    switch (this.#strategy) {
      case 'random':
        return this.#from(this.#any());
      case 'round_robin_per_group':
        return this.#groupTurn();
      case 'round_robin':
        return this.#roundRobin(publisher);
      case 'sticky':
        return this.#sticky(publisher);
      case 'local':
        return this.#local();
      case 'hash_topic':
        return this.#byHash(topicHash(topic, topicStart, topicEnd));
      case 'hash_clientid':
        return this.#byHash(hashOf(publisher?.clientId ?? ''));
    }
  }

  #groupTurn(): number {
    const index = this.#from(this.#next);
    this.#next = index + 1;
    return index;
  }

  /** Each publisher goes round on its own, from a random start; so EMQX. */
  #roundRobin(publisher: Subscriber | undefined): number {
    if (publisher === undefined) return this.#groupTurn();
    const turn = this.#turnOf(publisher);
    const index = this.#from(turn.next);
    turn.next = index + 1;
    return index;
  }

  /** A publisher keeps the member it got first for as long as that one is there and connected. */
  #sticky(publisher: Subscriber | undefined): number {
    if (publisher === undefined) return this.#from(this.#any());
    const turn = this.#turnOf(publisher);
    const kept = turn.member === undefined ? undefined : this.#places.get(turn.member);
    if (kept !== undefined && this.#subscriber(kept).online) return kept;
    const index = this.#from(this.#any());
    turn.member = this.#subscriber(index);
    return index;
  }

  #local(): number {
    const start = this.#any();
    const { length } = this.#members;
    for (let step = 0; step < length; step++) {
      const index = (start + step) % length;
      const { reach, online, congested } = this.#subscriber(index);
      if (reach === 'node' && online && !congested) return index;
    }
    return this.#from(start);
  }

  #byHash(key: number): number {
    const index = chooseByHash(key, this.#members);
    return this.#subscriber(index).online ? index : this.#from(index);
  }

  #turnOf(publisher: Subscriber): { next: number; member: Subscriber | undefined } {
    let turn = this.#turns.get(publisher);
    if (turn === undefined) {
      turn = { next: this.#any(), member: undefined };
      this.#turns.set(publisher, turn);
    }
    return turn;
  }

  #any(): number {
    return Math.floor(this.#random() * this.#members.length);
  }

  /** The first from `start` on that is connected and has room; else connected; else that one. */
  #from(start: number): number {
    const { length } = this.#members;
    let second = -1;
    for (let step = 0; step < length; step++) {
      const index = (start + step) % length;
      const { online, congested } = this.#subscriber(index);
      if (!online) continue;
      if (!congested) return index;
      if (second < 0) second = index;
    }
    return second < 0 ? start % length : second;
  }

  #subscriber(index: number): Subscriber {
    return (this.#members[index] as Member).subscription.subscriber;
  }
}

function isFull({ subscription }: Member, qos: Qos): boolean {
  return subscription.subscriber.isFull(Math.min(qos, subscription.qos) as Qos);
}
