import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { encode, publishBytes, writeAck, writePublishHead } from '../wire/mod.js';
import type { LoadOptions } from './pair-load.js';

const ACK_BYTES = 4;
const VERSION = 4;
const readBuffer = Buffer.allocUnsafeSlow(65_536);

/** One publisher and one subscriber on a topic of their own. */
export class Pair {
  delivered = 0;
  published = 0;
  #acked = 0;
  #started = false;
  #stopped = false;
  readonly #options: LoadOptions;
  /** `window` PUBLISH packets with the identifiers 1…window: a ring to send stretches of. */
  readonly #ring: Buffer;
  readonly #frameBytes: number;
  readonly #idOffset: number;
  #publisher: Socket | undefined;
  #subscriber: Socket | undefined;
  /** Start of a frame that was cut by the end of a read. */
  readonly #cut: Buffer;
  #cutBytes = 0;
  #ackBytesRead = 0;
  readonly #acks: Buffer;
  /** When the last `window` messages were written, by slot of the ring. */
  readonly #sentMs: Float64Array;
  /** When the first one of a paced publisher was due. */
  readonly #beganMs: number;
  /** Of each delivery since `measure`, if the load is paced. */
  latenciesMs: number[] = [];
  readonly #name: string;
  readonly #topic: string;

