import { createServer, type Server, type Socket } from 'node:net';
import { ReasonCode } from '../../wire/mod.js';
import type { TcpAddress } from '../config.js';
import { BrokerError } from '../errors.js';
import type { Ingress, Node } from '../session/mod.js';
import { connectionRoom } from './open-files.js';
import { type ConnectionOwner, TcpConnection } from './tcp-connection.js';

/** Connections the kernel keeps ready for us while we are busy. */
const BACKLOG = 4096;
/** An accept that fails is likely to fail thousands of times a second: said this often. */
const COMPLAIN_EVERY_MS = 10_000;

/** What the listeners of a node have in common. */
export interface ListenerSurroundings {
  /** The node's time, ms. */
  now: () => number;
  /** One line for whoever runs the node. */
  complain: (line: string) => void;
  /** Clients if it is left out. */
  ingress?: Ingress;
}

/** MQTT over TCP on one address. */
export class TcpListener implements ConnectionOwner {
  readonly type = 'tcp';
  readonly name: string;
  readonly host: string;
  readonly #maxConnections: number;
  /** All listeners of the node, this one among them: they share the files the process may open. */
  readonly #siblings: readonly TcpListener[];
  #room = Number.POSITIVE_INFINITY;
  #port = 0;
  readonly #server: Server;
  readonly now: () => number;
  readonly #complain: (line: string) => void;
  readonly #connections = new Set<TcpConnection>();
  #quietUntilMs = 0;

  private constructor(
    node: Node,
    { name, host, maxConnections }: TcpAddress,
    { now, complain, ingress }: ListenerSurroundings,
    siblings: readonly TcpListener[],
  ) {
    this.name = name;
    this.host = host;
    this.#maxConnections = maxConnections;
    this.#siblings = siblings;
    this.now = now;
    this.#complain = complain;
    this.#server = createServer({ noDelay: true }, (socket: Socket) => {
      if (this.#isFull()) {
        socket.destroy();
        this.#refused();
      } else this.#connections.add(new TcpConnection(socket, node, this, ingress));
    });
  }

  /**
   * Resolves when all take connections. Throws BrokerError if an address cannot be had, and leaves none open
   * then.
   */
  static async openAll(
    node: Node,
    addresses: readonly TcpAddress[],
    surroundings: ListenerSurroundings,
  ): Promise<readonly TcpListener[]> {
    const listeners: TcpListener[] = [];
    try {
      for (const address of addresses) {
        const listener = new TcpListener(node, address, surroundings, listeners);
        await listener.#listen(address.port);
        listeners.push(listener);
      }
    } catch (error) {
      await Promise.all(
        listeners.map((listener) => listener.close(ReasonCode.SERVER_SHUTTING_DOWN, 0)),
      );
      throw error;
    }
    return listeners;
  }

  get port(): number {
    return this.#port;
  }

  /** Open files bound it; Infinity where their limit cannot be read. */
  get maxConnections(): number {
    return this.#server.maxConnections ?? Number.POSITIVE_INFINITY;
  }

  get connections(): number {
    return this.#connections.size;
  }

  gone(connection: TcpConnection): void {
    this.#connections.delete(connection);
  }

  defect(error: unknown): void {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#complain(`a defect of this program ended a connection: ${what}`);
  }

  /** Takes no more connections; those there are told `reasonCode` and closed, by force after `graceMs`. */
  async close(reasonCode: number, graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { channel } of this.#connections) channel.close(reasonCode, this.now());
    const force = setTimeout(() => {
      for (const connection of this.#connections) connection.destroy();
    }, graceMs);
    await closed;
    clearTimeout(force);
  }

  #listen(port: number): Promise<void> {
    const server = this.#server;
    const { host } = this;
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        reject(listenError(error, this.name, host, port));
      });
      server.listen({ host, port, backlog: BACKLOG }, () => {
        server.removeAllListeners('error');
        server.on('error', (error: NodeJS.ErrnoException) => this.#acceptFailed(error));
        this.#room = connectionRoom() ?? Number.POSITIVE_INFINITY;
        const most = Math.min(this.#room, this.#maxConnections);
        if (most < Number.POSITIVE_INFINITY) server.maxConnections = most;
        server.on('drop', () => this.#refused());
        const address = server.address();
        if (address !== null && typeof address === 'object') this.#port = address.port;
        resolve();
      });
    });
  }

  /** The listeners of the node have together as many connections as there are files. */
  #isFull(): boolean {
    let all = 0;
    for (const { connections } of this.#siblings) all += connections;
    return all >= this.#room;
  }

  #refused(): void {
    if (this.#connections.size < this.#maxConnections) this.#outOfFiles();
    else {
      this.#complainSometimes(
        `listener ${this.name} has its ${this.#maxConnections} connections: new ones are refused; raise listeners.tcp.${this.name}.max_connections`,
      );
    }
  }

  #outOfFiles(): void {
    this.#complainSometimes(
      `open-file limit reached with ${this.#connections.size} connections: new ones are refused; raise it with 'ulimit -n'`,
    );
  }

  #acceptFailed(error: NodeJS.ErrnoException): void {
    if (error.code === 'EMFILE' || error.code === 'ENFILE') this.#outOfFiles();
    else {
      this.#complainSometimes(
        `cannot accept connections on ${this.host}:${this.#port}: ${error.message}`,
      );
    }
  }

  #complainSometimes(line: string): void {
    const nowMs = this.now();
    if (nowMs < this.#quietUntilMs) return;
    this.#quietUntilMs = nowMs + COMPLAIN_EVERY_MS;
    this.#complain(line);
  }
}

function listenError(
  error: NodeJS.ErrnoException,
  name: string,
  host: string,
  port: number,
): BrokerError {
  const address = `${host}:${port}`;
  const isDefault = name === 'default';
  const another = (flag: string): string =>
    `choose another ${isDefault ? flag : `listeners.tcp.${name}.bind`}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new BrokerError(
        'ADDRESS_IN_USE',
        `${address} is in use: stop what listens there or ${another('--port')}`,
        { cause: error },
      );
    case 'EACCES':
      return new BrokerError(
        'ADDRESS_REFUSED',
        `not allowed to listen on ${address}: ports below 1024 need privileges, ${another('--port')}`,
        { cause: error },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new BrokerError(
        'ADDRESS_REFUSED',
        `${host} is not an address of this machine: ${another('--host')}`,
        { cause: error },
      );
    default:
      return new BrokerError('LISTEN_FAILED', `cannot listen on ${address}: ${error.message}`, {
        cause: error,
      });
  }
}
