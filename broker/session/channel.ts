import {
  decode,
  encode,
  Framer,
  type FrameSink,
  isReasonCodeAllowed,
  MqttError,
  type Packet,
  PacketType,
  PINGRESP,
  type ProtocolVersion,
  ReasonCode,
  readAckPacketId,
  readAckReasonCode,
  readPublish,
  writeAck,
} from '../../wire/mod.js';
import {
  BYTES_RECEIVED,
  CONNECT_TIMEOUTS,
  countReceived,
  countSent,
  DROPPED_MESSAGES,
  HELD,
  KEEPALIVE_TIMEOUTS,
  type Message,
  PACKETS_MALFORMED,
  PUBLISHERS_PAUSED,
  PUBLISHES_REFUSED,
  RECEIVED,
  RECEIVED_QOS0,
  Receipt,
  type ReceiptOwner,
  type Route,
  type RoutedPublisher,
  TOO_DEEP,
} from '../routing/mod.js';
import { CLIENTS } from './connect.js';
import { Deadline } from './deadline-wheel.js';
import type { Node } from './node.js';
import type { Outbox } from './outbox.js';
import { readPublishProperties } from './publish-properties.js';
import type { Connection, Session } from './session.js';
import { subscribe, unsubscribe } from './subscribe.js';

const AWAIT_CONNECT = 0;
const OPEN = 1;
const CLOSED = 2;

/** First byte of a CONNECT. */
const CONNECT = PacketType.CONNECT << 4;
const NO_BYTES = new Uint8Array(0);

/** The reading side of the transport. */
export interface Intake {
  /** `address:port` of the other side. */
  readonly peer: string;
  /** No more bytes, until `resume`. */
  pause(): void;
  resume(): void;
}

/** Who is on the other end, clients or other nodes: how they are let in, and where their messages go. */
export interface Ingress {
  /** They may name a session a message is for, and are not counted as clients. */
  readonly fromNode: boolean;
  /** Largest packet before the channel is open, bytes; the node's limit if it is left out. */
  readonly firstPacketSize?: number;
  /** Largest packet after that. */
  readonly maximumPacketSize?: number;
  /**
   * The first packet, or the next while the handshake lasts. `open`: the channel was opened; `more`: another packet is
   * to come; `refused`: the answer is written, close; `later`: nothing is read until `channel.proceed`.
   */
  accept(
    channel: Channel,
    bytes: Uint8Array,
    start: number,
    bodyStart: number,
    end: number,
    nowMs: number,
  ): 'open' | 'more' | 'refused' | 'later';
  /** Number of subscribers, or HELD or TOO_DEEP, as Router.publish. */
  publish(channel: Channel, message: Message): number;
  /** The connection is over; the session may be on another one by now. */
  left(channel: Channel, session: Session, nowMs: number): void;
}

/**
 * One connection's side of the protocol: CONNECT to DISCONNECT, keep-alive, topic aliases, and the way of
 * each packet to the session. No I/O and no clock: bytes and the time come in by `receive`, bytes go out
 * through the outbox.
 *
 * Over 500 lines because all packets share its private state, and a part of it elsewhere would be a call more for each
 * of them.
 */
