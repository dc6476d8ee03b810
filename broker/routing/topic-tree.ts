import { has, type Subscribers, withOne, without } from './subscribers.js';
import type { Subscriber, Subscription } from './subscription.js';

interface Node {
  children: Map<string, Node> | undefined;
  /** `+` at this level. */
  plus: Node | undefined;
  /** `…/#`: this level and everything below it [MQTT-4.7.1-2]. */
  hash: Subscribers | undefined;
  here: Subscribers | undefined;
}

const newNode = (): Node => ({
  children: undefined,
  plus: undefined,
  hash: undefined,
  here: undefined,
});

/**
 * Who subscribed to what. Filters without wildcards, the many, lie in a hash table by their whole text; the
 * tree of levels holds only those with `+` or `#`. Knows nothing of `$share`: a group is a subscriber here.
 */
export class TopicTree {
  readonly #exact = new Map<string, Subscribers>();
  readonly #root = newNode();
  #wildcardFilters = 0;

  /** Distinct filters. */
  get filters(): number {
    return this.#exact.size + this.#wildcardFilters;
  }

  get hasWildcards(): boolean {
    return this.#wildcardFilters > 0;
  }

  /**
   * Adds or replaces; `first` when the filter had no subscriber before. The filter must be valid; it is another than
   * the subscription's where one stands for all filters of its subscriber, as for a node.
   */
  add(
    subscription: Subscription,
    filter = subscription.filter,
  ): { first: boolean; replaced: boolean } {
    if (hasWildcard(filter)) return this.#addBelow(filter, subscription);
    const there = this.#exact.get(filter);
    const replaced = has(there, subscription.subscriber);
    this.#exact.set(filter, withOne(there, subscription));
    return { first: there === undefined, replaced };
  }

  /** `last` when the filter has no subscriber any more. */
  remove(filter: string, subscriber: Subscriber): { removed: boolean; last: boolean } {
    if (!hasWildcard(filter)) {
      const there = this.#exact.get(filter);
      if (!has(there, subscriber)) return { removed: false, last: false };
      const left = without(there, subscriber);
      if (left === undefined) this.#exact.delete(filter);
      return { removed: true, last: left === undefined };
    }
    const outcome = { removed: false, last: false };
    removeBelow(this.#root, filter, 0, subscriber, outcome);
    if (outcome.last) this.#wildcardFilters--;
    return outcome;
  }

  /** Every filter with its subscribers, in no order; may go on while the tree changes. */
  *entries(): Generator<[filter: string, subscribers: Subscribers]> {
    yield* this.#exact;
    yield* entriesBelow(this.#root, '');
  }

  /** The subscribers of all filters that match the topic name, each filter once. */
  match(topic: string): Subscribers[] {
    const found: Subscribers[] = [];
    const exact = this.#exact.get(topic);
    if (exact !== undefined) found.push(exact);
    // Topics that start with $ are not matched by a wildcard in the first level [MQTT-4.7.2-1].
    if (this.#wildcardFilters > 0) matchBelow(this.#root, topic, 0, topic.startsWith('$'), found);
    return found;
  }

  #addBelow(filter: string, added: Subscription): { first: boolean; replaced: boolean } {
    let node = this.#root;
    let at = 0;
    while (at <= filter.length) {
      const end = levelEnd(filter, at);
      const level = filter.slice(at, end);
      if (level === '#') {
        const outcome = this.#outcome(node.hash, added);
        node.hash = withOne(node.hash, added);
        return outcome;
      }
      if (level === '+') {
        node.plus ??= newNode();
        node = node.plus;
      } else node = childOf(node, level);
      at = end + 1;
    }
    const outcome = this.#outcome(node.here, added);
    node.here = withOne(node.here, added);
    return outcome;
  }

  #outcome(
    before: Subscribers | undefined,
    { subscriber }: Subscription,
  ): { first: boolean; replaced: boolean } {
    if (before === undefined) this.#wildcardFilters++;
    return { first: before === undefined, replaced: has(before, subscriber) };
  }
}

function* entriesBelow(node: Node, path: string): Generator<[string, Subscribers]> {
  if (node.here !== undefined) yield [path.slice(0, -1), node.here];
  if (node.hash !== undefined) yield [`${path}#`, node.hash];
  if (node.plus !== undefined) yield* entriesBelow(node.plus, `${path}+/`);
  for (const [level, child] of node.children ?? []) yield* entriesBelow(child, `${path}${level}/`);
}

export function hasWildcard(filter: string): boolean {
  return filter.includes('+') || filter.includes('#');
}

function levelEnd(text: string, at: number): number {
  const end = text.indexOf('/', at);
  return end < 0 ? text.length : end;
}

function childOf(node: Node, level: string): Node {
  node.children ??= new Map();
  let child = node.children.get(level);
  if (child === undefined) {
    child = newNode();
    node.children.set(level, child);
  }
  return child;
}

function matchBelow(
  node: Node,
  topic: string,
  at: number,
  literalOnly: boolean,
  found: Subscribers[],
): void {
  if (node.hash !== undefined && !literalOnly) found.push(node.hash);
  if (at > topic.length) {
    if (node.here !== undefined) found.push(node.here);
    return;
  }
  const end = levelEnd(topic, at);
  if (node.plus !== undefined && !literalOnly) matchBelow(node.plus, topic, end + 1, false, found);
  const child = node.children?.get(topic.slice(at, end));
  if (child !== undefined) matchBelow(child, topic, end + 1, false, found);
}

/** True if the node is empty now and can be cut off by the caller. */
function removeBelow(
  node: Node,
  filter: string,
  at: number,
  subscriber: Subscriber,
  outcome: { removed: boolean; last: boolean },
): boolean {
  if (at > filter.length) {
    outcome.removed = has(node.here, subscriber);
    node.here = without(node.here, subscriber);
    outcome.last = outcome.removed && node.here === undefined;
    return isEmpty(node);
  }
  const end = levelEnd(filter, at);
  const level = filter.slice(at, end);
  if (level === '#') {
    outcome.removed = has(node.hash, subscriber);
    node.hash = without(node.hash, subscriber);
    outcome.last = outcome.removed && node.hash === undefined;
  } else if (level === '+') {
    if (node.plus !== undefined && removeBelow(node.plus, filter, end + 1, subscriber, outcome)) {
      node.plus = undefined;
    }
  } else {
    const child = node.children?.get(level);
    if (child !== undefined && removeBelow(child, filter, end + 1, subscriber, outcome)) {
      node.children?.delete(level);
      if (node.children?.size === 0) node.children = undefined;
    }
  }
  return isEmpty(node);
}

function isEmpty(node: Node): boolean {
  return (
    node.children === undefined &&
    node.plus === undefined &&
    node.hash === undefined &&
    node.here === undefined
  );
}
