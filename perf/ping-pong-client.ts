/**
 * A client of ping-pong.ts in Node: `node ping-pong-client.js bare|lean <port> <sockets>`. Connects, prints `ready`,
 * then keeps one QoS 1 publish under way on each socket until standard input ends.
 */
import { connect, type Socket } from 'node:net';
import {
  COUNTER,
  type DeviceOwner,
  type DeviceProgram,
  LeanDevice,
  LeanThread,
  monotonicClock,
  type Outgoing,
  Receiver,
  SourcePorts,
  Tally,
} from '../bench/device/mod.js';
import { encode } from '../wire/mod.js';

const PAYLOAD_BYTES = 16;
const VERSION = 4;
/** Opened and not yet connected at a time. */
const CONNECTING = 100;

const [kind, portText, countText] = process.argv.slice(2);
const [port, count] = [Number(portText), Number(countText)];

/** Opens the connections, some at a time; each says by `connected` that it is there. */
function connectAll(open: (index: number) => void, allConnected: () => void): () => void {
  let opened = 0;
  let ready = 0;
  while (opened < Math.min(count, CONNECTING)) open(opened++);
  return () => {
    ready++;
    if (opened < count) open(opened++);
    if (ready === count) allConnected();
  };
}

/** As little as Node can do with a socket of its own: what comes is taken for PUBACK, bytes are patched. */
function bare(): void {
  const sockets: PingPong[] = [];
  const connected = connectAll(
    (index) => sockets.push(new PingPong(index, () => connected())),
    () => {
      process.stdout.write('ready\n');
      for (const each of sockets) each.next();
    },
  );
}

interface BareSocket extends Socket {
  own: PingPong;
}

const onread = {
  buffer: Buffer.allocUnsafeSlow(65_536),
  callback(this: unknown, length: number, bytes: Uint8Array): boolean {
    (this as BareSocket).own.received(length, bytes);
    return true;
  },
};

class PingPong {
  readonly #socket: BareSocket;
  readonly #publish: Uint8Array;
  readonly #idAt: number;
  readonly #connected: () => void;
  #id = 0;

  constructor(index: number, connected: () => void) {
    this.#connected = connected;
    const topic = `bench/${index}`;
    const payload = Buffer.alloc(PAYLOAD_BYTES);
    const packet = { topic, payload, packetId: 1, qos: 1, retain: false, dup: false } as const;
    // A Buffer: Node would make one of another view at each write.
    this.#publish = Buffer.from(encode({ type: 'publish', ...packet }, VERSION));
    this.#idAt = this.#publish.length - PAYLOAD_BYTES - 2;
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true, onread }) as BareSocket;
    this.#socket.own = this;
    this.#socket.on('connect', () => {
      const session = { cleanStart: true, keepAliveSeconds: 0, clientId: `bare-${index}` };
      this.#socket.write(encode({ type: 'connect', protocolVersion: VERSION, ...session }, 4));
    });
  }

  next(): void {
    this.#id = (this.#id % 65_535) + 1;
    this.#publish[this.#idAt] = this.#id >>> 8;
    this.#publish[this.#idAt + 1] = this.#id;
    this.#socket.write(this.#publish);
  }

  received(length: number, bytes: Uint8Array): void {
    if (this.#id === 0) this.#connected();
    else if (length === 4 && bytes[3] === (this.#id & 0xff)) this.next();
    else throw new Error('something else than PUBACK');
  }
}

/** The device of the fleet with the little that it needs around it. */
function lean(): void {
  const nowUs = monotonicClock();
  const tally = new Tally();
  const identity = { run: 1, epochUs: nowUs(), someUntimed: false };
  const devices: LeanDevice[] = [];
  const messages: Outgoing[] = [];
  const numbers = new Uint32Array(count);
  let begun = false;

  /** As a shard does with a closed loop. */
  function publish(index: number): void {
    const device = devices[index]!;
    const message = messages[index]!;
    while (device.publish(message, ++numbers[index]!, nowUs()));
    device.flush();
  }
  const fail = (): void => {
    throw new Error(`a connection broke: ${JSON.stringify(tally.take().errors)}`);
  };
  const owner: DeviceOwner = {
    ready: () => connected(),
    failed: fail,
    lost: fail,
    hasRoom: (index) => {
      if (begun) publish(index);
    },
    closed: fail,
  };
  const endpoint = {
    address: '127.0.0.1',
    port,
    sourceAddress: undefined,
    ports: new SourcePorts(32_768, 28_232, 0, 1, Math.random()),
    tls: undefined,
    webSocket: undefined,
  };
  const program: DeviceProgram = {
    version: VERSION,
    cleanStart: true,
    keepAliveSeconds: 0,
    sessionExpirySeconds: 0,
    inflight: 1,
    connectTimeoutUs: 10_000_000,
    identity: (index) => ({ clientId: `lean-${index}`, filters: [] }),
    endpoint: () => endpoint,
  };
  const receiver = new Receiver(tally, identity);
  const shared = new LeanThread({ nowUs, tally, receiver, owner, identity });
  const payload = new Uint8Array(PAYLOAD_BYTES);
  const connected = connectAll(
    (index) => {
      const topic = Buffer.from(`bench/${index}`);
      const part = { topicStart: 0, topicEnd: topic.length, payload, timed: true };
      messages[index] = { topic, ...part, qos: 1, retain: false, sender: index };
      devices[index] = new LeanDevice(shared, program, index);
      devices[index].connect(nowUs());
    },
    () => {
      process.stdout.write('ready\n');
      begun = true;
      for (let index = 0; index < count; index++) publish(index);
    },
  );
  // A second's report, as in a run: its histograms are encoded and emptied.
  setInterval(() => {
    if (tally.take().counters[COUNTER.publishesFailed]! > 0) fail();
  }, 1000);
}

// Not closed one by one: a profile is written on the way out.
process.stdin.on('end', () => process.exit(0)).resume();
if (kind === 'lean') lean();
else bare();
