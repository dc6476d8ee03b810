import { groupKey, type LocalRoutes, type Subscriber } from '../routing/mod.js';
import { CALL_MEMBER } from './calls.js';
import { routeKey, shareKey } from './keys.js';
import type { WireWrite } from './wire-write.js';

interface LocalMember {
  group: string;
  filter: string;
  subscriber: Subscriber;
}

/** They travel as Subscription Identifiers, the highest of which is a call's. */
const HIGHEST_NUMBER = CALL_MEMBER - 1;
/** Members that left are remembered, so that what is under way to them finds the rest of their group. */
const MOST_LEFT = 10_000;

/**
 * Says to the cluster what this node has subscribers of: a filter with its first, not again with the next, and
 * each member of a shared group, by a number that other nodes address it with.
 */
export class Announcer implements LocalRoutes {
  readonly #node: string;
  readonly #write: (write: WireWrite) => void;
  readonly #routes = new Set<string>();
  readonly #members = new Map<number, LocalMember>();
  readonly #numbers = new Map<Subscriber, Map<string, number>>();
  readonly #left = new Map<number, { group: string; filter: string }>();
  #nextNumber: number;

  /** `random` gives [0, 1): numbers begin anywhere, so that an earlier start of the node hardly had the same ones. */
  constructor(node: string, write: (write: WireWrite) => void, random: () => number) {
    this.#node = node;
    this.#write = write;
    this.#nextNumber = 1 + Math.floor(random() * HIGHEST_NUMBER);
  }

  added(filter: string): void {
    this.#routes.add(filter);
    this.#write(['put', routeKey(this.#node, filter), '']);
  }

  removed(filter: string): void {
    this.#routes.delete(filter);
    this.#write(['delete', routeKey(this.#node, filter)]);
  }

  joined(group: string, filter: string, subscriber: Subscriber): void {
    const number = this.#newNumber();
    let numbers = this.#numbers.get(subscriber);
    if (numbers === undefined) {
      numbers = new Map();
      this.#numbers.set(subscriber, numbers);
    }
    numbers.set(groupKey(group, filter), number);
    this.#members.set(number, { group, filter, subscriber });
    this.#write(['put', shareKey(this.#node, number, group, filter), subscriber.clientId]);
  }

  left(group: string, filter: string, subscriber: Subscriber): void {
    const numbers = this.#numbers.get(subscriber);
    const number = numbers?.get(groupKey(group, filter));
    if (numbers === undefined || number === undefined) return;
    numbers.delete(groupKey(group, filter));
    if (numbers.size === 0) this.#numbers.delete(subscriber);
    this.#members.delete(number);
    this.#left.set(number, { group, filter });
    if (this.#left.size > MOST_LEFT) {
      const [oldest] = this.#left.keys();
      this.#left.delete(oldest as number);
    }
    this.#write(['delete', shareKey(this.#node, number, group, filter)]);
  }

  /** The member of this number. */
  member(number: number): LocalMember | undefined {
    return this.#members.get(number);
  }

  /** The group that a member of this number was in. */
  groupLeft(number: number): { group: string; filter: string } | undefined {
    return this.#left.get(number);
  }

  /** All of it, for a cluster that does not know it (any more). */
  *everything(): Generator<WireWrite> {
    for (const filter of this.#routes) yield ['put', routeKey(this.#node, filter), ''];
    for (const [number, { group, filter, subscriber }] of this.#members) {
      yield ['put', shareKey(this.#node, number, group, filter), subscriber.clientId];
    }
  }

  #newNumber(): number {
    let number: number;
    do {
      number = this.#nextNumber;
      this.#nextNumber = number === HIGHEST_NUMBER ? 1 : number + 1;
    } while (this.#members.has(number));
    return number;
  }
}
