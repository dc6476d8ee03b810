import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { createWebSocketStream, WebSocketServer } from 'ws';
import {
  type ConnectPacket,
  decode,
  encode,
  Framer,
  type FrameSink,
  type Packet,
  type PublishPacket,
  type SubscribePacket,
  topicMatches,
} from '../../../wire/mod.js';

/**
 * A small MQTT server over TLS that stands in for a cloud platform: it does what the platform publishes
 * that it does, by the rules it is given, and routes QoS 0 and 1 among its clients.
 */
export interface StandInRules {
  readonly tls: TlsOptions;
  /** CONNACK code in the terms of the client's version, 0 to admit; 'close' says nothing and closes. */
  admit(connect: ConnectPacket, socket: TLSSocket): number | 'close';
  /** 'silence': as if it had never come, no PUBACK. */
  publish(client: Client, packet: PublishPacket): 'route' | 'silence' | 'close';
  /** A code for each filter. */
  subscribe(client: Client, packet: SubscribePacket): number[] | 'silence' | 'close';
  /** What a topic or filter of this client is on the platform's own side, and back. Left out: the same. */
  toPlatform?(client: Client, topic: string): string;
  toClient?(client: Client, topic: string): string;
  /** RETAIN reaches nobody. */
  readonly stripsRetain?: boolean;
}

const LARGEST_PACKET = 268_435_460;
const SESSION_TAKEN_OVER = 0x8e;

export class StandIn {
  /** Everything that was routed, on the platform's side. */
  readonly routed: { topic: string; payload: Buffer; qos: number; retain: boolean }[] = [];
  readonly rules: StandInRules;
  readonly clients = new Map<string, Client>();
  readonly #server: Server;
  readonly #sockets = new Set<TLSSocket>();

