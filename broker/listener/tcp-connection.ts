import type { Socket } from 'node:net';
import { BYTES_SENT } from '../routing/mod.js';
import {
  Channel,
  type Ingress,
  type Intake,
  type Node,
  Outbox,
  type Transport,
} from '../session/mod.js';
import { readShared } from './shared-read.js';

const OWNER = Symbol('connection');
type OwnedSocket = Socket & { [OWNER]: TcpConnection };

const NOTHING = Buffer.alloc(0);

/** Whoever accepted the connection. */
export interface ConnectionOwner {
  /** The node's time, ms. */
  now(): number;
  /** The socket is closed; called once. */
  gone(connection: TcpConnection): void;
  /** Something was thrown that never should be. */
  defect(error: unknown): void;
}

/** One accepted socket: bytes in to the channel, bytes out from the outbox. */
export class TcpConnection implements Transport, Intake {
  readonly channel: Channel;
  readonly #socket: Socket;
  readonly #node: Node;
  readonly #owner: ConnectionOwner;

  constructor(socket: Socket, node: Node, owner: ConnectionOwner, ingress?: Ingress) {
    this.#socket = socket;
    this.#node = node;
    this.#owner = owner;
    this.channel = new Channel(node, new Outbox(node.turn, this), this, owner.now(), ingress);
    const owned = socket as OwnedSocket;
    owned[OWNER] = this;
    // Shared functions that find their connection by the socket: no closure per connection.
    owned.on('close', onClose);
    owned.on('error', onError);
    readShared(socket, onBytes);
  }

  get peer(): string {
    const { remoteAddress = '', remotePort = 0 } = this.#socket;
    // A listener of both families sees IPv4 clients as ::ffff:….
    const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/, '');
    return `${address.includes(':') ? `[${address}]` : address}:${remotePort}`;
  }

  write(bytes: Buffer): boolean {
    const socket = this.#socket;
    this.#node.counters[BYTES_SENT]! += bytes.length;
    socket.write(bytes);
    if (socket.writableLength === 0 || socket.destroyed) return true;
    // Behind what the kernel did not take; its callback says when that is gone.
    socket.write(NOTHING, () => {
      if (!socket.destroyed) this.channel.drained(this.#owner.now());
    });
    return false;
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  received(length: number, bytes: Uint8Array): void {
    try {
      this.channel.receive(bytes, length, this.#owner.now());
    } catch (error) {
      // A defect of ours that one client has found: it ends that connection, not the node.
      this.#owner.defect(error);
      this.#socket.destroy();
    }
  }

  closed(): void {
    this.channel.closed(this.#owner.now());
    this.#owner.gone(this);
  }
}

function onBytes(this: Socket, length: number, bytes: Buffer): boolean {
  (this as OwnedSocket)[OWNER].received(length, bytes);
  return true;
}

function onClose(this: Socket): void {
  (this as OwnedSocket)[OWNER].closed();
}

/** Resets and the like; 'close' follows. */
function onError(): void {}
