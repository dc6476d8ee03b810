import { connect, type Socket } from 'node:net';
import {
  type ConnackPacket,
  decode,
  encode,
  Framer,
  type FrameSink,
  MqttError,
  type Packet,
  PacketType,
  PINGREQ,
  type PublishPacket,
  ReasonCode,
  readAckPacketId,
  readAckReasonCode,
  writeAck,
} from '../../wire/mod.js';
import { type Node, Outbox, type Transport } from '../session/mod.js';
import { CallError, callPacket, LOG_TOPIC, parseJson, readReply, SESSION_METHOD } from './calls.js';
import type { Hello } from './hello.js';
import { LinkHandshake } from './link-handshake.js';
import { LINK_KEEP_ALIVE_SECONDS, LINK_PACKET_BYTES } from './link-limits.js';
import { PendingCalls } from './pending-calls.js';
import type { RemoteNode } from './remote-node.js';

/** Where a node listens for others. */
export interface PeerAddress {
  host: string;
  port: number;
}

/** What a link needs of the node it belongs to. */
export interface LinkOwner {
  readonly node: Node;
  readonly cookie: string;
  /** The node's time, ms. */
  now(): number;
  hello(): Hello;
  /** The other node has shown that it knows the cookie. */
  opened(link: PeerLink, hello: Hello): void;
  /** `refused`: nobody listens there; `rejected`: it does not take us, `why` says; `lost`: anything else. */
  closed(link: PeerLink, how: 'refused' | 'rejected' | 'lost', why: string): void;
  /** An entry of the log that was asked for. */
  logged(link: PeerLink, body: unknown): void;
}

const CONNECT_TIMEOUT_MS = 5000;
/** In a keep-alive. */
const PINGS = 4;
/** Ticks are not to the millisecond: one that is early by less is not passed over. */
const TICK_SLACK_MS = 100;
const NO_BYTES = Buffer.alloc(0);

/**
 * One connection that this node opened to another: an MQTT 5 client. It carries this node's messages for the
 * other (the session of `remote`, if any is attached), its calls, and their answers.
 */
export class PeerLink implements Transport, FrameSink {
  readonly version = 5;
  readonly maximumPacketSize = LINK_PACKET_BYTES;
  readonly receiveMaximum = 65_535;
  readonly outbox: Outbox;
  readonly address: PeerAddress;
  hello: Hello | undefined = undefined;
  readonly #owner: LinkOwner;
  readonly #socket: Socket;
  readonly #framer = new Framer(LINK_PACKET_BYTES);
  readonly #handshake: LinkHandshake;
  readonly #calls = new PendingCalls();
  #remote: RemoteNode | undefined;
  readonly #keepAliveMs: number;
  #heardMs: number;
  #pingedMs = 0;
  #isClosed = false;
  #rejection = '';
  #refused = false;

