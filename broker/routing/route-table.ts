import type { Subscription } from './subscription.js';

const EMPTY: readonly Subscription[] = [];

/** Who gets the messages of one topic, as it was when `generation` was current. Never changed afterwards. */
export class Route {
  readonly topic: Uint8Array;
  readonly hash: number;
  /** Sessions of this node first, then what may lead to others. */
  readonly targets: readonly Subscription[];
  /** How many of them are sessions of this node. */
  readonly localCount: number;
  readonly generation: number;
  /** A subscription to exactly this topic came or went, or the table has no place for it any more. */
  stale = false;

  constructor(
    topic: Uint8Array,
    hash: number,
    targets: readonly Subscription[],
    generation: number,
  ) {
    this.topic = topic;
    this.hash = hash;
    const local = targets.filter(({ subscriber }) => subscriber.reach === 'node');
    this.localCount = local.length;
    this.targets =
      targets.length === 0
        ? EMPTY
        : local.length === targets.length
          ? targets
          : localFirst(targets, local);
    this.generation = generation;
  }

  /** Whether these bytes are this route's topic. */
  isFor(bytes: Uint8Array, start: number, end: number): boolean {
    const topic = this.topic;
    const length = end - start;
    if (topic.length !== length) return false;
    // From the end: the topics of a fleet differ there.
    for (let index = length - 1; index >= 0; index--) {
      if (topic[index] !== bytes[start + index]) return false;
    }
    return true;
  }
}

function localFirst(targets: readonly Subscription[], local: Subscription[]): Subscription[] {
  return [...local, ...targets.filter(({ subscriber }) => subscriber.reach !== 'node')];
}

const FIRST_SLOTS = 1024;

/**
 * The routes of the topics in use, found by the bytes of the topic: no string is made and no tree walked for
 * a topic that was seen before. One slot per hash, so its memory is bounded by `maxSlots`; it grows while
 * topics push each other out. Subscribing to an exact topic makes one route stale, to a wildcard all of them.
 */
export class RouteTable {
  #slots: (Route | undefined)[] = new Array<Route | undefined>(FIRST_SLOTS).fill(undefined);
  #mask = FIRST_SLOTS - 1;
  #pushedOut = 0;
  #isEmpty = true;
  readonly #maxSlots: number;
  generation = 0;

  /** `maxSlots`: a power of two. */
  constructor(maxSlots: number) {
    this.#maxSlots = maxSlots;
  }

  get slots(): number {
    return this.#slots.length;
  }

  isCurrent(route: Route): boolean {
    return route.generation === this.generation && !route.stale;
  }

  /** The route of this topic if there is a current one. `hash` is topicHash of the same bytes. */
  find(hash: number, bytes: Uint8Array, start: number, end: number): Route | undefined {
    const route = this.#slots[hash & this.#mask];
    return route !== undefined &&
      route.hash === hash &&
      this.isCurrent(route) &&
      route.isFor(bytes, start, end)
      ? route
      : undefined;
  }

  put(route: Route): void {
    this.#isEmpty = false;
    const index = route.hash & this.#mask;
    const before = this.#slots[index];
    if (before !== undefined && before.hash !== route.hash && this.isCurrent(before)) {
      this.#pushedOut++;
      if (this.#pushedOut > this.#slots.length >> 1 && this.#slots.length < this.#maxSlots) {
        this.#grow();
      }
    }
    const at = route.hash & this.#mask;
    // A publisher may still remember the one that goes, and `dropTopic` would not find it any more.
    const goes = this.#slots[at];
    if (goes !== undefined) goes.stale = true;
    this.#slots[at] = route;
  }

  /** The route of this exact topic must be made anew. */
  dropTopic(topic: string): void {
    // A node that has just started takes in all routes of the cluster: nothing is remembered then.
    if (this.#isEmpty) return;
    const bytes = Buffer.from(topic);
    const route = this.find(topicHash(bytes, 0, bytes.length), bytes, 0, bytes.length);
    if (route !== undefined) route.stale = true;
  }

  dropAll(): void {
    this.generation++;
  }

  #grow(): void {
    const routes = this.#slots;
    this.#slots = new Array<Route | undefined>(routes.length * 2).fill(undefined);
    this.#mask = this.#slots.length - 1;
    this.#pushedOut = 0;
    for (const route of routes) {
      if (route !== undefined && this.isCurrent(route))
        this.#slots[route.hash & this.#mask] = route;
    }
  }
}

/** FNV-1a over the bytes, folded so that its low bits can be used as a slot; at most 30 bits (a V8 Smi). */
export function topicHash(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let index = start; index < end; index++) {
    hash = Math.imul(hash ^ (bytes[index] as number), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) & 0x3fffffff;
}
