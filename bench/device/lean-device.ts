import { CONNECT, LAG, PUBLISH, RESPONSE, SERVICE, SUBSCRIBE } from '../../results/measure.js';
import {
  type ConnackPacket,
  decode,
  encode,
  Framer,
  type FrameSink,
  MqttError,
  PacketType,
  PINGREQ,
  PublishView,
  publishBytes,
  readAckPacketId,
  readAckReasonCode,
  readPublish,
  writeAck,
  writePublishHead,
} from '../../wire/mod.js';
import { connectPacket, filtersOfPacket, subscribePacket } from './connect-packets.js';
import { Connection, ConnectionThread, type ConnectionUser } from './connection.js';
import type { Device, DeviceProgram, DeviceThread, Outgoing } from './device.js';
import { EndpointError } from './endpoint.js';
import { keyOf } from './foreign-headers.js';
import { HEADER_BYTES, SEQUENCE_MODULUS, writeHeader } from './header.js';
import { InflightList, InflightSlab } from './inflight.js';
import { NO_MATCHING_SUBSCRIBERS, NO_SUBACK, refusal, UNANSWERED } from './refusal.js';
import { COUNTER } from './tally.js';
import {
  ALIAS_KNOWN,
  ALIAS_NONE,
  ALIAS_PROPERTY_BYTES,
  aliasesRefused,
  TopicAliases,
} from './topic-aliases.js';

/** What the lean devices of one thread share: buffers of their connections, one slab, one view. */
export class LeanThread extends ConnectionThread {
  readonly slab = new InflightSlab();
  readonly view = new PublishView();
  readonly thread: DeviceThread;

  constructor(thread: DeviceThread) {
    super();
    this.thread = thread;
  }
}

type State = 'idle' | 'connecting' | 'connack' | 'suback' | 'ready' | 'closing' | 'closed';

/** A device refuses what it is sent above this: the specification's own limit. */
const LARGEST_PACKET = 268_435_460;
const SUBSCRIBE_PACKET_ID = 1;
const GOODBYE = { type: 'disconnect', reasonCode: 0 } as const;
/** A target closes when it reads DISCONNECT; one that takes longer than this is not waited for. */
const GOODBYE_US = 1_000_000;
const SENT_BY_QOS = [
  COUNTER.publishesSentQos0,
  COUNTER.publishesSentQos1,
  COUNTER.publishesSentQos2,
] as const;

/**
 * One device's MQTT session as a flat object over one connection: no timer, promise or emitter of its own,
 * and nothing allocated per message. What it sends within one turn goes out in one write.
 *
 * Over 500 lines because a million of these exist: what were objects of its own for connecting, publishing and
 * receiving would be memory of each.
 */
export class LeanDevice implements Device, FrameSink, ConnectionUser {
  readonly #shared: LeanThread;
  readonly #program: DeviceProgram;
  readonly #index: number;
  readonly #framer: Framer;
  readonly #inflight = new InflightList();
  readonly #connection: Connection;
  #state: State = 'idle';
  #intendedUs = 0;
  #startedUs = 0;
  #subscribedAtUs = 0;
  #lastSentUs = 0;
  #keepAliveUs: number;
  #pingUnanswered = false;
  /** Counted as connected: from CONNACK until the socket is gone. */
  #open = false;
  #openedUs = 0;
  /** Its subscriptions were granted once in this run, and so are part of its session. */
  #subscribed = false;
  #wantsRoom = false;
  #packetId = SUBSCRIBE_PACKET_ID;
  #window: number;
  readonly #aliases: TopicAliases | undefined;
  /** QoS 2 packet ids received and not yet released [MQTT-4.3.3-10]; made when first needed. */
  #unreleased: Set<number> | undefined;

  /** @param index of the device within its thread */
  constructor(shared: LeanThread, program: DeviceProgram, index: number) {
    this.#shared = shared;
    this.#program = program;
    this.#index = index;
    this.#connection = new Connection(shared, this);
    this.#keepAliveUs = program.keepAliveSeconds * 1_000_000;
    this.#window = program.inflight === 0 ? 65_535 : program.inflight;
    this.#framer = new Framer(program.maximumPacketSize ?? LARGEST_PACKET);
    this.#framer.version = program.version;
    this.#aliases = program.topicAliases ? new TopicAliases(program.topicAliases) : undefined;
  }

  get ready(): boolean {
    return this.#state === 'ready';
  }

  get inflight(): number {
    return this.#inflight.count;
  }