export class Channel
  extends Deadline
  implements FrameSink, RoutedPublisher, Connection, ReceiptOwner
{
  readonly outbox: Outbox;
  version: ProtocolVersion = 4;
  maximumPacketSize = Number.POSITIVE_INFINITY;
  receiveMaximum = 65_535;
  lastRoute: Route | undefined = undefined;
  /** 1.5 times the client's keep-alive [MQTT-3.1.2-22]; 0 if it has none. */
  silenceMs = 0;
  session: Session | undefined = undefined;
  readonly #node: Node;
  readonly #ingress: Ingress;
  readonly #intake: Intake;
  readonly #framer: Framer;
  #state = AWAIT_CONNECT;
  #nowMs: number;
  #lastPacketMs: number;
  /** Topics by alias; made when a client uses the first. */
  #aliases: (Uint8Array | undefined)[] | undefined = undefined;
  /** While reading: the chunk at hand, and how much of its first packet had come before. */
  #chunk: Uint8Array = NO_BYTES;
  #chunkBytes = 0;
  #heldBefore = 0;
  /** Acknowledgements that wait for other nodes, and those behind them. */
  #owed: Receipt[] | undefined = undefined;
  /** Bytes read and not handled: the publisher waits for a subscriber. */
  #held: Uint8Array | undefined = undefined;
  /** Not read from, for it does not take the answers to what it sends. */
  #stalled = false;
  /** What was held and is being read again: a buffer of our own. */
  #own: Uint8Array | undefined = undefined;

  constructor(
    node: Node,
    outbox: Outbox,
    intake: Intake,
    nowMs: number,
    ingress: Ingress = CLIENTS,
  ) {
    super();
    this.#node = node;
    this.#ingress = ingress;
    this.outbox = outbox;
    this.#intake = intake;
    this.#framer = new Framer(ingress.firstPacketSize ?? node.limits.maximumPacketSize);
    this.#nowMs = nowMs;
    this.#lastPacketMs = nowMs;
    node.wheel.set(this, nowMs + node.limits.connectTimeoutMs);
  }

  get isClosed(): boolean {
    return this.#state === CLOSED;
  }

  get peer(): string {
    return this.#intake.peer;
  }

  get node(): Node {
    return this.#node;
  }

  // From the transport

  /** Bytes from the client, `bytes[0..length)`; they are not looked at after the call. */
  receive(bytes: Uint8Array, length: number, nowMs: number): void {
    this.#node.counters[BYTES_RECEIVED]! += length;
    if (this.#held !== undefined) {
      // Read before the pause took hold.
      this.#held = Buffer.concat([this.#held, bytes.subarray(0, length)]);
      return;
    }
    this.#read(bytes, length, nowMs);
    if (this.outbox.pendingBytes >= this.#node.limits.maxPendingBytes) this.#stall();
  }

  /** The transport takes bytes again. */
  drained(nowMs: number): void {
    this.outbox.drained();
    this.session?.pump(nowMs);
    if (!this.#stalled) return;
    // Nobody listens to it, but it lives: it takes what it is owed.
    this.#lastPacketMs = nowMs;
    if (this.outbox.pendingBytes * 2 > this.#node.limits.maxPendingBytes) return;
    this.#stalled = false;
    if (this.#held === undefined && this.#state === OPEN) this.#intake.resume();
  }

  /** The transport is closed. */
  closed(nowMs: number): void {
    this.#leave(nowMs);
    this.#state = CLOSED;
    this.#node.wheel.remove(this);
    this.#held = undefined;
    this.outbox.close();
  }

  /** Back-pressure is over: goes on with what was read. */
  resume(nowMs: number): void {
    const held = this.#held;
    if (held === undefined || this.#state !== OPEN) return;
    this.#held = undefined;
    this.#lastPacketMs = nowMs;
    this.#own = held;
    this.#read(held, held.length, nowMs);
    this.#own = undefined;
    if (this.#held === undefined && this.#state === OPEN && !this.#stalled) this.#intake.resume();
  }

  // From the node

  takenOver(nowMs: number): void {
    this.close(ReasonCode.SESSION_TAKEN_OVER, nowMs);
  }

  /** Connect timeout, keep-alive, or a close that takes too long. */
  override wake(nowMs: number): number {
    if (this.#state === CLOSED) {
      this.outbox.destroy();
      return 0;
    }
    if (this.#state === AWAIT_CONNECT) {
      this.#node.counters[CONNECT_TIMEOUTS]!++;
      this.#state = CLOSED;
      this.outbox.destroy();
      return 0;
    }
    // A client that is kept waiting is not silent: nobody listens to it.
    if (this.#held !== undefined) this.#lastPacketMs = nowMs;
    const dueMs = this.#lastPacketMs + this.silenceMs;
    if (nowMs < dueMs) return dueMs;
    this.#node.counters[KEEPALIVE_TIMEOUTS]!++;
    this.close(ReasonCode.KEEP_ALIVE_TIMEOUT, nowMs);
    return 0;
  }

  /** Ends the connection from this side; MQTT 5 clients are told why. */
  close(reasonCode: number, nowMs: number, reasonString?: string): void {
    if (this.#state === CLOSED) return;
    if (this.#state === OPEN && this.version === 5) {
      const code = isReasonCodeAllowed(reasonCode, PacketType.DISCONNECT)
        ? reasonCode
        : ReasonCode.PROTOCOL_ERROR;
      const isSaid =
        reasonString !== undefined &&
        this.send({ type: 'disconnect', reasonCode: code, properties: { reasonString } });
      if (!isSaid) this.send({ type: 'disconnect', reasonCode: code });
    }
    this.#end(nowMs);
  }

  /** The handshake is done: from now on packets of all types. */
  open(session: Session, silenceMs: number): void {
    this.session = session;
    this.silenceMs = silenceMs;
    this.#state = OPEN;
    this.#framer.version = this.version;
    this.#framer.maximumPacketSize =
      this.#ingress.maximumPacketSize ?? this.#node.limits.maximumPacketSize;
    if (silenceMs > 0) this.#node.wheel.set(this, this.#nowMs + silenceMs);
    else this.#node.wheel.remove(this);
  }

  /** The handshake that was to be finished later is: false refuses, what has to be said is written. */
  proceed(accepted: boolean, nowMs: number): void {
    if (this.#state === CLOSED) return;
    if (accepted) this.resume(nowMs);
    else this.#end(nowMs);
  }

  /** Writes a packet; false if the client does not take one so large [MQTT-3.1.2-24]. */
  send(packet: Packet): boolean {
    const bytes = encode(packet, this.version);
    if (bytes.length > this.maximumPacketSize) return false;
    this.outbox.append(bytes);
    countSent(this.#node.counters, (bytes[0] as number) >> 4);
    return true;
  }

  // Packets

  /** FrameSink: one packet. */
  frame(bytes: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    const type = (bytes[start] as number) >> 4;
    countReceived(this.#node.counters, type);
    this.#lastPacketMs = this.#nowMs;
    const { session } = this;
    if (session === undefined) return this.#connect(bytes, start, bodyStart, end);
    switch (type) {
      case PacketType.PUBLISH:
        return this.#publish(session, bytes, start, bodyStart, end);
      case PacketType.PUBACK:
        readAckReasonCode(bytes, bodyStart, end, this.version);
        session.acknowledged(readAckPacketId(bytes, bodyStart, end), this.#nowMs);
        return true;
      case PacketType.PUBREC:
        return this.#pubrec(session, bytes, bodyStart, end);
      case PacketType.PUBREL:
        return this.#pubrel(session, bytes, bodyStart, end);
      case PacketType.PUBCOMP:
        readAckReasonCode(bytes, bodyStart, end, this.version);
        session.completed(readAckPacketId(bytes, bodyStart, end), this.#nowMs);
        return true;
      case PacketType.CONNECT:
        throw unexpected('CONNECT', '[MQTT-3.1.0-2]');
      default:
        return this.#control(session, decode(bytes, start, bodyStart, end, this.version));
    }
  }

  #read(bytes: Uint8Array, length: number, nowMs: number): void {
    if (this.#state === CLOSED) return;
    this.#nowMs = nowMs;
    const isFirst = this.#state === AWAIT_CONNECT && this.#framer.heldBytes === 0;
    if (isFirst && bytes[0] !== CONNECT && !this.#ingress.fromNode) {
      // [MQTT-3.1.0-1]; its version is not known, so there is nobody to tell.
      this.#node.counters[PACKETS_MALFORMED]!++;
      this.#end(nowMs);
      return;
    }
    this.#chunk = bytes;
    this.#chunkBytes = length;
    this.#heldBefore = this.#framer.heldBytes;
    try {
      this.#framer.push(bytes, length, this);
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
      this.#fail(error);
    }
    this.#chunk = NO_BYTES;
  }

  #publish(
    session: Session,
    bytes: Uint8Array,
    start: number,
    bodyStart: number,
    end: number,
  ): boolean {
    const { view, inbound: message, counters } = this.#node;
    readPublish(bytes, start, bodyStart, end, this.version, view);
    const { qos, packetId } = view;
    message.renew();
    message.topic = bytes;
    message.topicStart = view.topicStart;
    message.topicEnd = view.topicEnd;
    message.payload = bytes;
    message.payloadStart = view.payloadStart;
    message.payloadEnd = view.payloadEnd;
    message.qos = qos;
    message.retain = view.retain;
    message.receivedAtMs = this.#nowMs;
    message.routedAtMs = this.#nowMs;
    message.publisher = session;
    message.propertiesStart = 0;
    message.propertiesEnd = 0;
    if (view.propertiesEnd > view.propertiesStart) {
      const { propertiesStart, propertiesEnd } = view;
      const alias = readPublishProperties(
        bytes,
        propertiesStart,
        propertiesEnd,
        this.#nowMs,
        message,
        this.#ingress.fromNode,
      );
      if (alias !== 0) this.#applyAlias(alias, message);
    }
    if (qos === 2) {
      if (this.#isRepeated(session, packetId)) return true;
      this.#checkReceiveMaximum(session);
    }
    const count = this.#ingress.publish(this, message);
    if (count === HELD) {
      counters[PUBLISHERS_PAUSED]!++;
      return this.#hold(bytes, start, end, start);
    }
    if (!this.#ingress.fromNode) {
      counters[RECEIVED]!++;
      counters[RECEIVED_QOS0 + qos]!++;
    }
    if (count === TOO_DEEP) this.#refuse(message, packetId);
    else if (qos !== 0) {
      if (qos === 2) {
        session.awaitingRelease ??= new Map();
        session.awaitingRelease.set(packetId, message.receipt);
      }
      this.#answer(message, packetId, count === 0 ? ReasonCode.NO_MATCHING_SUBSCRIBERS : 0);
    }
    return true;
  }

  /** A QoS 2 message that was routed already: not again, and PUBREC only when other nodes have taken it. */
  #isRepeated(session: Session, packetId: number): boolean {
    if (!session.awaitingRelease?.has(packetId)) return false;
    const receipt = session.awaitingRelease.get(packetId);
    // It came to nothing while the client was away.
    if (receipt?.refused && this.version === 5) return false;
    if (receipt !== undefined || this.#mustKeepOrder) {
      this.#acknowledgeLater(receipt ?? new Receipt(), PacketType.PUBREC, packetId, 0);
    } else this.#acknowledge(PacketType.PUBREC, packetId, 0);
    return true;
  }

  /** PUBACK or PUBREC, now or when other nodes have taken the message. */
  #answer(message: Message, packetId: number, reasonCode: number): void {
    const type = message.qos === 1 ? PacketType.PUBACK : PacketType.PUBREC;
    const { receipt } = message;
    if (receipt !== undefined || this.#mustKeepOrder) {
      this.#acknowledgeLater(receipt ?? new Receipt(), type, packetId, reasonCode);
    } else this.#acknowledge(type, packetId, reasonCode);
  }

  /**
   * Whether an acknowledgement waits for those before it [MQTT-4.6.0-2]. Not between nodes: a message for a member of
   * a group that has left goes on to another node, perhaps back to the first, and must not wait for itself.
   */
  get #mustKeepOrder(): boolean {
    return this.#owed !== undefined && !this.#ingress.fromNode;
  }

  /** ReceiptOwner */
  taken(): void {
    const owed = this.#owed;
    if (owed === undefined) return;
    if (this.#ingress.fromNode) {
      this.#owed = owed.filter(({ complete }) => !complete);
      for (const receipt of owed) if (receipt.complete) this.#say(receipt);
      if (this.#owed.length === 0) this.#owed = undefined;
      return;
    }
    let said = 0;
    for (; said < owed.length && (owed[said] as Receipt).complete; said++) {
      this.#say(owed[said] as Receipt);
    }
    if (said === owed.length) this.#owed = undefined;
    else owed.splice(0, said);
  }

  #say({ type, packetId, reasonCode }: Receipt): void {
    if (this.#state !== OPEN) return;
    // No PUBREL follows an error: the identifier is free (MQTT 5 §4.3.3).
    if (type === PacketType.PUBREC && reasonCode >= 0x80 && this.version === 5) {
      this.session?.awaitingRelease?.delete(packetId);
    }
    this.#acknowledge(type, packetId, reasonCode);
  }

  #acknowledgeLater(receipt: Receipt, type: 4 | 5, packetId: number, reasonCode: number): void {
    receipt.owe(this, type, packetId, reasonCode);
    this.#owed ??= [];
    this.#owed.push(receipt);
    if (receipt.complete) this.taken();
  }

  /** The node's own topics, and topics too deep, are refused; before MQTT 5 there is no way to say so. */
  #refuse(message: Message, packetId: number): void {
    this.#node.counters[PUBLISHES_REFUSED]!++;
    this.#node.counters[DROPPED_MESSAGES]!++;
    if (message.qos === 0) return;
    const code = isSystemTopic(message) ? ReasonCode.NOT_AUTHORIZED : ReasonCode.TOPIC_NAME_INVALID;
    this.#answer(message, packetId, code);
  }

  /** `reasonCode` goes to MQTT 5 clients only. */
  #acknowledge(type: 4 | 5 | 6 | 7, packetId: number, reasonCode: number): void {
    const { outbox } = this;
    countSent(this.#node.counters, type);
    if (reasonCode === 0 || this.version !== 5) {
      const at = outbox.reserve(4);
      writeAck(outbox.buffer, at, type, packetId);
      return;
    }
    const at = outbox.reserve(5);
    writeAck(outbox.buffer, at, type, packetId);
    outbox.buffer[at + 1] = 3;
    outbox.buffer[at + 4] = reasonCode;
  }

  #applyAlias(alias: number, message: Message): void {
    if (alias > this.#node.limits.topicAliasMaximum) {
      throw new MqttError(
        'TOPIC_ALIAS_INVALID',
        ReasonCode.TOPIC_ALIAS_INVALID,
        '[MQTT-3.3.2-9]',
        `topic alias ${alias} is above the maximum of ${this.#node.limits.topicAliasMaximum}`,
      );
    }
    this.#aliases ??= [];
    if (message.topicEnd > message.topicStart) {
      // Not `slice`, which on a Buffer copies nothing.
      this.#aliases[alias] = Uint8Array.from(
        message.topic.subarray(message.topicStart, message.topicEnd),
      );
      return;
    }
    const topic = this.#aliases[alias];
    if (topic === undefined) {
      throw new MqttError(
        'PROTOCOL_ERROR',
        ReasonCode.PROTOCOL_ERROR,
        'MQTT 5 §3.3.2.3.4',
        `topic alias ${alias} has not been set on this connection`,
      );
    }
    message.topic = topic;
    message.topicStart = 0;
    message.topicEnd = topic.length;
  }

  #checkReceiveMaximum(session: Session): void {
    // Behind a link stand all publishers of a node; its own window bounds it.
    if (this.#ingress.fromNode) return;
    const { receiveMaximum } = this.#node.limits;
    if (this.version !== 5 || (session.awaitingRelease?.size ?? 0) < receiveMaximum) return;
    throw new MqttError(
      'RECEIVE_MAXIMUM_EXCEEDED',
      ReasonCode.RECEIVE_MAXIMUM_EXCEEDED,
      'MQTT 5 §3.3.4',
      `more than ${receiveMaximum} QoS 2 messages without PUBREL`,
    );
  }

  #pubrec(session: Session, bytes: Uint8Array, bodyStart: number, end: number): boolean {
    const code = readAckReasonCode(bytes, bodyStart, end, this.version);
    const packetId = readAckPacketId(bytes, bodyStart, end);
    const known = session.received(packetId, code, this.#nowMs);
    if (code < 0x80) {
      const answer = known ? 0 : ReasonCode.PACKET_IDENTIFIER_NOT_FOUND;
      this.#acknowledge(PacketType.PUBREL, packetId, answer);
    }
    return true;
  }

  #pubrel(session: Session, bytes: Uint8Array, bodyStart: number, end: number): boolean {
    readAckReasonCode(bytes, bodyStart, end, this.version);
    const packetId = readAckPacketId(bytes, bodyStart, end);
    const known = session.awaitingRelease?.delete(packetId) ?? false;
    const answer = known ? 0 : ReasonCode.PACKET_IDENTIFIER_NOT_FOUND;
    this.#acknowledge(PacketType.PUBCOMP, packetId, answer);
    return true;
  }

  #control(session: Session, packet: Packet): boolean {
    switch (packet.type) {
      case 'pingreq':
        this.outbox.append(PINGRESP);
        countSent(this.#node.counters, PacketType.PINGRESP);
        return true;
      case 'subscribe':
        return subscribe(this, session, packet, this.#nowMs);
      case 'unsubscribe':
        return unsubscribe(this, session, packet);
      case 'disconnect':
        return this.#disconnect(session, packet.reasonCode, packet.properties);
      default:
        throw unexpected(packet.type.toUpperCase(), 'MQTT 5 §4.13');
    }
  }

  #disconnect(
    session: Session,
    reasonCode: number,
    properties: { sessionExpiryInterval?: number } | undefined,
  ): boolean {
    const expirySeconds = properties?.sessionExpiryInterval;
    if (expirySeconds !== undefined) {
      if (session.expiryMs === 0 && expirySeconds > 0) {
        throw new MqttError(
          'PROTOCOL_ERROR',
          ReasonCode.PROTOCOL_ERROR,
          'MQTT 5 §3.14.2.2.2',
          'DISCONNECT cannot give a session an expiry that had none at CONNECT',
        );
      }
      session.expiryMs = expiryMs(expirySeconds);
    }
    // Any other reason asks for the will [MQTT-3.1.2-10].
    if (reasonCode === ReasonCode.NORMAL_DISCONNECTION) session.will = undefined;
    this.#end(this.#nowMs);
    return false;
  }

  #connect(bytes: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    if (this.#state !== AWAIT_CONNECT) return false;
    switch (this.#ingress.accept(this, bytes, start, bodyStart, end, this.#nowMs)) {
      case 'refused':
        this.#end(this.#nowMs);
        return false;
      case 'later':
        this.#hold(bytes, start, end, end);
        return false;
      default:
        return true;
    }
  }

  /** Stops reading and keeps what was read from `from` on, which is the packet's start or its end. */
  #hold(bytes: Uint8Array, start: number, end: number, from: number): false {
    const chunk = this.#chunk;
    const rest = chunk.subarray(0, this.#chunkBytes);
    if (bytes === chunk)
      this.#held = chunk === this.#own ? rest.subarray(from) : Buffer.from(rest.subarray(from));
    else {
      // The packet was put together from earlier chunks and the beginning of this one.
      const fromChunk = end - start - this.#heldBefore;
      this.#held = Buffer.concat([bytes.subarray(from, end), rest.subarray(fromChunk)]);
    }
    this.#intake.pause();
    return false;
  }

  /** Acknowledgements and the like have no other bound: each packet that is read adds one. */
  #stall(): void {
    if (this.#stalled || this.#state !== OPEN) return;
    this.outbox.flush();
    if (this.outbox.pendingBytes < this.#node.limits.maxPendingBytes) return;
    this.#stalled = true;
    this.#intake.pause();
  }

  #fail(error: MqttError): void {
    this.#node.counters[PACKETS_MALFORMED]!++;
    this.close(error.reasonCode, this.#nowMs, error.message);
  }

  #leave(nowMs: number): void {
    const { session } = this;
    this.session = undefined;
    if (session !== undefined) this.#ingress.left(this, session, nowMs);
  }

  #end(nowMs: number): void {
    this.#state = CLOSED;
    this.#leave(nowMs);
    this.#held = undefined;
    this.#node.wheel.set(this, nowMs + this.#node.limits.closeTimeoutMs);
    this.outbox.end();
  }
}

function unexpected(packet: string, clause: string): MqttError {
  const what = `${packet} from a client that is connected`;
  return new MqttError('PROTOCOL_ERROR', ReasonCode.PROTOCOL_ERROR, clause, what);
}

/** Session Expiry Interval to the node's unit; the highest value means never (§3.1.2.11.2). */
export function expiryMs(seconds: number): number {
  return seconds === 0xffffffff ? Number.POSITIVE_INFINITY : seconds * 1000;
}

/** `$SYS` or `$SYS/…`: only the node itself publishes there. */
export function isSystemTopic({ topic, topicStart: at, topicEnd }: Message): boolean {
  return (
    topic[at] === 0x24 &&
    topic[at + 1] === 0x53 &&
    topic[at + 2] === 0x59 &&
    topic[at + 3] === 0x53 &&
    (at + 4 === topicEnd || topic[at + 4] === 0x2f)
  );
}
