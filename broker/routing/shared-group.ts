import type { Message } from './message.js';
import type { Publisher, Subscriber } from './subscription.js';
import { Subscription } from './subscription.js';

/** How a group chooses the member for a message; EMQX's words. */
export type SharedStrategy = 'round_robin' | 'random';

/**
 * One `$share/<name>/<filter>`: a subscriber that hands each message to one of its members (§4.8.2).
 * Members with room are preferred to congested ones, connected ones to those that are away.
 */
export class SharedGroup implements Subscriber {
  readonly name: string;
  readonly filter: string;
  /** What the topic tree holds for the whole group. Members' own options apply after the choice. */
  readonly subscription: Subscription;
  readonly #members: Subscription[] = [];
  readonly #places = new Map<Subscriber, number>();
  readonly #strategy: SharedStrategy;
  readonly #random: () => number;
  #next = 0;

  /** `random` gives [0, 1) and is used by the strategy of that name. */
  constructor(name: string, filter: string, strategy: SharedStrategy, random: () => number) {
    this.name = name;
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
    return this.#members.some((member) => member.subscriber.online);
  }

  /** Only when no connected member has room. */
  get congested(): boolean {
    let congested = false;
    for (const { subscriber } of this.#members) {
      if (subscriber.congested) congested = true;
      else if (subscriber.online) return false;
    }
    return congested;
  }

  /** Adds the member or replaces its subscription; true if it is new. */
  put(subscription: Subscription): boolean {
    const at = this.#places.get(subscription.subscriber);
    if (at !== undefined) {
      this.#members[at] = subscription;
      return false;
    }
    this.#places.set(subscription.subscriber, this.#members.length);
    this.#members.push(subscription);
    return true;
  }

  /** The last member takes the place of the one that leaves: constant time in groups of any size. */
  remove(subscriber: Subscriber): boolean {
    const at = this.#places.get(subscriber);
    if (at === undefined) return false;
    this.#places.delete(subscriber);
    const last = this.#members.pop() as Subscription;
    if (last.subscriber === subscriber) return true;
    this.#members[at] = last;
    this.#places.set(last.subscriber, at);
    return true;
  }

  deliver(message: Message): void {
    const member = this.#choose();
    member?.subscriber.deliver(message, member, this);
  }

  awaitRelief(publisher: Publisher): void {
    const congested = this.#members.find((member) => member.subscriber.congested);
    if (congested === undefined) throw new Error('only a congested subscriber is waited for');
    congested.subscriber.awaitRelief(publisher);
  }

  #choose(): Subscription | undefined {
    const members = this.#members;
    const count = members.length;
    if (count === 0) return undefined;
    const start =
      this.#strategy === 'random' ? Math.floor(this.#random() * count) : this.#next % count;
    let congested = -1;
    for (let step = 0; step < count; step++) {
      const index = (start + step) % count;
      const { subscriber } = members[index] as Subscription;
      if (!subscriber.online) continue;
      if (!subscriber.congested) return this.#take(index);
      if (congested < 0) congested = index;
    }
    return this.#take(congested < 0 ? start : congested);
  }

  #take(index: number): Subscription {
    this.#next = index + 1;
    return this.#members[index] as Subscription;
  }
}
