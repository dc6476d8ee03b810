import type { Qos } from '../../wire/mod.js';
import type { Publisher, SharedGroup, Subscriber } from '../routing/mod.js';
import { Message, Subscription } from '../routing/mod.js';
import { type Node, Session, type SessionLimits } from '../session/mod.js';
import { CALL_MEMBER, MARKER_PREFIX } from './calls.js';
import { LINK_LIMITS } from './link-limits.js';

/** Whether a publisher hears that its message is taken only when other nodes have taken it, too. */
export type Forwarding = 'acked' | 'async';

const NOTHING = new Uint8Array(0);
/** A node is given everything as it came: its own subscriptions decide what becomes of it. */
const AS_IT_CAME = { qos: 2, noLocal: false, retainAsPublished: true, identifier: 0 } as const;

/**
 * Another node, as this one sees it: a subscriber whose session is on the link to it. In-flight window,
 * retransmission after a broken link, exactly-once for QoS 2 and back-pressure are those of a client's session.
 */
export class RemoteNode extends Session {
  override readonly reach = 'cluster';
  /** Stands for all its plain filters. */
  readonly subscription: Subscription;
  /** Its sessions that are members of shared groups, by the numbers that it gave them. */
  readonly members = new Map<number, { group: string; member: RemoteMember }>();
  /**
   * Tells the other node one such session of ours from the next: packet identifiers begin anew, and what it
   * remembers of the old ones must not stand for them.
   */
  number = 0;
  readonly #forwarding: Forwarding;
  readonly #marking: Subscription;

  constructor(
    name: string,
    node: Node,
    forwarding: Forwarding,
    nowMs: number,
    limits: SessionLimits = LINK_LIMITS,
  ) {
    super(name, node, nowMs, limits);
    this.#forwarding = forwarding;
    this.expiryMs = Number.POSITIVE_INFINITY;
    this.subscription = new Subscription(this, '', AS_IT_CAME);
    this.#marking = new Subscription(this, '', { ...AS_IT_CAME, identifier: CALL_MEMBER });
  }

  override deliver(message: Message, by: Subscription, group: SharedGroup | undefined): void {
    if (message.qos > 0 && this.#forwarding === 'acked') message.awaitNode();
    super.deliver(message, by, group);
  }

  /** Sends a marker of this move behind all that was delivered up to now, across broken links as well. */
  mark(move: string, nowMs: number): void {
    const topic = `${MARKER_PREFIX}${move}`;
    super.deliver(Message.of(topic, NOTHING, 1, false, nowMs), this.#marking, undefined);
  }
}

/** A session of another node that is a member of a shared group. */
export class RemoteMember implements Subscriber {
  readonly reach = 'cluster';
  readonly clientId: string;
  readonly subscription: Subscription;
  readonly #node: RemoteNode;
  /** The number tells the other node whom the message is for. */
  readonly #addressed: Subscription;

  constructor(node: RemoteNode, number: number, clientId: string, filter: string) {
    this.#node = node;
    this.clientId = clientId;
    this.subscription = new Subscription(this, filter, AS_IT_CAME);
    this.#addressed = new Subscription(this, filter, { ...AS_IT_CAME, identifier: number });
  }

  get online(): boolean {
    return this.#node.online;
  }

  get congested(): boolean {
    return this.#node.congested;
  }

  deliver(message: Message, _by: Subscription, group: SharedGroup | undefined): void {
    this.#node.deliver(message, this.#addressed, group);
  }

  isFull(qos: Qos): boolean {
    return this.#node.isFull(qos);
  }

  awaitRelief(publisher: Publisher): void {
    this.#node.awaitRelief(publisher);
  }
}
