import { PacketType, type ProtocolVersion, type Qos, writeAck } from '../../wire/mod.js';
import {
  ACKED,
  countSent,
  DROPPED_EXPIRED,
  DROPPED_NO_LOCAL,
  DROPPED_OFFLINE,
  DROPPED_QUEUE_FULL,
  DROPPED_SESSION_END,
  DROPPED_SLOW,
  DROPPED_TOO_LARGE,
  drop,
  FORWARDED,
  type Message,
  type Publisher,
  RETRANSMITTED,
  type Receipt,
  SENT,
  SENT_QOS0,
  type SharedGroup,
  type Subscriber,
  type Subscription,
} from '../routing/mod.js';
import type { Slowness, SlowSubscriber } from './backpressure.js';
import { Deadline } from './deadline-wheel.js';
import { type Delivery, TOO_LARGE } from './delivery.js';
import type { Gate } from './gate.js';
import { AWAIT_PUBACK, AWAIT_PUBCOMP, AWAIT_PUBREC, InflightWindow } from './inflight-window.js';
import type { SessionLimits } from './limits.js';
import { MessageQueue } from './message-queue.js';
import type { Node } from './node.js';
import type { Outbox } from './outbox.js';
import type { PreparedWill } from './will.js';

/** The connection a session is on, as the session sees it. */
export interface Connection {
  readonly outbox: Outbox;
  readonly version: ProtocolVersion;
  /** Largest packet the client takes, bytes. */
  readonly maximumPacketSize: number;
  /** QoS 1 and 2 messages the client takes without acknowledging. */
  readonly receiveMaximum: number;
  /** `address:port` of the client; asked for while the connection is there. */
  readonly peer: string;
  /** Somebody else connected with this client identifier. */
  takenOver(nowMs: number): void;
  /** Ends the connection from this side; MQTT 5 clients are told why. */
  close(reasonCode: number, nowMs: number): void;
}

/**
 * What a client has on this node beyond its connection (§4.1): subscriptions, messages on their way to it,
 * and the QoS 2 messages from it that are not released. A state machine without I/O and clock: it writes
 * into its connection's outbox and is told the time.
 *
 * Over 500 lines because every message passes the same private state: window, queue and outbox.
 */
export class Session extends Deadline implements Subscriber, SlowSubscriber {
  readonly clientId: string;
  readonly reach: 'node' | 'cluster' = 'node';
  congested = false;
  slowness: Slowness | undefined = undefined;
  connection: Connection | undefined = undefined;
  /** How long it outlives its connection; 0 ends it there, Infinity never. */
  expiryMs = 0;
  /** While it has no connection. */
  expiresAtMs = 0;
  /** There while the session moves between nodes. */
  gate: Gate | undefined = undefined;
  /** By which the cluster knows that the client is this node's. */
  claim: string | undefined = undefined;
  will: PreparedWill | undefined = undefined;
  /** When a will that is to be published after its delay is due; 0 if there is none. */
  willDueMs = 0;
  /** By the filter as the client wrote it, `$share/…` included. */
  subscriptions: Map<string, Subscription> | undefined = undefined;
  /**
   * Identifiers of QoS 2 messages that were routed and wait for PUBREL: not to be routed again. With what PUBREC
   * waited or waits for, if they went to other nodes.
   */
  awaitingRelease: Map<number, Receipt | undefined> | undefined = undefined;
  // What its last CONNECT said, and what has happened since: only to be shown.
  username: string | undefined = undefined;
  version: ProtocolVersion = 4;
  cleanStart = true;
  keepAliveSeconds = 0;
  /** On the node's clock. */
  readonly createdAtMs: number;
  connectedAtMs = 0;
  /** When the last connection ended; meaningful while there is none. */
  disconnectedAtMs = 0;
  /** PUBLISH packets to the client, repeated ones included. */
  delivered = 0;
  /** Messages to the client that were dropped, for whatever reason. */
  dropped = 0;
  readonly #node: Node;
  readonly #limits: SessionLimits;
  /** Kept only where the session can outlive its connection: a million strings otherwise. */
  #lastPeer = '';
  #window: InflightWindow | undefined = undefined;
  /** The first so many of the window's unacknowledged messages, oldest first, to be sent again. */
  #unsent: { id: number; delivery: Delivery }[] | undefined = undefined;
  #queue: MessageQueue | undefined = undefined;
  /** Retained messages for new subscriptions; they go out before anything newer. */
  #retained: MessageQueue | undefined = undefined;
  /** QoS 1 and 2 messages that may be in flight on this connection. */
  #quota = 0;