  connect(intendedUs: number): void {
    const { nowUs, tally } = this.#shared.thread;
    this.#intendedUs = intendedUs;
    this.#startedUs = nowUs();
    this.#state = 'connecting';
    this.#pingUnanswered = false;
    this.#framer.reset();
    this.#window = this.#program.inflight === 0 ? 65_535 : this.#program.inflight;
    tally.count(COUNTER.connectsAttempted);
    tally.record(CONNECT * 3 + LAG, this.#startedUs - intendedUs);
    tally.entered(CONNECT, intendedUs);
    try {
      this.#connection.open(this.#program.endpoint(this.#index));
    } catch (error) {
      if (!(error instanceof EndpointError)) throw error;
      this.closed(error.message);
    }
  }

  publish(message: Outgoing, sequence: number, intendedUs: number): boolean {
    const connection = this.#connection;
    if (this.#state !== 'ready' || connection.isFull) {
      this.#wantsRoom = true;
      return false;
    }
    const { qos } = message;
    let packetId = 0;
    if (qos > 0) {
      packetId = (this.#packetId % 65_535) + 1;
      if (
        this.#inflight.count >= this.#window ||
        this.#shared.slab.oldestIs(this.#inflight, packetId)
      ) {
        this.#wantsRoom = true;
        return false;
      }
      this.#packetId = packetId;
    }
    const { thread, output, slab } = this.#shared;
    const sentUs = thread.nowUs();
    const lagUs = sentUs - intendedUs;
    const { topic, topicStart, payload, properties } = message;
    let { topicEnd } = message;
    const version = this.#program.version;
    let propertiesStart = 0;
    let propertiesEnd = 0;
    if (properties !== undefined) {
      propertiesStart = properties.start;
      propertiesEnd = properties.end;
      if (properties.topicAlias > 0) {
        const use = this.#aliases?.use(properties.topicAlias) ?? ALIAS_NONE;
        if (use === ALIAS_KNOWN) topicEnd = topicStart;
        else if (use === ALIAS_NONE) propertiesStart += ALIAS_PROPERTY_BYTES;
      }
    }
    const propertiesBytes = propertiesEnd - propertiesStart;
    const bytes = publishBytes(
      topicEnd - topicStart,
      qos,
      propertiesBytes,
      payload.length,
      version,
    );
    const at = output.reserve(bytes, connection);
    const payloadAt = writePublishHead(
      output.bytes,
      at,
      (qos << 1) | (message.retain ? 1 : 0),
      topic,
      topicStart,
      topicEnd,
      packetId,
      properties === undefined ? null : properties.bytes,
      propertiesStart,
      propertiesEnd,
      payload.length,
      version,
    );
    output.bytes.set(payload, payloadAt);
    if (message.timed) {
      const { run, epochUs } = thread.identity;
      writeHeader(
        output.bytes,
        payloadAt + (message.headerAt ?? 0),
        run,
        message.sender,
        sequence,
        intendedUs - epochUs,
        lagUs,
      );
    }
    if (properties?.correlates) {
      const { run, epochUs } = thread.identity;
      const at = payloadAt - HEADER_BYTES;
      writeHeader(output.bytes, at, run, message.sender, sequence, intendedUs - epochUs, lagUs);
    }
    this.#lastSentUs = sentUs;
    const { tally } = thread;
    if (qos > 0) {
      slab.add(this.#inflight, packetId, intendedUs, sentUs);
      tally.entered(PUBLISH, intendedUs);
    }
    tally.count(COUNTER.publishesSent);
    tally.count(SENT_BY_QOS[qos]);
    tally.count(COUNTER.bytesSent, bytes);
    tally.record(PUBLISH * 3 + LAG, lagUs);
    message.request?.sent(message.sender, sequence % SEQUENCE_MODULUS, intendedUs, sentUs);
    return true;
  }

  flush(): void {
    this.#shared.output.flush(this.#connection);
  }

  timer(nowUs: number): number {
    switch (this.#state) {
      case 'connecting':
      case 'connack':
      case 'suback': {
        const deadlineUs = this.#startedUs + this.#program.connectTimeoutUs;
        // Looked at each second, for once it is ready the keep-alive counts, and that may be shorter.
        if (nowUs < deadlineUs) return Math.min(deadlineUs, nowUs + 1_000_000);
        const { stage } = this.#connection;
        const waitedFor = { connecting: stage, connack: 'CONNACK', suback: 'SUBACK' };
        this.#drop(`no ${waitedFor[this.#state]} in time`);
        return Number.POSITIVE_INFINITY;
      }
      case 'ready':
        return this.#keepAlive(nowUs);
      case 'closing': {
        const deadlineUs = this.#lastSentUs + GOODBYE_US;
        if (nowUs < deadlineUs) return deadlineUs;
        this.#connection.destroy();
        return Number.POSITIVE_INFINITY;
      }
      default:
        return Number.POSITIVE_INFINITY;
    }
  }

  disconnect(): void {
    // The target closes first, or else the port could not be used again for a minute (TIME_WAIT).
    if (this.#leave()) this.#send(encode(GOODBYE, this.#program.version));
    else this.#connection.destroy();
  }

  cut(): void {
    this.#leave();
    this.#connection.cut();
  }

  /** No more is sent or taken. True if the target knows the device. */
  #leave(): boolean {
    if (this.#connection.isClosed || this.#state === 'closed') {
      this.#state = 'closed';
      return false;
    }
    if (this.#state === 'suback') this.#unanswered();
    this.#state = 'closing';
    return this.#open;
  }

  /** One whole packet from the target. */
  frame(bytes: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    const type = bytes[start]! >>> 4;
    if (this.#state === 'connack') return this.#connack(bytes, start, bodyStart, end);
    switch (type) {
      case PacketType.PUBLISH:
        this.#delivery(bytes, start, bodyStart, end);
        return true;
      case PacketType.PUBACK:
      case PacketType.PUBCOMP:
        this.#answered(bytes, bodyStart, end);
        return true;
      case PacketType.PUBREC:
        this.#received2(bytes, bodyStart, end);
        return true;
      case PacketType.PUBREL: {
        const packetId = readAckPacketId(bytes, bodyStart, end);
        this.#unreleased?.delete(packetId);
        this.#acknowledge(PacketType.PUBCOMP, packetId);
        return true;
      }
      case PacketType.SUBACK:
        return this.#suback(bytes, start, bodyStart, end);
      case PacketType.PINGRESP:
        this.#pingUnanswered = false;
        return true;
      case PacketType.DISCONNECT: {
        const packet = decode(bytes, start, bodyStart, end, this.#program.version);
        const code = packet.type === 'disconnect' ? packet.reasonCode : 0;
        this.#drop(`disconnected by the target: ${refusal(code, 5)}`);
        return false;
      }
      default:
        this.#drop(`unexpected packet of type ${type} from the target`);
        return false;
    }
  }

  received(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#state === 'closing' || this.#state === 'closed') return false;
    this.#shared.thread.tally.count(COUNTER.bytesReceived, end - start);
    try {
      return this.#framer.push(bytes, end, this, start);
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
      const first = this.#state === 'connack' ? `: ${printable(bytes, start, end)}` : '';
      this.#drop(`the target does not speak MQTT (${error.message})${first}`);
      return false;
    }
  }

  receivedAll(): void {
    this.flush();
    this.drained();
  }

  #hasRoom(): boolean {
    return (
      this.#state === 'ready' && this.#inflight.count < this.#window && !this.#connection.isFull
    );
  }

  #delivery(bytes: Uint8Array, start: number, bodyStart: number, end: number): void {
    const { view, thread } = this.#shared;
    readPublish(bytes, start, bodyStart, end, this.#program.version, view);
    let again = false;
    if (view.qos === 2) {
      this.#unreleased ??= new Set();
      again = this.#unreleased.has(view.packetId);
      if (!again) this.#unreleased.add(view.packetId);
    }
    const nowUs = thread.nowUs();
    const isAnswer = !again && thread.exchange?.received(this.#index, bytes, view, nowUs) === true;
    if (!again && !isAnswer) {
      thread.receiver.delivered(
        this.#index,
        bytes,
        view.payloadStart,
        view.payloadEnd,
        view.qos,
        view.retain,
        nowUs,
        this.#openedUs,
        this.#program.retainFlag,
        thread.receiver.wantsTopic ? keyOf(bytes, view.topicStart, view.topicEnd) : 0,
      );
    }
    if (view.qos === 1) this.#acknowledge(PacketType.PUBACK, view.packetId);
    else if (view.qos === 2) this.#acknowledge(PacketType.PUBREC, view.packetId);
  }

  #acknowledge(type: 4 | 5 | 6 | 7, packetId: number): void {
    const { output, thread } = this.#shared;
    writeAck(output.bytes, output.reserve(4, this.#connection), type, packetId);
    thread.tally.count(COUNTER.bytesSent, 4);
  }

  /** PUBREC: an error ends the exchange [MQTT-4.3.3-4], else PUBREL follows. */
  #received2(bytes: Uint8Array, bodyStart: number, end: number): void {
    const code = readAckReasonCode(bytes, bodyStart, end, this.#program.version);
    if (code >= 0x80) this.#answered(bytes, bodyStart, end);
    else this.#acknowledge(PacketType.PUBREL, readAckPacketId(bytes, bodyStart, end));
  }

  #answered(bytes: Uint8Array, bodyStart: number, end: number): void {
    const { slab, thread } = this.#shared;
    const { tally } = thread;
    const slot = slab.remove(this.#inflight, readAckPacketId(bytes, bodyStart, end));
    if (slot < 0) {
      tally.error('publish: answer to a packet id that is not in flight');
      return;
    }
    const code = readAckReasonCode(bytes, bodyStart, end, this.#program.version);
    if (code >= 0x80) {
      tally.count(COUNTER.publishesFailed);
      tally.error(`publish refused: ${refusal(code, 5)}`);
      tally.left(PUBLISH, slab.intendedUs(slot));
      return;
    }
    const nowUs = thread.nowUs();
    tally.count(COUNTER.publishesAcked);
    if (code === NO_MATCHING_SUBSCRIBERS) tally.count(COUNTER.publishesUnmatched);
    tally.left(PUBLISH, nowUs);
    tally.record(PUBLISH * 3 + SERVICE, nowUs - slab.sentUs(slot));
    tally.record(PUBLISH * 3 + RESPONSE, nowUs - slab.intendedUs(slot));
  }

  #connack(bytes: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    const { thread } = this.#shared;
    const packet = decode(bytes, start, bodyStart, end, this.#program.version);
    if (packet.type !== 'connack') {
      this.#drop(`the target answered CONNECT with ${packet.type.toUpperCase()}`);
      return false;
    }
    if (packet.reasonCode !== 0) {
      this.#drop(`connect refused: ${refusal(packet.reasonCode, this.#program.version)}`);
      return false;
    }
    const nowUs = thread.nowUs();
    this.#open = true;
    this.#openedUs = nowUs;
    thread.tally.count(COUNTER.connectsSucceeded);
    thread.tally.count(COUNTER.connected);
    thread.tally.left(CONNECT, nowUs);
    thread.tally.record(CONNECT * 3 + SERVICE, nowUs - this.#startedUs);
    thread.tally.record(CONNECT * 3 + RESPONSE, nowUs - this.#intendedUs);
    this.#heed(packet);
    if (packet.sessionPresent) thread.tally.count(COUNTER.sessionsResumed);
    if (this.#connection.tlsResumed) thread.tally.count(COUNTER.tlsSessionsResumed);
    else this.#unreleased?.clear();
    const { filters } = this.#program.identity(this.#index);
    if (filters.length === 0 || (packet.sessionPresent && this.#subscribed)) {
      this.#becomeReady(nowUs);
      return true;
    }
    this.#state = 'suback';
    this.#subscribe(SUBSCRIBE_PACKET_ID, nowUs);
    return true;
  }

  /** Sends one of its SUBSCRIBEs; a second one only when the first was answered. */
  #subscribe(packetId: number, nowUs: number): void {
    const { tally } = this.#shared.thread;
    const { filters } = this.#program.identity(this.#index);
    this.#packetId = packetId;
    this.#subscribedAtUs = nowUs;
    tally.entered(SUBSCRIBE, nowUs);
    const some = filtersOfPacket(filters, packetId);
    this.#send(subscribePacket(some, packetId, this.#program.version));
    tally.record(SUBSCRIBE * 3 + LAG, this.#lastSentUs - nowUs);
  }

  /** The target's own limits, MQTT 5 §3.2.2.3. */
  #heed(connack: ConnackPacket): void {
    const { receiveMaximum, serverKeepAlive, topicAliasMaximum = 0 } = connack.properties ?? {};
    if (this.#aliases !== undefined && this.#aliases.begin(topicAliasMaximum) > 0) {
      this.#shared.thread.tally.error(aliasesRefused(topicAliasMaximum));
    }
    if (receiveMaximum !== undefined) this.#window = Math.min(this.#window, receiveMaximum);
    if (serverKeepAlive !== undefined) this.#keepAliveUs = serverKeepAlive * 1_000_000;
  }

  #suback(bytes: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    const { tally, nowUs } = this.#shared.thread;
    const packet = decode(bytes, start, bodyStart, end, this.#program.version);
    if (packet.type !== 'suback' || this.#state !== 'suback') {
      this.#drop('a SUBACK that no SUBSCRIBE asked for');
      return false;
    }
    const atUs = nowUs();
    const clock = SUBSCRIBE * 3;
    // A device subscribes when its CONNACK arrives: that moment is what it intended.
    tally.record(clock + SERVICE, atUs - this.#lastSentUs);
    tally.record(clock + RESPONSE, atUs - this.#subscribedAtUs);
    tally.left(SUBSCRIBE, atUs);
    for (const code of packet.reasonCodes) {
      if (code < 0x80) tally.count(COUNTER.subscribed);
      else {
        tally.count(COUNTER.subscribesFailed);
        tally.error(`subscribe refused: ${refusal(code, 5)}`);
      }
    }
    if (packet.packetId < (this.#program.subscribePackets ?? 1)) {
      this.#subscribe(packet.packetId + 1, atUs);
      return true;
    }
    this.#subscribed = true;
    this.#becomeReady(atUs);
    return true;
  }

  /** It is over before the SUBACK came: none of the subscriptions was granted. */
  #unanswered(): void {
    const { filters } = this.#program.identity(this.#index);
    const { length } = filters.filter(({ packet = 1 }) => packet >= this.#packetId);
    const { tally } = this.#shared.thread;
    tally.count(COUNTER.subscribesFailed, length);
    tally.error(NO_SUBACK, length);
    tally.left(SUBSCRIBE, this.#subscribedAtUs);
  }

  #becomeReady(nowUs: number): void {
    this.#state = 'ready';
    this.#lastSentUs = nowUs;
    this.#shared.thread.owner.ready(this.#index);
  }

  #keepAlive(nowUs: number): number {
    if (this.#keepAliveUs === 0) return Number.POSITIVE_INFINITY;
    // Early enough that a late timer does not break the promise of [MQTT-3.1.2-20].
    const intervalUs = this.#keepAliveUs * 0.75;
    if (nowUs - this.#lastSentUs < intervalUs) return this.#lastSentUs + intervalUs;
    if (this.#pingUnanswered) {
      this.#drop('no PINGRESP within the keep-alive');
      return Number.POSITIVE_INFINITY;
    }
    this.#pingUnanswered = true;
    this.#shared.thread.tally.count(COUNTER.pings);
    this.#send(PINGREQ);
    return nowUs + intervalUs;
  }

  /** Sends prepared bytes outside the message path. */
  #send(bytes: Uint8Array): void {
    const { thread } = this.#shared;
    this.#connection.send(bytes);
    this.#lastSentUs = thread.nowUs();
    thread.tally.count(COUNTER.bytesSent, bytes.length);
  }

  /** Ends the connection for a reason of its own finding. */
  #drop(reason: string): void {
    this.flush();
    this.#connection.destroy(reason);
  }

  opened(): void {
    this.#state = 'connack';
    this.#send(connectPacket(this.#program, this.#program.identity(this.#index)));
  }

  closed(reason: string): void {
    const { thread, slab } = this.#shared;
    const { tally, owner } = thread;
    const index = this.#index;
    const state = this.#state;
    this.#state = 'closed';
    this.#framer.reset();
    const wasOpen = this.#open;
    this.#open = false;
    this.#wantsRoom = false;
    if (wasOpen) tally.count(COUNTER.connected, -1);
    else tally.left(CONNECT, this.#intendedUs);
    if (this.#inflight.count > 0) {
      tally.count(COUNTER.publishesFailed, this.#inflight.count);
      if (state === 'closing') tally.error(UNANSWERED, this.#inflight.count);
      for (let slot = slab.removeOldest(this.#inflight); slot >= 0; ) {
        tally.left(PUBLISH, slab.intendedUs(slot));
        slot = slab.removeOldest(this.#inflight);
      }
    }
    if (state === 'closing') {
      owner.closed(index);
      return;
    }
    const why = reason || 'closed by the target';
    if (state === 'ready') {
      tally.count(COUNTER.connectionsLost);
      tally.error(`connection lost: ${why}`);
      owner.lost(index);
      return;
    }
    if (state === 'suback') this.#unanswered();
    tally.count(wasOpen ? COUNTER.connectionsLost : COUNTER.connectsFailed);
    tally.error(`connect: ${why}`);
    owner.failed(index);
  }

  drained(): void {
    if (!this.#wantsRoom || !this.#hasRoom()) return;
    this.#wantsRoom = false;
    this.#shared.thread.owner.hasRoom(this.#index);
  }
}

/** The start of what was received, for a message: what is not printable becomes a dot. */
function printable(bytes: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(bytes.subarray(start, Math.min(end, start + 40))).toString('latin1');
  return JSON.stringify(text.replace(/[^\x20-\x7e]/g, '.'));
}
