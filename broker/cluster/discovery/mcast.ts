import type { Discovery } from './discovery.js';
import { DiscoveryError, reasonOf } from './errors.js';
import {
  decodeMcast,
  encodeMcast,
  type McastMessage,
  mcastKey,
  NONCE_BYTES,
} from './mcast-datagram.js';
import type { McastSocket, McastSocketOptions, OpenMcastSocket } from './mcast-socket.js';
import { isNodeName, sortedUnique } from './node-name.js';
import type { Schedule } from './schedule.js';

export interface McastOptions extends McastSocketOptions {
  /** How long answers are waited for. */
  gatherMs: number;
}

export const MCAST_DEFAULTS: McastOptions = {
  addr: '239.192.0.1',
  ports: [4369, 4370],
  iface: '0.0.0.0',
  ttl: 255,
  loop: true,
  sendBufferBytes: 16 * 1024,
  receiveBufferBytes: 16 * 1024,
  gatherMs: 3000,
};

export interface McastIdentity {
  node: string;
  cluster: string;
  cookie: string;
}

export interface McastDeps {
  open: OpenMcastSocket;
  schedule: Schedule;
  randomBytes: (count: number) => Buffer;
  /** One line for whoever runs the node. */
  warn: (line: string) => void;
}

/** A datagram may get lost: the question is put this often in the time of one gathering. */
const PINGS = 3;
/** Senders that were complained about; bounded, since anybody can send. */
const MOST_COMPLAINTS = 100;

interface Round {
  seen: Set<string>;
  fail: (error: DiscoveryError) => void;
}

/**
 * `mcast`: asks a multicast group who is there. From the first `discover` until `stop` it also answers others,
 * so a node that has found its cluster stays to be found.
 */
export class McastDiscovery implements Discovery {
  readonly strategy = 'mcast';
  readonly #identity: McastIdentity;
  readonly #options: McastOptions;
  readonly #deps: McastDeps;
  readonly #key: Buffer;
  #socket: Promise<McastSocket> | undefined;
  /** Of the last question: its own datagrams come back, and answers to older ones count for nothing. */
  #nonce: Buffer = Buffer.alloc(NONCE_BYTES);
  #round: Round | undefined;
  #gathering: Promise<string[]> | undefined;
  #stopped = false;
  readonly #complained = new Set<string>();

  constructor(identity: McastIdentity, options: McastOptions, deps: McastDeps) {
    this.#identity = identity;
    this.#options = options;
    this.#deps = deps;
    this.#key = mcastKey(identity.cookie);
  }

  discover(): Promise<string[]> {
    this.#gathering ??= this.#gather().finally(() => {
      this.#gathering = undefined;
    });
    return this.#gathering;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#round?.fail(stopped());
    const socket = await this.#socket?.catch(() => undefined);
    this.#socket = undefined;
    socket?.close();
  }

  async #gather(): Promise<string[]> {
    const socket = await this.#open();
    if (this.#stopped) throw stopped();
    const { schedule } = this.#deps;
    const { gatherMs } = this.#options;
    this.#nonce = this.#deps.randomBytes(NONCE_BYTES);
    const seen = new Set([this.#identity.node]);
    const cancels: (() => void)[] = [];
    try {
      await new Promise<void>((resolve, reject) => {
        this.#round = { seen, fail: reject };
        for (let ping = 0; ping < PINGS; ping++) {
          const ask = () => this.#ask(socket).catch(reject);
          if (ping === 0) ask();
          else cancels.push(schedule(ask, (ping * gatherMs) / PINGS));
        }
        cancels.push(schedule(resolve, gatherMs));
      });
    } finally {
      this.#round = undefined;
      for (const cancel of cancels) cancel();
    }
    return sortedUnique(seen);
  }

  async #open(): Promise<McastSocket> {
    if (this.#stopped) throw stopped();
    this.#socket ??= this.#deps.open(this.#options, {
      received: (bytes, address, port) => this.#received(bytes, address, port),
      broken: (reason) => this.#broken(reason),
    });
    try {
      return await this.#socket;
    } catch (error) {
      // The next call tries again.
      this.#socket = undefined;
      throw error;
    }
  }

  #broken(reason: string): void {
    this.#socket = undefined;
    const error = new DiscoveryError('MCAST_SOCKET', reason);
    if (this.#round === undefined) this.#deps.warn(error.message);
    else this.#round.fail(error);
  }

  async #ask(socket: McastSocket): Promise<void> {
    const { addr, ports } = this.#options;
    const bytes = this.#encode('ping', this.#nonce);
    try {
      await Promise.all(ports.map((port) => socket.send(bytes, port, addr)));
    } catch (error) {
      throw new DiscoveryError(
        'MCAST_SEND',
        `cannot send to multicast group ${addr} (${reasonOf(error)}): has this machine a route to it? name an interface in cluster.mcast.iface`,
        { cause: error },
      );
    }
  }

  #received(bytes: Buffer, address: string, port: number): void {
    const decoded = decodeMcast(bytes, this.#key);
    if (decoded === undefined) return;
    const { message, proven } = decoded;
    if (message.group !== this.#options.addr) return;
    if (message.cluster !== this.#identity.cluster) return;
    if (!proven) {
      this.#complainOnce(
        address,
        `${address} speaks by multicast for cluster ${message.cluster} with another cookie and is not answered: give all nodes the same node.cookie`,
      );
      return;
    }
    const own = this.#nonce.equals(message.nonce);
    if (message.type === 'pong') {
      if (own && isNodeName(message.node)) this.#round?.seen.add(message.node);
    } else if (message.node !== this.#identity.node) this.#answer(message.nonce, address, port);
    else if (!own) {
      this.#complainOnce(
        `${address} ${message.node}`,
        `${address} calls itself ${message.node} as this node does: give each node a node.name of its own`,
      );
    }
  }

  /** To the asker alone. If it gets lost, the asker asks again. */
  #answer(nonce: Buffer, address: string, port: number): void {
    const bytes = this.#encode('pong', nonce);
    this.#socket?.then((socket) => socket.send(bytes, port, address)).catch(() => undefined);
  }

  #encode(type: McastMessage['type'], nonce: Buffer): Buffer {
    const { cluster, node } = this.#identity;
    return encodeMcast({ type, nonce, group: this.#options.addr, cluster, node }, this.#key);
  }

  #complainOnce(about: string, line: string): void {
    if (this.#complained.has(about) || this.#complained.size >= MOST_COMPLAINTS) return;
    this.#complained.add(about);
    this.#deps.warn(line);
  }
}

function stopped(): DiscoveryError {
  return new DiscoveryError('STOPPED', 'multicast discovery was stopped');
}