  /** `limits`: others than the node's, for a session that is no client's. */
  constructor(clientId: string, node: Node, nowMs: number, limits: SessionLimits = node.limits) {
    super();
    this.clientId = clientId;
    this.createdAtMs = nowMs;
    this.#node = node;
    this.#limits = limits;
  }

  get online(): boolean {
    return this.connection !== undefined;
  }

  get inflight(): number {
    return this.#window?.count ?? 0;
  }

  get queued(): number {
    return (this.#queue?.length ?? 0) + (this.#retained?.length ?? 0);
  }

  /** `address:port` of the last connection. */
  get peer(): string {
    return this.connection?.peer ?? this.#lastPeer;
  }

  /** Will delay or session expiry; the registry does both. */
  override wake(nowMs: number): number {
    return this.#node.sessions.wake(this, nowMs);
  }

  // Messages to the client

  deliver(message: Message, subscription: Subscription, group: SharedGroup | undefined): void {
    if (this.gate !== undefined && group === undefined && !this.gate.takes(message)) return;
    let by = subscription;
    if (by.noLocal && message.publisher === this) {
      if (by.local === undefined) {
        this.#drop(DROPPED_NO_LOCAL);
        return;
      }
      by = by.local;
    }
    const qos = Math.min(message.qos, by.qos) as Qos;
    const { connection } = this;
    const retain = by.retainAsPublished && message.retain;
    if (connection === undefined) {
      if (qos > 0 || this.#limits.queueQos0) this.#enqueue(message, qos, retain, by, group);
      else this.#drop(DROPPED_OFFLINE);
      return;
    }
    const hasRoom =
      connection.outbox.pendingBytes < this.#limits.pauseBytes ||
      this.#makeRoom(connection, message.routedAtMs);
    if (qos === 0) {
      if (this.#retained !== undefined || this.#queue?.hasQos0) {
        this.#enqueue(message, qos, retain, by, group);
      } else if (hasRoom || this.#mayOverrun(connection)) {
        this.#send(connection, message, 0, retain, false, 0, by.identifiers, message.routedAtMs);
      } else this.#drop(DROPPED_SLOW);
      return;
    }
    this.#window ??= new InflightWindow();
    if (
      !hasRoom ||
      this.#retained !== undefined ||
      this.#unsent !== undefined ||
      this.#window.count >= this.#quota ||
      (this.#queue !== undefined && this.#queue.length > 0)
    ) {
      this.#enqueue(message, qos, retain, by, group);
      return;
    }
    // A session that ends with its connection never sends again: nothing to keep.
    const keep =
      this.expiryMs > 0 || group !== undefined
        ? { message: message.keep(), qos, retain, identifiers: by.identifiers, group }
        : undefined;
    this.#sendNew(connection, message, qos, retain, by.identifiers, keep, message.routedAtMs);
  }

  isFull(qos: Qos): boolean {
    const { connection } = this;
    const { maxQueued, maxQueuedBytes, pauseBytes, queueQos0 } = this.#limits;
    const queue = this.#queue;
    if (qos > 0 || (connection === undefined && queueQos0)) {
      return (
        queue !== undefined && (queue.length >= maxQueued || queue.heldBytes >= maxQueuedBytes)
      );
    }
    if (connection === undefined) return true;
    return connection.outbox.pendingBytes >= pauseBytes && !this.#mayOverrun(connection);
  }

  awaitRelief(publisher: Publisher): void {
    this.#node.backpressure.wait(this, publisher);
  }

  /** Retained messages for a new subscription; sent as the window and the connection allow. */
  deliverRetained(messages: readonly Message[], subscription: Subscription, nowMs: number): void {
    const wanted = subscription.noLocal
      ? messages.filter((message) => !this.#isOwn(message))
      : messages;
    if (wanted.length === 0) return;
    this.#retained ??= new MessageQueue();
    for (const message of wanted) {
      const qos = Math.min(message.qos, subscription.qos) as Qos;
      const { identifiers } = subscription;
      this.#retained.push({ message, qos, retain: true, identifiers, group: undefined });
    }
    this.pump(nowMs);
  }

  // The client's answers

  /** PUBACK. False if no such message is in flight. */
  acknowledged(id: number, nowMs: number): boolean {
    const window = this.#window;
    if (window === undefined || window.state(id) !== AWAIT_PUBACK) return false;
    this.#finish(window, id, nowMs);
    return true;
  }

  /** PUBREC. An error code ends the message [MQTT-4.3.3-2]. False if no such message is in flight. */
  received(id: number, reasonCode: number, nowMs: number): boolean {
    const window = this.#window;
    const state = window?.state(id);
    if (window === undefined || (state !== AWAIT_PUBREC && state !== AWAIT_PUBCOMP)) return false;
    if (reasonCode >= 0x80) this.#finish(window, id, nowMs);
    else if (state === AWAIT_PUBREC) {
      this.#forgetUnsent(id);
      this.#settle(window.delivery(id), nowMs);
      window.received(id);
    }
    return true;
  }

  /** PUBCOMP. False if no such message is in flight. */
  completed(id: number, nowMs: number): boolean {
    const window = this.#window;
    if (window === undefined || window.state(id) !== AWAIT_PUBCOMP) return false;
    this.#finish(window, id, nowMs);
    return true;
  }

  // The connection's life

  /** Takes up a connection; CONNACK has been written to it. Sends again what was in flight [MQTT-4.4.0-1]. */
  attach(connection: Connection, nowMs: number): void {
    this.connection = connection;
    this.connectedAtMs = nowMs;
    this.#lastPeer = this.expiryMs > 0 ? connection.peer : '';
    this.#quota = Math.min(connection.receiveMaximum, this.#limits.maxInflight);
    this.#unsent = undefined;
    for (const { id, state, delivery } of this.#window?.entries() ?? []) {
      if (state === AWAIT_PUBCOMP) this.#sendRelease(connection, id);
      else if (delivery === undefined) this.#window?.release(id);
      else {
        this.#unsent ??= [];
        this.#unsent.push({ id, delivery });
      }
    }
    this.pump(nowMs);
  }

  /** The connection is gone; what is in flight and queued stays. */
  detach(nowMs: number): void {
    this.connection = undefined;
    this.disconnectedAtMs = nowMs;
    this.#unsent = undefined;
    this.#node.backpressure.relieve(this);
  }

  /** Sends what the window and the connection have room for. */
  pump(nowMs: number): void {
    const { connection } = this;
    if (connection === undefined) return;
    const { outbox } = connection;
    const { pauseBytes } = this.#limits;
    while (this.#sendNext(connection, nowMs)) {
      if (outbox.pendingBytes >= pauseBytes) outbox.flush();
      if (outbox.pendingBytes >= pauseBytes) break;
    }
    if (this.congested && this.#hasCaughtUp(connection)) this.#node.backpressure.relieve(this);
  }

  /**
   * The session is over. Messages of shared groups go to other members, except those of QoS 2 that the
   * client may have had already [MQTT-4.8.2-5]. Its subscriptions must be gone by then.
   */
  end(nowMs: number): void {
    const lost: Delivery[] = [];
    for (const { state, delivery } of this.#window?.entries() ?? []) {
      if (delivery !== undefined && state === AWAIT_PUBACK) lost.push(delivery);
      else this.#settle(delivery, nowMs);
    }
    this.#window = undefined;
    for (let next = this.#queue?.shift(); next !== undefined; next = this.#queue?.shift()) {
      lost.push(next);
    }
    this.#queue = undefined;
    this.#retained = undefined;
    this.#unsent = undefined;
    for (const delivery of lost) {
      const { message, group } = delivery;
      const { router, counters } = this.#node;
      if (group === undefined || !router.redispatch(message, group, nowMs)) {
        drop(counters, DROPPED_SESSION_END);
      }
      this.#settle(delivery, nowMs);
    }
  }

  /** Everything on its way to the client, oldest first: for another node to go on with. */
  pending(): { inflight: ReturnType<InflightWindow['entries']>; queued: Delivery[] } {
    const queued = [...(this.#retained?.values() ?? []), ...(this.#queue?.values() ?? [])];
    return { inflight: this.#window?.entries() ?? [], queued };
  }

  /** What is on its way to the client has been given to another node: nothing of it is lost, nobody else gets it. */
  givenAway(): void {
    this.#window = undefined;
    this.#queue = undefined;
    this.#retained = undefined;
    this.#unsent = undefined;
  }

  /** The other side of `pending`, in a session that is new here: before what came to it here meanwhile. */
  restore({ inflight, queued }: ReturnType<Session['pending']>): void {
    const later = this.#queue?.values() ?? [];
    this.#queue = undefined;
    for (const { id, state, delivery } of inflight) {
      this.#window ??= new InflightWindow();
      this.#window.restore(id, state, delivery);
    }
    for (const delivery of [...queued, ...later]) {
      this.#queue ??= new MessageQueue();
      this.#queue.push(delivery);
    }
  }

  // Inside

  /** One message, resent, retained or queued; false if there is none or the window is full. */
  #sendNext(connection: Connection, nowMs: number): boolean {
    const window = this.#window;
    const unsent = this.#unsent;
    const inFlight = (window?.count ?? 0) - (unsent?.length ?? 0);
    if (unsent !== undefined) {
      if (inFlight >= this.#quota) return false;
      const [{ id, delivery }] = unsent as [{ id: number; delivery: Delivery }];
      unsent.shift();
      if (unsent.length === 0) this.#unsent = undefined;
      const { message, qos, retain, identifiers } = delivery;
      if (this.#send(connection, message, qos, retain, true, id, identifiers, nowMs)) {
        this.#node.counters[RETRANSMITTED]!++;
      } else {
        window?.release(id);
        this.#settle(delivery, nowMs);
      }
      return true;
    }
    const queue = this.#retained ?? this.#queue;
    const next = queue?.first;
    if (queue === undefined || next === undefined) return false;
    if (next.qos > 0 && inFlight >= this.#quota) return false;
    queue.shift();
    if (queue.length === 0 && queue === this.#retained) this.#retained = undefined;
    const { message, qos, retain, identifiers, group } = next;
    if (message.isExpired(nowMs)) {
      this.#drop(DROPPED_EXPIRED);
      this.#settle(next, nowMs);
    } else if (qos === 0) {
      this.#send(connection, message, 0, retain, false, 0, identifiers, nowMs);
    } else {
      const keep = this.expiryMs > 0 || group !== undefined ? next : undefined;
      this.#sendNew(connection, message, qos, retain, identifiers, keep, nowMs);
    }
    return true;
  }

  #sendNew(
    connection: Connection,
    message: Message,
    qos: Qos,
    retain: boolean,
    identifiers: readonly number[] | undefined,
    keep: Delivery | undefined,
    nowMs: number,
  ): void {
    this.#window ??= new InflightWindow();
    const id = this.#window.take(qos === 1 ? AWAIT_PUBACK : AWAIT_PUBREC, keep);
    if (!this.#send(connection, message, qos, retain, false, id, identifiers, nowMs)) {
      this.#window.release(id);
      this.#settle(keep, nowMs);
    }
  }

  /** False if the packet is larger than the client takes: dropped, as if it had been sent [MQTT-3.1.2-25]. */
  #send(
    connection: Connection,
    message: Message,
    qos: Qos,
    retain: boolean,
    dup: boolean,
    id: number,
    identifiers: readonly number[] | undefined,
    nowMs: number,
  ): boolean {
    const { counters, frames } = this.#node;
    const bytes = frames.send(
      connection.outbox,
      connection.version,
      connection.maximumPacketSize,
      message,
      qos,
      retain,
      dup,
      id,
      identifiers,
      nowMs,
    );
    if (bytes === TOO_LARGE) {
      this.#drop(DROPPED_TOO_LARGE);
      return false;
    }
    if (this.reach === 'node') {
      this.delivered++;
      counters[SENT]!++;
      counters[SENT_QOS0 + qos]!++;
      countSent(counters, PacketType.PUBLISH);
    } else counters[FORWARDED]!++;
    return true;
  }

  /** Another node has taken the message, or never will: its publisher need not wait for that any more. */
  #settle(delivery: Delivery | undefined, nowMs: number): void {
    if (this.reach === 'cluster') delivery?.message.receipt?.settle(nowMs);
  }

  #sendRelease(connection: Connection, id: number): void {
    const at = connection.outbox.reserve(4);
    writeAck(connection.outbox.buffer, at, PacketType.PUBREL, id);
    countSent(this.#node.counters, PacketType.PUBREL);
  }

  /** No Local is about the client identifier [MQTT-3.8.3-3]: what is retained may come from an earlier session. */
  #isOwn({ publisher }: Message): boolean {
    return publisher instanceof Session && publisher.clientId === this.clientId;
  }

  #finish(window: InflightWindow, id: number, nowMs: number): void {
    this.#forgetUnsent(id);
    this.#settle(window.delivery(id), nowMs);
    window.release(id);
    if (this.reach === 'node') this.#node.counters[ACKED]!++;
    if (this.#queue !== undefined || this.#retained !== undefined || this.#unsent !== undefined) {
      this.pump(nowMs);
    }
  }

  /** An answer to a message of the last connection that was not sent again on this one yet. */
  #forgetUnsent(id: number): void {
    if (this.#unsent === undefined) return;
    const at = this.#unsent.findIndex((entry) => entry.id === id);
    if (at < 0) return;
    this.#unsent.splice(at, 1);
    if (this.#unsent.length === 0) this.#unsent = undefined;
  }

  #enqueue(
    message: Message,
    qos: Qos,
    retain: boolean,
    by: Subscription,
    group: SharedGroup | undefined,
  ): void {
    const { maxQueued, maxQueuedBytes } = this.#limits;
    this.#queue ??= new MessageQueue();
    const queue = this.#queue;
    queue.push({ message: message.keep(), qos, retain, identifiers: by.identifiers, group });
    while (queue.length > maxQueued || queue.heldBytes > maxQueuedBytes) {
      this.#settle(queue.shift(), message.routedAtMs);
      this.#drop(DROPPED_QUEUE_FULL);
    }
    if (queue.length * 2 < maxQueued && queue.heldBytes * 2 < maxQueuedBytes) return;
    const { backpressure } = this.#node;
    // What is dropped here its publisher takes for taken: another node is waited for until it has it, or is gone.
    if (this.reach === 'cluster') backpressure.hold(this);
    else if (this.connection !== undefined) backpressure.congest(this, message.routedAtMs);
  }

  #drop(reason: number): void {
    this.dropped++;
    drop(this.#node.counters, reason);
  }

  /** Too much waits: out with it if the transport takes it, otherwise the client is behind. */
  #makeRoom(connection: Connection, nowMs: number): boolean {
    const { outbox } = connection;
    outbox.flush();
    if (outbox.pendingBytes < this.#limits.pauseBytes) return true;
    this.#node.backpressure.congest(this, nowMs);
    return false;
  }

  /** Those within their grace may hold more than `pauseBytes`: their publishers are about to stop. */
  #mayOverrun(connection: Connection): boolean {
    const { maxPendingBytes, maxPendingTotalBytes } = this.#limits;
    return (
      this.congested &&
      connection.outbox.pendingBytes < maxPendingBytes &&
      this.#node.turn.pool.outstandingBytes < maxPendingTotalBytes
    );
  }

  #hasCaughtUp(connection: Connection): boolean {
    const { pauseBytes, maxQueued, maxQueuedBytes } = this.#limits;
    return (
      connection.outbox.pendingBytes * 4 <= pauseBytes &&
      (this.#queue === undefined ||
        (this.#queue.length * 4 <= maxQueued && this.#queue.heldBytes * 4 <= maxQueuedBytes))
    );
  }
}
