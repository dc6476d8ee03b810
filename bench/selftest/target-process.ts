/**
 * An MQTT target whose truth is known, in a process of its own: a single server of a known law answers QoS 1
 * messages, and nothing else takes time. What costs the server its service time costs this process none: the
 * moment of each PUBACK is computed, and waited for.
 */
import { createServer, type Socket } from 'node:net';
import {
  decode,
  encode,
  Framer,
  type FrameSink,
  PINGRESP,
  PublishView,
  readPublish,
  writeAck,
} from '../../wire/mod.js';
import { monotonicClock } from '../device/mod.js';
import { FifoServer, type ServerLaw } from './fifo-server.js';
import type { TargetNews, TargetOrder, TargetTruth } from './target-messages.js';

const LARGEST_PACKET_BYTES = 65_536;
/** First bytes of packets without flags, MQTT 2.1.2. */
const CONNECT = 0x10;
const PUBLISH = 0x30;
const PINGREQ = 0xc0;
const DISCONNECT = 0xe0;
const PUBACK = 4;
/**
 * Timers of Node have a grain of 1 ms. Waits below that are slept through in slices, after each of which
 * sockets are read: a slice, and the 50 µs by which the kernel may be late, is what arrivals are known to.
 */
const SLICE_MS = 0.1;
const TIMER_GRAIN_US = 1500;

/** What is in the server or waits for it; first in, first out, so a queue of departures is in order. */
interface Waiting {
  socket: Socket;
  packetId: number;
  arrivalUs: number;
  departureUs: number;
}

class Target {
  readonly #nowUs = monotonicClock();
  readonly #server: FifoServer;
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4));
  readonly #view = new PublishView();
  #waiting: Waiting[] = [];
  #head = 0;
  #pumping = false;
  #sojourns: number[] = [];
  #latestUs = 0;

  constructor(law: ServerLaw) {
    this.#server = new FifoServer(law);
  }

  serve(socket: Socket): void {
    const framer = new Framer(LARGEST_PACKET_BYTES);
    let version: 3 | 4 | 5 = 5;
    const sink: FrameSink = {
      frame: (bytes, start, bodyStart, end) => {
        const first = bytes[start]!;
        if ((first & 0xf0) === PUBLISH) {
          // QoS 0 asks for no answer: it is taken and forgotten.
          if ((first & 0x06) === 0) return true;
          readPublish(bytes, start, bodyStart, end, version, this.#view);
          this.#enqueue(socket, this.#view.packetId);
        } else if (first === CONNECT) {
          const connect = decode(bytes, start, bodyStart, end, version);
          if (connect.type === 'connect') version = connect.protocolVersion;
          socket.write(encode({ type: 'connack', sessionPresent: false, reasonCode: 0 }, version));
        } else if (first === PINGREQ) {
          socket.write(PINGRESP);
        } else if (first === DISCONNECT) {
          socket.end();
          return false;
        }
        return true;
      },
    };
    socket.on('data', (bytes) => {
      try {
        framer.push(bytes, bytes.length, sink);
      } catch {
        socket.destroy();
      }
    });
    socket.on('error', () => socket.destroy());
  }

  truth(): TargetTruth {
    return { sojournsUs: Float64Array.from(this.#sojourns), latestUs: this.#latestUs };
  }

  #enqueue(socket: Socket, packetId: number): void {
    const arrivalUs = this.#nowUs();
    const departureUs = this.#server.departUs(arrivalUs);
    this.#waiting.push({ socket, packetId, arrivalUs, departureUs });
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(this.#pump);
  }

  /** Answers what is done, then waits for the next. */
  readonly #pump = (): void => {
    const waiting = this.#waiting;
    while (this.#head < waiting.length) {
      const next = waiting[this.#head]!;
      const leftUs = next.departureUs - this.#nowUs();
      if (leftUs > TIMER_GRAIN_US) {
        setTimeout(this.#pump, Math.floor((leftUs - TIMER_GRAIN_US) / 1000));
        return;
      }
      if (leftUs > 0) {
        Atomics.wait(this.#sleeper, 0, 0, Math.min(SLICE_MS, leftUs / 1000));
        setImmediate(this.#pump);
        return;
      }
      this.#head += 1;
      this.#answer(next);
    }
    this.#waiting = [];
    this.#head = 0;
    this.#pumping = false;
  };

  #answer({ socket, packetId, arrivalUs, departureUs }: Waiting): void {
    if (socket.writable) {
      const ack = new Uint8Array(4);
      writeAck(ack, 0, PUBACK, packetId);
      socket.write(ack);
    }
    const nowUs = this.#nowUs();
    this.#sojourns.push(nowUs - arrivalUs);
    this.#latestUs = Math.max(this.#latestUs, nowUs - departureUs);
  }
}

let target: Target | undefined;

function say(news: TargetNews): void {
  process.send?.(news);
}

function listen(law: ServerLaw): void {
  const serving = new Target(law);
  target = serving;
  const server = createServer({ noDelay: true }, (socket) => serving.serve(socket));
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (address !== null && typeof address === 'object')
      say({ type: 'listening', port: address.port });
  });
}

process.on('message', (order: TargetOrder) => {
  if (order.type === 'serve') listen(order.law);
  else if (target !== undefined) say({ type: 'truth', truth: target.truth() });
});
// Whoever started us is gone, or done.
process.on('disconnect', () => process.exit());
// Ctrl-C reaches the whole process group; what it means is not ours to decide.
process.on('SIGINT', () => undefined);