  constructor(
    address: PeerAddress,
    owner: LinkOwner,
    keepAliveSeconds: number = LINK_KEEP_ALIVE_SECONDS,
  ) {
    this.address = address;
    this.#keepAliveMs = keepAliveSeconds * 1000;
    this.#owner = owner;
    this.#handshake = new LinkHandshake(owner.hello(), owner.cookie, keepAliveSeconds);
    this.#heardMs = owner.now();
    this.outbox = new Outbox(owner.node.turn, this);
    this.#socket = connect({ ...address, noDelay: true });
    this.#socket.setTimeout(CONNECT_TIMEOUT_MS, () => this.#fail('no answer in time'));
    this.#socket.on('connect', () => this.#send(this.#handshake.hello()));
    this.#socket.on('data', (bytes: Buffer) => this.#received(bytes));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#refused = error.code === 'ECONNREFUSED';
      this.#rejection ||= error.message;
    });
    this.#socket.on('close', () => this.#closed());
  }

  get peer(): string {
    return `${this.address.host}:${this.address.port}`;
  }

  get isOpen(): boolean {
    return this.hello !== undefined && !this.#isClosed;
  }

  /** From now on what this node has for the other goes over this link. */
  carry(remote: RemoteNode): void {
    this.#remote = remote;
    // Nobody waits for the answer: what follows on the connection is read after it.
    this.#send(callPacket(SESSION_METHOD, 0, remote.number));
    remote.attach(this, this.#owner.now());
  }

  /** @throws CallError the other node's, NO_LINK, LINK_LOST or TIMEOUT */
  call(method: string, body: unknown, timeoutMs = 15_000): Promise<unknown> {
    if (!this.isOpen) return Promise.reject(new CallError('NO_LINK', 'the link is not open'));
    return this.#calls.ask(method, timeoutMs, (id) => this.#send(callPacket(method, id, body)));
  }

  /** Pings, and gives up on a node that has not been heard of; a few times in a keep-alive. */
  tick(nowMs: number): void {
    if (!this.isOpen) return;
    if (nowMs - this.#heardMs > this.#keepAliveMs * 1.5) {
      this.#fail(`silent for ${Math.round((nowMs - this.#heardMs) / 1000)} s`);
    } else if (nowMs - this.#pingedMs >= this.#keepAliveMs / PINGS - TICK_SLACK_MS) {
      this.#pingedMs = nowMs;
      this.outbox.append(PINGREQ);
    }
  }

  close(): void {
    if (this.#isClosed) return;
    if (this.isOpen)
      this.#send({ type: 'disconnect', reasonCode: ReasonCode.NORMAL_DISCONNECTION });
    this.outbox.end();
    this.#socket.setTimeout(CONNECT_TIMEOUT_MS, () => this.#socket.destroy());
  }

  /** The session is another link's now: the two nodes have one too many. */
  takenOver(): void {
    this.#socket.destroy();
  }

  // Transport

  write(bytes: Buffer): boolean {
    const socket = this.#socket;
    socket.write(bytes);
    if (socket.writableLength === 0 || socket.destroyed) return true;
    socket.write(NO_BYTES, () => {
      if (socket.destroyed) return;
      this.outbox.drained();
      this.#remote?.pump(this.#owner.now());
    });
    return false;
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  // From the other node

  frame(bytes: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    const remote = this.#remote;
    const nowMs = this.#heardMs;
    switch ((bytes[start] as number) >> 4) {
      case PacketType.PUBACK:
        remote?.acknowledged(readAckPacketId(bytes, bodyStart, end), nowMs);
        return true;
      case PacketType.PUBREC: {
        const id = readAckPacketId(bytes, bodyStart, end);
        const code = readAckReasonCode(bytes, bodyStart, end, 5);
        remote?.received(id, code, nowMs);
        if (code < 0x80) {
          const at = this.outbox.reserve(4);
          writeAck(this.outbox.buffer, at, PacketType.PUBREL, id);
        }
        return true;
      }
      case PacketType.PUBCOMP:
        remote?.completed(readAckPacketId(bytes, bodyStart, end), nowMs);
        return true;
      case PacketType.PINGRESP:
        return true;
      default:
        return this.#packet(decode(bytes, start, bodyStart, end, 5));
    }
  }

  #packet(packet: Packet): boolean {
    switch (packet.type) {
      case 'auth':
        return this.#answerChallenge(packet.properties?.authenticationData);
      case 'connack':
        return this.#connack(packet);
      case 'publish':
        if (!this.isOpen) return this.#fail('a PUBLISH before it has shown the cookie');
        this.#publish(packet);
        return true;
      case 'disconnect':
        this.#fail(packet.properties?.reasonString ?? 'the node has ended the link');
        return false;
      default:
        this.#fail(`an unexpected ${packet.type.toUpperCase()}`);
        return false;
    }
  }

  #answerChallenge(b: Uint8Array | undefined): boolean {
    const answer = this.#handshake.challenged(b);
    if (typeof answer === 'string') return this.#fail(answer);
    this.#send(answer);
    return true;
  }

  #connack(packet: ConnackPacket): boolean {
    const hello = this.#handshake.connack(packet);
    if (typeof hello === 'string') return this.#fail(hello);
    this.#socket.setTimeout(0);
    this.hello = hello;
    this.#owner.opened(this, hello);
    return true;
  }

  #publish(packet: PublishPacket): void {
    if (packet.topic === LOG_TOPIC) {
      this.#owner.logged(this, parseJson(packet.payload));
      return;
    }
    const { id, body, error } = readReply(packet);
    this.#calls.answer(id, body, error);
  }

  #received(bytes: Buffer): void {
    this.#heardMs = this.#owner.now();
    try {
      this.#framer.push(bytes, bytes.length, this);
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
      this.#fail(`it does not speak MQTT (${error.message})`);
    }
  }

  #send(packet: Packet): void {
    this.outbox.append(encode(packet, 5));
  }

  #fail(why: string): false {
    this.#rejection ||= why;
    this.#socket.destroy();
    return false;
  }

  #closed(): void {
    if (this.#isClosed) return;
    const wasOpen = this.isOpen;
    this.#isClosed = true;
    this.outbox.close();
    const remote = this.#remote;
    if (remote?.connection === this) remote.detach(this.#owner.now());
    this.#calls.endAll(this.#rejection || 'the link is lost');
    const how = this.#refused
      ? 'refused'
      : wasOpen || !this.#handshake.isChallenged
        ? 'lost'
        : 'rejected';
    this.#owner.closed(this, how, this.#rejection || 'the link is lost');
  }
}
