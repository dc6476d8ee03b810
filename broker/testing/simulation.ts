/** A node without sockets and clock, and clients that speak MQTT to it in memory. */
import {
  type ConnectPacket,
  decode,
  encode,
  Framer,
  type Packet,
  type ProtocolVersion,
  type PublishPacket,
  type Qos,
  type SubackPacket,
} from '../../wire/mod.js';
import { type Counters, createCounters, Router, type SharedStrategy } from '../routing/mod.js';
import {
  Channel,
  DEFAULT_LIMITS,
  type Ingress,
  Node,
  Outbox,
  type SessionLimits,
  Turn,
} from '../session/mod.js';

/** A node whose time is set by hand and whose turns end when the test says so. */
export class SimulatedNode {
  readonly counters: Counters = createCounters();
  readonly node: Node;
  readonly turn: Turn;
  nowMs = 1_000_000;
  #clientIds = 0;

  constructor(
    limits: Partial<SessionLimits> = {},
    random: () => number = () => 0,
    sharedStrategy: SharedStrategy = 'round_robin',
  ) {
    const router = new Router(this.counters, {
      sharedStrategy,
      random,
      maxTopicLevels: 128,
      maxRoutes: 1024,
    });
    this.turn = new Turn(() => {});
    const assign = (): string => {
      this.#clientIds++;
      return `auto-${this.#clientIds}`;
    };
    const all = { ...DEFAULT_LIMITS, ...limits };
    this.node = new Node(all, this.counters, router, this.turn, assign, this.nowMs);
    this.turn.beforeFlush = () => this.node.backpressure.release(this.nowMs);
  }

  /** Ends the turn: what is owed to clients reaches them. */
  settle(): void {
    // Released publishers may owe something again.
    for (let round = 0; round < 4; round++) this.turn.end();
  }

  /** Lets time pass in steps as short as the node's tick. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    while (this.nowMs < untilMs) {
      this.nowMs = Math.min(untilMs, this.nowMs + 100);
      this.node.tick(this.nowMs);
      this.settle();
    }
  }

  client(version: ProtocolVersion = 5, ingress?: Ingress): SimulatedClient {
    return new SimulatedClient(this, version, ingress);
  }

  /** A client that is connected; throws if it is refused. */
  connected(clientId: string, options: Partial<ConnectPacket> = {}): SimulatedClient {
    const client = this.client(options.protocolVersion ?? 5);
    const connack = client.connect(clientId, options);
    if (connack?.type !== 'connack' || connack.reasonCode !== 0) {
      throw new Error(`${clientId} was not accepted: ${JSON.stringify(connack)}`);
    }
    return client;
  }
}

/** One network connection of a client: no memory of earlier ones, acknowledges nothing by itself. */
export class SimulatedClient {
  readonly channel: Channel;
  readonly version: ProtocolVersion;
  /** What came and was not looked at yet. */
  received: Packet[] = [];
  /** The node has closed the connection. */
  closed = false;
  /** The node does not read. */
  paused = false;
  /** The network takes no bytes from the node: they wait until `unblock`. */
  blocked = false;
  readonly #simulated: SimulatedNode;
  readonly #framer = new Framer(2 ** 28);
  #inTransit: Buffer | undefined;

  constructor(simulated: SimulatedNode, version: ProtocolVersion, ingress?: Ingress) {
    this.#simulated = simulated;
    this.version = version;
    this.#framer.version = version;
    const { node, turn, nowMs } = simulated;
    const outbox = new Outbox(turn, {
      write: (bytes) => this.#arrive(bytes),
      end: () => this.#close(),
      destroy: () => this.#close(),
    });
    const intake = {
      peer: '192.0.2.1:1883',
      pause: () => {
        this.paused = true;
      },
      resume: () => {
        this.paused = false;
      },
    };
    this.channel = new Channel(node, outbox, intake, nowMs, ingress);
  }

  /** Sends CONNECT; returns what the node answers first. */
  connect(clientId: string, options: Partial<ConnectPacket> = {}): Packet | undefined {
    this.send({
      type: 'connect',
      protocolVersion: this.version,
      cleanStart: true,
      keepAliveSeconds: 0,
      clientId,
      ...options,
    });
    return this.received.shift();
  }

  send(packet: Packet): void {
    this.sendBytes(encode(packet, this.version));
  }

  /** The node sees the bytes in a buffer that is used again, as a socket's read buffer is. */
  sendBytes(bytes: Uint8Array): void {
    const shared = Buffer.alloc(bytes.length + 10, 0xff);
    shared.set(bytes);
    this.channel.receive(shared, bytes.length, this.#simulated.nowMs);
    shared.fill(0xff);
    this.#simulated.settle();
  }

  /** SUBSCRIBE to one filter; returns its code. */
  subscribe(
    filter: string,
    qos: Qos = 0,
    options: { noLocal?: boolean; retainAsPublished?: boolean; retainHandling?: 0 | 1 | 2 } = {},
    identifier?: number,
  ): number | undefined {
    const base = { noLocal: false, retainAsPublished: false, retainHandling: 0 as const };
    this.send({
      type: 'subscribe',
      packetId: 1,
      subscriptions: [{ ...base, filter, qos, ...options }],
      ...(identifier === undefined
        ? {}
        : { properties: { subscriptionIdentifiers: [identifier] } }),
    });
    const at = this.received.findIndex(({ type }) => type === 'suback');
    const [suback] = at < 0 ? [] : (this.received.splice(at, 1) as [SubackPacket]);
    return suback?.reasonCodes[0];
  }

  publish(topic: string, payload: string, options: Partial<PublishPacket> = {}): void {
    this.send({
      type: 'publish',
      topic,
      payload: Buffer.from(payload),
      qos: 0,
      retain: false,
      dup: false,
      ...options,
    });
  }

  /** Takes the packets of a type that came, oldest first; the others stay. */
  take<T extends Packet['type']>(type: T): Extract<Packet, { type: T }>[] {
    const taken = this.received.filter((packet) => packet.type === type);
    this.received = this.received.filter((packet) => packet.type !== type);
    return taken as Extract<Packet, { type: T }>[];
  }

  /** Payloads of the PUBLISH packets that came, as text. */
  takePayloads(): string[] {
    return this.take('publish').map(({ payload }) => Buffer.from(payload).toString());
  }

  /** The network takes bytes again. */
  unblock(): void {
    this.blocked = false;
    const bytes = this.#inTransit;
    this.#inTransit = undefined;
    if (bytes === undefined) return;
    this.#read(bytes);
    this.channel.drained(this.#simulated.nowMs);
    this.#simulated.settle();
  }

  /** The connection breaks: no DISCONNECT, and what had not arrived is lost. */
  drop(): void {
    if (this.closed) return;
    this.closed = true;
    this.channel.closed(this.#simulated.nowMs);
    this.#simulated.settle();
  }

  #arrive(bytes: Buffer): boolean {
    if (this.blocked) {
      this.#inTransit = bytes;
      return false;
    }
    this.#read(bytes);
    return true;
  }

  #read(bytes: Buffer): void {
    this.#framer.push(bytes, bytes.length, {
      frame: (frame, start, bodyStart, end) => {
        this.received.push(decode(frame, start, bodyStart, end, this.version));
        return true;
      },
    });
  }

  #close(): void {
    if (this.closed) return;
    this.closed = true;
    // As a socket does: 'close' comes after the call that closes.
    queueMicrotask(() => this.channel.closed(this.#simulated.nowMs));
  }
}
