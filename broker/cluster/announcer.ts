import {
  groupKey,
  type LocalRoutes,
  type Message,
  type Router,
  type Subscriber,
} from '../routing/mod.js';
import { CALL_MEMBER } from './calls.js';
import { routeKey, shareKey } from './keys.js';
import type { NodeState } from './replica.js';
import type { WireWrite } from './wire-write.js';

interface LocalMember {
  group: string;
  filter: string;
  subscriber: Subscriber;
}

class Doubts {
  readonly routes = new Set<string>();
  readonly shares = new Set<number>();
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
  /** Routes and members that the cluster's database has and this node has not, or the other way round; since the last look, and before. */
  #doubted = new Doubts();
  #doubtedBefore = new Doubts();
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

  /** Gives a message to the member that another node has sent it to; if that has left, to the rest of its group. */
  deliver(message: Message, router: Router): void {
    const found = this.member(message.member);
    const where = found ?? this.groupLeft(message.member);
    if (where === undefined) return;
    const group = router.group(where.group, where.filter);
    const member = found === undefined ? undefined : group?.subscriptionOf(found.subscriber);
    if (member !== undefined) member.subscriber.deliver(message, member, group);
    else if (group !== undefined) group.deliver(message);
  }

  /** All of it, for a cluster that does not know it (any more). */
  *everything(): Generator<WireWrite> {
    for (const filter of this.#routes) yield ['put', routeKey(this.#node, filter), ''];
    for (const [number, { group, filter, subscriber }] of this.#members) {
      yield ['put', shareKey(this.#node, number, group, filter), subscriber.clientId];
    }
  }

  /** A change in what the database has of this node. */
  routeSeen(filter: string, isThere: boolean): void {
    if (this.#routes.has(filter) !== isThere) this.#doubted.routes.add(filter);
  }

  shareSeen(number: number, isThere: boolean): void {
    if (this.#members.has(number) !== isThere) this.#doubted.shares.add(number);
  }

  /**
   * Says again what the database has otherwise than this node, and not only for a moment: a write given up for lost
   * may happen after all, behind a later one that went by another core. To be called every second or so;
   * `stands` is what the database has.
   */
  check(stands: NodeState): void {
    const { routes, shares } = this.#doubtedBefore;
    for (const filter of routes) {
      const isWanted = this.#routes.has(filter);
      if (isWanted === stands.routes.has(filter)) continue;
      const key = routeKey(this.#node, filter);
      this.#write(isWanted ? ['put', key, ''] : ['delete', key]);
    }
    for (const number of shares) {
      const member = this.#members.get(number);
      const share = stands.shares.get(number);
      if ((member === undefined) === (share === undefined)) continue;
      const { group, filter } = (member ?? share) as { group: string; filter: string };
      const key = shareKey(this.#node, number, group, filter);
      this.#write(
        member === undefined ? ['delete', key] : ['put', key, member.subscriber.clientId],
      );
    }
    this.#doubtedBefore = this.#doubted;
    this.#doubted = new Doubts();
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