  private constructor(rules: StandInRules, url: string | undefined) {
    this.rules = rules;
    this.#server = url === undefined ? createServer(rules.tls) : createHttpsServer(rules.tls);
    this.#server.on('secureConnection', (socket: TLSSocket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      if (url === undefined) new Client(this, socket, socket);
    });
    // A handshake that fails is the client's to report.
    this.#server.on('tlsClientError', () => undefined);
    if (url !== undefined) this.#takeWebSockets(url);
  }

  /** Takes upgrades to MQTT at this path and query, and answers others as a web server does. */
  #takeWebSockets(url: string): void {
    const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'mqtt' });
    this.#server.on('upgrade', (request, socket: TLSSocket, head: Buffer) => {
      if (request.url !== url || request.headers['sec-websocket-protocol'] !== 'mqtt') {
        socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        new Client(this, createWebSocketStream(webSocket), socket);
      });
    });
  }

  /** @param webSocket path and query of the URL, for MQTT over WebSocket */
  static async start(rules: StandInRules, webSocket?: string): Promise<StandIn> {
    const standIn = new StandIn(rules, webSocket);
    standIn.#server.listen(0, '127.0.0.1');
    await once(standIn.#server, 'listening');
    return standIn;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  route(from: Client, { topic, payload, qos, retain }: PublishPacket): void {
    const common = this.rules.toPlatform?.(from, topic) ?? topic;
    const kept = retain && this.rules.stripsRetain !== true;
    this.routed.push({ topic: common, payload: Buffer.from(payload), qos, retain: kept });
    for (const client of this.clients.values()) client.offer(common, payload, qos);
  }
}

/** One connection of a client. */
export class Client implements FrameSink {
  id = '';
  connect: ConnectPacket | undefined;
  /** Granted QoS by filter, as the client wrote it. */
  readonly subscriptions = new Map<string, number>();
  readonly #standIn: StandIn;
  readonly #stream: Duplex;
  readonly #socket: TLSSocket;
  readonly #framer = new Framer(LARGEST_PACKET);
  #version: 3 | 4 | 5 = 4;
  #packetId = 0;
  #framesInChunk = 0;

  /** @param stream of MQTT packets, over `socket` */
  constructor(standIn: StandIn, stream: Duplex, socket: TLSSocket) {
    this.#standIn = standIn;
    this.#stream = stream;
    this.#socket = socket;
    stream.on('error', () => undefined);
    stream.on('close', () => {
      if (standIn.clients.get(this.id) === this) standIn.clients.delete(this.id);
    });
    stream.on('data', (bytes: Buffer) => {
      this.#framesInChunk = 0;
      try {
        this.#framer.push(bytes, bytes.length, this);
      } catch {
        stream.destroy();
      }
    });
  }

  frame(bytes: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    const packet = decode(bytes, start, bodyStart, end, this.#version);
    this.#framesInChunk++;
    if (this.connect === undefined) return packet.type === 'connect' && this.#admit(packet);
    // What comes in one piece with CONNECT was sent before CONNACK.
    if (this.#framesInChunk > 1 && this.#admittedInChunk) return this.#close();
    return this.#handle(packet);
  }

  #admittedInChunk = false;

  #admit(connect: ConnectPacket): boolean {
    this.connect = connect;
    this.#version = connect.protocolVersion;
    this.#framer.version = connect.protocolVersion;
    this.#admittedInChunk = true;
    setImmediate(() => {
      this.#admittedInChunk = false;
    });
    const code = this.#standIn.rules.admit(connect, this.#socket);
    if (code === 'close') return this.#close();
    this.#send({ type: 'connack', sessionPresent: false, reasonCode: code });
    if (code !== 0) return this.#close();
    this.id = connect.clientId;
    this.#standIn.clients.get(this.id)?.takenOver();
    this.#standIn.clients.set(this.id, this);
    return true;
  }

  #handle(packet: Packet): boolean {
    const { rules } = this.#standIn;
    switch (packet.type) {
      case 'publish': {
        const verdict = rules.publish(this, packet);
        if (verdict === 'close') return this.#close();
        if (verdict === 'silence') return true;
        if (packet.qos === 1) {
          this.#send({ type: 'puback', packetId: packet.packetId!, reasonCode: 0 });
        }
        this.#standIn.route(this, packet);
        return true;
      }
      case 'subscribe': {
        const codes = rules.subscribe(this, packet);
        if (codes === 'close') return this.#close();
        if (codes === 'silence') return true;
        packet.subscriptions.forEach(({ filter }, k) => {
          if (codes[k]! < 0x80) this.subscriptions.set(filter, codes[k]!);
        });
        this.#send({ type: 'suback', packetId: packet.packetId, reasonCodes: codes });
        return true;
      }
      case 'unsubscribe': {
        for (const filter of packet.filters) this.subscriptions.delete(filter);
        const reasonCodes = this.#version === 5 ? packet.filters.map(() => 0) : [];
        this.#send({ type: 'unsuback', packetId: packet.packetId, reasonCodes });
        return true;
      }
      case 'pingreq':
        this.#send({ type: 'pingresp' });
        return true;
      case 'puback':
        return true;
      default:
        return this.#close();
    }
  }

  /** A message of the platform: sent if one of the filters matches. */
  offer(topic: string, payload: Uint8Array, qos: number): void {
    const { rules } = this.#standIn;
    for (const [filter, granted] of this.subscriptions) {
      if (!topicMatches(rules.toPlatform?.(this, filter) ?? filter, topic)) continue;
      const least = Math.min(qos, granted) as 0 | 1;
      this.#packetId = (this.#packetId % 65_535) + 1;
      this.#send({
        type: 'publish',
        topic: rules.toClient?.(this, topic) ?? topic,
        payload,
        qos: least,
        retain: false,
        dup: false,
        ...(least === 0 ? {} : { packetId: this.#packetId }),
      });
      return;
    }
  }

  takenOver(): void {
    if (this.#version === 5) this.#send({ type: 'disconnect', reasonCode: SESSION_TAKEN_OVER });
    this.#close();
  }

  #send(packet: Packet): void {
    this.#stream.write(encode(packet, this.#version));
  }

  #close(): false {
    this.#stream.end();
    return false;
  }
}
