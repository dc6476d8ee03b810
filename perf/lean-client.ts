import { connect, type Socket } from 'node:net';
import {
  decode,
  encode,
  Framer,
  type FrameSink,
  type Packet,
  PacketType,
  type Qos,
  ReasonCode,
} from '../wire/mod.js';

const VERSION = 5;
const LARGEST_PACKET = 1_048_576;

export interface ClientAddress {
  host: string;
  port: number;
}

export interface SessionWish {
  clientId: string;
  cleanStart: boolean;
  /** How long the session outlives the connection; 0: not at all. */
  expirySeconds: number;
}

/** An MQTT 5 client that costs its process little: no object for anything but what is waited for. */
export class LeanClient implements FrameSink {
  /** A message came. */
  delivered: (() => void) | undefined = undefined;
  readonly #socket: Socket;
  readonly #framer = new Framer(LARGEST_PACKET);
  readonly #waiting = new Map<number, () => void>();
  readonly #failed: (error: Error) => void;
  #connected: (() => void) | undefined;
  #packetId = 0;
  #isOver = false;

  private constructor(
    address: ClientAddress,
    session: SessionWish,
    connected: () => void,
    failed: (error: Error) => void,
  ) {
    this.#connected = connected;
    this.#failed = failed;
    const { clientId, cleanStart, expirySeconds } = session;
    this.#socket = connect({ ...address, noDelay: true });
    this.#socket.on('data', (bytes: Buffer) => this.#received(bytes));
    this.#socket.on('error', failed);
    this.#socket.on('close', () => {
      if (!this.#isOver) failed(new Error(`${clientId}: the node has ended the connection`));
    });
    this.#send({
      type: 'connect',
      protocolVersion: VERSION,
      cleanStart,
      keepAliveSeconds: 300,
      clientId,
      properties: { sessionExpiryInterval: expirySeconds },
    });
  }

  /** Resolves with CONNACK. What goes wrong later rejects nothing: `failed` of whoever waits then is what counts. */
  static open(address: ClientAddress, session: SessionWish): Promise<LeanClient> {
    return new Promise((resolve, reject) => {
      const client: LeanClient = new LeanClient(address, session, () => resolve(client), reject);
    });
  }

  /** `then` is called with SUBACK. */
  subscribe(filters: readonly string[], then: () => void, qos: Qos = 0): void {
    const subscriptions = filters.map((filter) => ({
      filter,
      qos,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0 as const,
    }));
    this.#send({ type: 'subscribe', packetId: this.#await(then), subscriptions });
  }

  /** `then` is called with UNSUBACK. */
  unsubscribe(filters: readonly string[], then: () => void): void {
    this.#send({ type: 'unsubscribe', packetId: this.#await(then), filters: [...filters] });
  }

  publish(topic: string, payload: Uint8Array): void {
    this.#send({ type: 'publish', topic, payload, qos: 0, retain: false, dup: false });
  }

  /** Cut without a goodbye, so that no port stays in TIME_WAIT. */
  destroy(): void {
    this.#isOver = true;
    this.#socket.resetAndDestroy();
  }

  frame(bytes: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    switch ((bytes[start] as number) >> 4) {
      case PacketType.PUBLISH:
        this.delivered?.();
        return true;
      case PacketType.SUBACK:
      case PacketType.UNSUBACK: {
        const id = ((bytes[bodyStart] as number) << 8) | (bytes[bodyStart + 1] as number);
        if ((bytes[end - 1] as number) >= 0x80) {
          this.#failed(new Error(`refused with code 0x${bytes[end - 1]!.toString(16)}`));
          return false;
        }
        const then = this.#waiting.get(id);
        this.#waiting.delete(id);
        then?.();
        return true;
      }
      default:
        return this.#rare(decode(bytes, start, bodyStart, end, VERSION));
    }
  }

  #rare(packet: Packet): boolean {
    if (packet.type === 'connack' && packet.reasonCode === ReasonCode.SUCCESS) {
      this.#connected?.();
      this.#connected = undefined;
      return true;
    }
    const code = 'reasonCode' in packet ? packet.reasonCode : 0;
    this.#failed(new Error(`${packet.type.toUpperCase()} with code 0x${code.toString(16)}`));
    return false;
  }

  #received(bytes: Buffer): void {
    // What is answered to several packets of one read goes out in one write.
    this.#socket.cork();
    this.#framer.push(bytes, bytes.length, this);
    this.#socket.uncork();
  }

  #await(then: () => void): number {
    this.#packetId = (this.#packetId % 65_535) + 1;
    this.#waiting.set(this.#packetId, then);
    return this.#packetId;
  }

  #send(packet: Packet): void {
    this.#socket.write(encode(packet, VERSION));
  }
}