  constructor(index: number, options: LoadOptions) {
    this.#options = options;
    const { qos, payloadBytes, window } = options;
    this.#name = String(index).padStart(4, '0');
    this.#topic = `bench/device/${this.#name}`;
    const topic = Buffer.from(this.#topic);
    this.#frameBytes = publishBytes(topic.length, qos, 0, payloadBytes, VERSION);
    this.#ring = Buffer.alloc(window * this.#frameBytes, 0x61);
    this.#idOffset = 2 + 2 + topic.length;
    for (let slot = 0; slot < window; slot++) {
      const at = slot * this.#frameBytes;
      writePublishHead(
        ...([this.#ring, at, qos << 1, topic, 0, topic.length] as const),
        ...([slot + 1, null, 0, 0, payloadBytes, VERSION] as const),
      );
    }
    this.#cut = Buffer.alloc(this.#frameBytes);
    this.#sentMs = new Float64Array(window);
    // Not all at once.
    this.#beganMs = performance.now() + ((options.everyMs ?? 0) * index) / options.pairs;
    this.#acks = Buffer.alloc(ACK_BYTES * Math.ceil(readBuffer.length / this.#frameBytes + 1));
  }

  async open(): Promise<void> {
    const { host = '127.0.0.1', port } = this.#options;
    const at = this.#options.subscribersAt ?? { host, port };
    this.#subscriber = await this.#connect('s', at, (bytes, length) =>
      this.#deliveries(bytes, length),
    );
    this.#subscriber.write(
      encode(
        {
          type: 'subscribe',
          packetId: 1,
          subscriptions: [
            {
              filter: this.#topic,
              qos: this.#options.qos,
              noLocal: false,
              retainAsPublished: false,
              retainHandling: 0,
            },
          ],
        },
        VERSION,
      ),
    );
    this.#publisher = await this.#connect('p', { host, port }, (_bytes, length) =>
      this.#answers(length),
    );
    while (!this.#started) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** Sends what the window allows. */
  fill(): void {
    const publisher = this.#publisher;
    if (this.#stopped || publisher === undefined) return;
    const { qos, window, everyMs } = this.#options;
    const settled = qos === 0 ? this.delivered : Math.min(this.delivered, this.#acked);
    let room = window - (this.published - settled);
    const nowMs = everyMs === undefined ? 0 : performance.now();
    if (everyMs !== undefined) {
      room = Math.min(room, Math.ceil((nowMs - this.#beganMs) / everyMs) - this.published);
    }
    while (room > 0) {
      const slot = this.published % window;
      const count = Math.min(room, window - slot);
      publisher.write(
        this.#ring.subarray(slot * this.#frameBytes, (slot + count) * this.#frameBytes),
      );
      if (everyMs !== undefined) this.#sentMs.fill(nowMs, slot, slot + count);
      this.published += count;
      room -= count;
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  close(): void {
    this.#publisher?.destroy();
    this.#subscriber?.destroy();
  }

  /** Connects and waits for CONNACK; what comes after it goes to `onBytes`. */
  #connect(
    kind: string,
    { host, port }: { host: string; port: number },
    onBytes: (bytes: Buffer, length: number) => void,
  ): Promise<Socket> {
    return new Promise((resolve, reject) => {
      let isOpen = false;
      const socket = connect({
        port,
        host,
        noDelay: true,
        onread: {
          buffer: readBuffer,
          callback: (length, bytes) => {
            if (isOpen) onBytes(bytes as Buffer, length);
            else if (length !== 4 || bytes[0] !== 0x20 || bytes[3] !== 0) {
              reject(new Error('not the CONNACK of an accepted connection'));
            } else {
              isOpen = true;
              resolve(socket);
            }
            return true;
          },
        },
      });
      socket.on('error', reject);
      const clientId = `${kind}${this.#name}`;
      socket.write(
        encode(
          {
            type: 'connect',
            protocolVersion: VERSION,
            cleanStart: true,
            keepAliveSeconds: 60,
            clientId,
          },
          VERSION,
        ),
      );
    });
  }

  #deliveries(bytes: Buffer, length: number): void {
    if (!this.#started) {
      // Nothing is published before the first `fill`, so this is all that can come.
      if (length !== 5 || bytes[0] !== 0x90 || bytes[4] === 0x80) throw new Error('no SUBACK');
      this.#started = true;
      return;
    }
    let at = 0;
    const size = this.#frameBytes;
    const isAcked = this.#options.qos === 1;
    let acks = 0;
    if (this.#cutBytes > 0) {
      const missing = Math.min(size - this.#cutBytes, length - at);
      bytes.copy(this.#cut, this.#cutBytes, at, at + missing);
      this.#cutBytes += missing;
      at += missing;
      if (this.#cutBytes < size) return;
      this.#cutBytes = 0;
      this.#arrived();
      if (isAcked) acks = this.#ack(this.#cut, 0, acks);
    }
    for (; at + size <= length; at += size) {
      if (bytes[at]! >> 4 !== 3) throw new Error(`byte 0x${bytes[at]!.toString(16)}: no PUBLISH`);
      this.#arrived();
      if (isAcked) acks = this.#ack(bytes, at, acks);
    }
    if (at < length) {
      bytes.copy(this.#cut, 0, at, length);
      this.#cutBytes = length - at;
    }
    if (acks > 0) this.#subscriber?.write(Buffer.from(this.#acks.subarray(0, acks)));
    markDirty(this);
  }

  #arrived(): void {
    const { everyMs, window } = this.#options;
    if (everyMs !== undefined) {
      this.latenciesMs.push(performance.now() - this.#sentMs[this.delivered % window]!);
    }
    this.delivered++;
  }

  #ack(frame: Buffer, at: number, acks: number): number {
    const id = (frame[at + this.#idOffset]! << 8) | frame[at + this.#idOffset + 1]!;
    return writeAck(this.#acks, acks, 4, id);
  }

  #answers(length: number): void {
    this.#ackBytesRead += length;
    this.#acked = Math.floor(this.#ackBytesRead / ACK_BYTES);
    markDirty(this);
  }
}

/** Pairs that may send again; filled once per turn of the event loop, like the writes of a gateway. */
let dirty = new Set<Pair>();
let scheduled = false;
function markDirty(pair: Pair): void {
  dirty.add(pair);
  if (scheduled) return;
  scheduled = true;
  setImmediate(() => {
    scheduled = false;
    const pairs = dirty;
    dirty = new Set();
    for (const each of pairs) each.fill();
  });
}
