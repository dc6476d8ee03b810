import type { Message } from './message.js';

interface Node {
  children: Map<string, Node> | undefined;
  message: Message | undefined;
}

/**
 * The last retained message of each topic (§3.3.1.3), in a tree of topic levels so that a wildcard filter
 * visits only what it can match. Holds kept messages only.
 */
export class RetainedStore {
  readonly #root: Node = { children: undefined, message: undefined };
  readonly #expiring = new Map<string, Message>();
  #sweep: Iterator<[string, Message]> | undefined;
  #count = 0;
  #bytes = 0;

  get count(): number {
    return this.#count;
  }

  /** Topic, properties and payload of all of them. */
  get heldBytes(): number {
    return this.#bytes;
  }

  /** Replaces the topic's message, or removes it if the payload is empty [MQTT-3.3.1-6]. */
  put(message: Message): void {
    const topic = message.topicName;
    if (message.payloadBytes === 0) {
      this.remove(topic);
      return;
    }
    const kept = message.keep();
    let node = this.#root;
    for (const level of topic.split('/')) {
      node.children ??= new Map();
      let child = node.children.get(level);
      if (child === undefined) {
        child = { children: undefined, message: undefined };
        node.children.set(level, child);
      }
      node = child;
    }
    if (node.message === undefined) this.#count++;
    else this.#bytes -= node.message.heldBytes;
    node.message = kept;
    this.#bytes += kept.heldBytes;
    if (kept.expiryAt >= 0) this.#expiring.set(topic, kept);
    else this.#expiring.delete(topic);
  }

  remove(topic: string): boolean {
    const path: { node: Node; level: string }[] = [];
    let node = this.#root;
    for (const level of topic.split('/')) {
      const child = node.children?.get(level);
      if (child === undefined) return false;
      path.push({ node, level });
      node = child;
    }
    if (node.message === undefined) return false;
    this.#bytes -= node.message.heldBytes;
    node.message = undefined;
    this.#count--;
    this.#expiring.delete(topic);
    for (let index = path.length - 1; index >= 0; index--) {
      const step = path[index] as { node: Node; level: string };
      const child = step.node.children?.get(step.level);
      if (child?.message !== undefined || child?.children !== undefined) break;
      step.node.children?.delete(step.level);
      if (step.node.children?.size === 0) step.node.children = undefined;
    }
    return true;
  }

  /** Those whose topic the (plain, valid) filter matches and that have not expired. */
  match(filter: string, nowMs: number): Message[] {
    const found: Message[] = [];
    collect(this.#root, filter.split('/'), 0, nowMs, found);
    return found;
  }

  /** Topics of all of them, in no order; may go on while messages come and go. */
  topics(): Generator<string> {
    return topicsBelow(this.#root, '');
  }

  /** Removes expired messages, looking at no more than `limit` of those that can expire. */
  removeExpired(nowMs: number, limit: number): void {
    for (let looked = 0; looked < limit; looked++) {
      this.#sweep ??= this.#expiring.entries();
      const { value, done } = this.#sweep.next() as IteratorResult<[string, Message], undefined>;
      if (done === true || value === undefined) {
        this.#sweep = undefined;
        return;
      }
      const [topic, message] = value;
      if (message.isExpired(nowMs)) this.remove(topic);
    }
  }
}

function* topicsBelow(node: Node, path: string): Generator<string> {
  if (node.message !== undefined) yield path.slice(0, -1);
  for (const [level, child] of node.children ?? []) yield* topicsBelow(child, `${path}${level}/`);
}

function collect(
  node: Node,
  levels: readonly string[],
  depth: number,
  nowMs: number,
  found: Message[],
): void {
  const level = levels[depth];
  if (level === undefined) {
    take(node, nowMs, found);
    return;
  }
  if (level === '#') {
    if (depth > 0) take(node, nowMs, found);
    collectAll(node, depth === 0, nowMs, found);
    return;
  }
  if (level !== '+') {
    const child = node.children?.get(level);
    if (child !== undefined) collect(child, levels, depth + 1, nowMs, found);
    return;
  }
  for (const [name, child] of node.children ?? []) {
    if (depth === 0 && name.startsWith('$')) continue; // [MQTT-4.7.2-1]
    collect(child, levels, depth + 1, nowMs, found);
  }
}

function collectAll(node: Node, isRoot: boolean, nowMs: number, found: Message[]): void {
  for (const [name, child] of node.children ?? []) {
    if (isRoot && name.startsWith('$')) continue; // [MQTT-4.7.2-1]
    take(child, nowMs, found);
    collectAll(child, false, nowMs, found);
  }
}

function take(node: Node, nowMs: number, found: Message[]): void {
  if (node.message !== undefined && !node.message.isExpired(nowMs)) found.push(node.message);
}
