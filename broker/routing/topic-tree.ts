import type { Subscriber, Subscription } from './subscription.js';

/** Everybody who subscribed to one filter. Most filters have one subscriber: no Map for those. */
export class SubscriberSet {
  #only: Subscription | undefined;
  #all: Map<Subscriber, Subscription> | undefined;

  get size(): number {
    return this.#all?.size ?? (this.#only === undefined ? 0 : 1);
  }

  /** Adds or replaces; returns what was there for this subscriber before. */
  put(subscription: Subscription): Subscription | undefined {
    if (this.#all !== undefined) {
      const before = this.#all.get(subscription.subscriber);
      this.#all.set(subscription.subscriber, subscription);
      return before;
    }
    const only = this.#only;
    if (only === undefined || only.subscriber === subscription.subscriber) {
      this.#only = subscription;
      return only;
    }
    this.#all = new Map([
      [only.subscriber, only],
      [subscription.subscriber, subscription],
    ]);
    this.#only = undefined;
    return undefined;
  }

  remove(subscriber: Subscriber): boolean {
    if (this.#all !== undefined) return this.#all.delete(subscriber);
    if (this.#only?.subscriber !== subscriber) return false;
    this.#only = undefined;
    return true;
  }

  appendTo(list: Subscription[]): void {
    if (this.#all !== undefined)
      for (const subscription of this.#all.values()) list.push(subscription);
    else if (this.#only !== undefined) list.push(this.#only);
  }
}

interface Node {
  children: Map<string, Node> | undefined;
  /** `+` at this level. */
  plus: Node | undefined;
  /** `…/#`: this level and everything below it [MQTT-4.7.1-2]. */
  hash: SubscriberSet | undefined;
  here: SubscriberSet | undefined;
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
  readonly #exact = new Map<string, SubscriberSet>();
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
    const set = this.#setOf(filter);
    const first = set.size === 0;
    return { first, replaced: set.put(subscription) !== undefined };
  }

  /** `last` when the filter has no subscriber any more. */
  remove(filter: string, subscriber: Subscriber): { removed: boolean; last: boolean } {
    if (!hasWildcard(filter)) {
      const set = this.#exact.get(filter);
      const removed = set?.remove(subscriber) ?? false;
      const last = removed && set?.size === 0;
      if (last) this.#exact.delete(filter);
      return { removed, last };
    }
    const outcome = { removed: false, last: false };
    removeBelow(this.#root, filter, 0, subscriber, outcome);
    if (outcome.last) this.#wildcardFilters--;
    return outcome;
  }

  /** Every filter with its subscribers, in no order; may go on while the tree changes. */
  *entries(): Generator<[filter: string, set: SubscriberSet]> {
    yield* this.#exact;
    yield* entriesBelow(this.#root, '');
  }

  /** The sets of all filters that match the topic name, each once. */
  match(topic: string): SubscriberSet[] {
    const found: SubscriberSet[] = [];
    const exact = this.#exact.get(topic);
    if (exact !== undefined) found.push(exact);
    // Topics that start with $ are not matched by a wildcard in the first level [MQTT-4.7.2-1].
    if (this.#wildcardFilters > 0) matchBelow(this.#root, topic, 0, topic.startsWith('$'), found);
    return found;
  }

  #setOf(filter: string): SubscriberSet {
    if (!hasWildcard(filter)) {
      let set = this.#exact.get(filter);
      if (set === undefined) {
        set = new SubscriberSet();
        this.#exact.set(filter, set);
      }
      return set;
    }
    let node = this.#root;
    let at = 0;
    while (at <= filter.length) {
      const end = levelEnd(filter, at);
      const level = filter.slice(at, end);
      if (level === '#') {
        if (node.hash === undefined) {
          node.hash = new SubscriberSet();
          this.#wildcardFilters++;
        }
        return node.hash;
      }
      if (level === '+') {
        node.plus ??= newNode();
        node = node.plus;
      } else node = childOf(node, level);
      at = end + 1;
    }
    if (node.here === undefined) {
      node.here = new SubscriberSet();
      this.#wildcardFilters++;
    }
    return node.here;
  }
}

function* entriesBelow(node: Node, path: string): Generator<[string, SubscriberSet]> {
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
  found: SubscriberSet[],
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
    outcome.removed = node.here?.remove(subscriber) ?? false;
    if (outcome.removed && node.here?.size === 0) {
      outcome.last = true;
      node.here = undefined;
    }
    return isEmpty(node);
  }
  const end = levelEnd(filter, at);
  const level = filter.slice(at, end);
  if (level === '#') {
    outcome.removed = node.hash?.remove(subscriber) ?? false;
    if (outcome.removed && node.hash?.size === 0) {
      outcome.last = true;
      node.hash = undefined;
    }
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
