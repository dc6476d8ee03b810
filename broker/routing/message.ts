import type { Qos } from '../../wire/mod.js';
import { Receipt } from './receipt.js';
import type { Subscriber } from './subscription.js';

const EMPTY = new Uint8Array(0);
/** V8 keeps typed arrays up to this many bytes inside the object, without an ArrayBuffer of their own. */
const INLINE_BYTES = 64;

/**
 * One application message on its way through the node. It is either *borrowed* (its fields point into a read
 * buffer that is used again after the call; one such object per node, refilled for each PUBLISH) or *kept*
 * (it owns its bytes and does not change any more). `keep()` makes the second from the first, once for all
 * the queues and windows that need it.
 */
export class Message {
  topic: Uint8Array = EMPTY;
  topicStart = 0;
  topicEnd = 0;
  /** MQTT 5 properties to pass on, without topic alias; empty range if none. */
  properties: Uint8Array = EMPTY;
  propertiesStart = 0;
  propertiesEnd = 0;
  payload: Uint8Array = EMPTY;
  payloadStart = 0;
  payloadEnd = 0;
  qos: Qos = 0;
  retain = false;
  /** Where the four bytes of the Message Expiry Interval lie in `properties`, −1 if it has none. */
  expiryAt = -1;
  /** On the node's clock; Infinity if the message does not expire. */
  expiresAtMs = Number.POSITIVE_INFINITY;
  /** On the node's clock: when it came, from which its expiry counts, */
  receivedAtMs = 0;
  /** and when it was given to the router, later for one that waited. */
  routedAtMs = 0;
  /** For the No Local option. */
  publisher: Subscriber | undefined = undefined;
  /** What the publisher's acknowledgement waits for; there once the message went to another node. */
  receipt: Receipt | undefined = undefined;
  /** False for what the node itself says. */
  fromClient = true;
  /** On links between nodes: the number of the session it is for, 0 for all that subscribed. */
  member = 0;
  /** More than one subscriber gets this message: worth encoding once and copying. */
  fanOut = false;
  /** The frame encoded last while fanning out; see session/delivery. 0 = none. */
  frameKey = 0;
  #kept: Message | undefined = undefined;

  /** Forgets what the last message left behind. The caller sets the ranges after it. */
  renew(): void {
    this.#kept = undefined;
    this.receipt = undefined;
    this.member = 0;
    this.fanOut = false;
    this.frameKey = 0;
    this.expiryAt = -1;
    this.expiresAtMs = Number.POSITIVE_INFINITY;
  }

  /** A message of the node itself; it owns its bytes and has no properties. */
  static of(topic: string, payload: Uint8Array, qos: Qos, retain: boolean, nowMs: number): Message {
    const message = new Message();
    message.fromClient = false;
    message.topic = Buffer.from(topic);
    message.topicEnd = message.topic.length;
    message.payload = payload;
    message.payloadEnd = payload.length;
    message.qos = qos;
    message.retain = retain;
    message.receivedAtMs = nowMs;
    message.routedAtMs = nowMs;
    message.#kept = message;
    return message;
  }

  /** This message with bytes of its own; the same object for every caller. */
  keep(): Message {
    if (this.#kept !== undefined) return this.#kept;
    const topicBytes = this.topicEnd - this.topicStart;
    const propertiesBytes = this.propertiesEnd - this.propertiesStart;
    const payloadBytes = this.payloadEnd - this.payloadStart;
    const total = topicBytes + propertiesBytes + payloadBytes;
    const bytes = total <= INLINE_BYTES ? new Uint8Array(total) : Buffer.allocUnsafe(total);
    copy(this.topic, this.topicStart, this.topicEnd, bytes, 0);
    copy(this.properties, this.propertiesStart, this.propertiesEnd, bytes, topicBytes);
    copy(this.payload, this.payloadStart, this.payloadEnd, bytes, topicBytes + propertiesBytes);
    const kept = new Message();
    kept.topic = bytes;
    kept.topicEnd = topicBytes;
    kept.properties = bytes;
    kept.propertiesStart = topicBytes;
    kept.propertiesEnd = topicBytes + propertiesBytes;
    kept.payload = bytes;
    kept.payloadStart = kept.propertiesEnd;
    kept.payloadEnd = total;
    kept.qos = this.qos;
    kept.retain = this.retain;
    kept.expiryAt = this.expiryAt < 0 ? -1 : this.expiryAt - this.propertiesStart + topicBytes;
    kept.expiresAtMs = this.expiresAtMs;
    kept.receivedAtMs = this.receivedAtMs;
    kept.routedAtMs = this.routedAtMs;
    kept.publisher = this.publisher;
    kept.receipt = this.receipt;
    kept.#kept = kept;
    this.#kept = kept;
    return kept;
  }

  /** One more node must take the message before its publisher hears that it is taken. */
  awaitNode(): void {
    this.receipt ??= new Receipt();
    this.receipt.expect();
    if (this.#kept !== undefined) this.#kept.receipt = this.receipt;
  }

  /** Bytes a queue is charged for holding this message. */
  get heldBytes(): number {
    return (
      this.topicEnd -
      this.topicStart +
      (this.propertiesEnd - this.propertiesStart) +
      (this.payloadEnd - this.payloadStart)
    );
  }

  get topicName(): string {
    return Buffer.from(this.topic.buffer, this.topic.byteOffset, this.topic.length).toString(
      'utf8',
      this.topicStart,
      this.topicEnd,
    );
  }

  get payloadBytes(): number {
    return this.payloadEnd - this.payloadStart;
  }

  isExpired(nowMs: number): boolean {
    return nowMs >= this.expiresAtMs;
  }
}

/** Copies a range without making a view for the short ones, which are the many. */
export function copy(
  from: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
): void {
  if (end - start > 96) {
    into.set(from.subarray(start, end), at);
    return;
  }
  for (let index = start, to = at; index < end; index++, to++) into[to] = from[index] as number;
}
