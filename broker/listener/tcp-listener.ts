import { createServer, type Server, type Socket } from 'node:net';
import { BrokerError } from '../errors.js';
import type { Node } from '../session/mod.js';
import { connectionRoom } from './open-files.js';
import { type ConnectionOwner, TcpConnection } from './tcp-connection.js';

/** Connections the kernel keeps ready for us while we are busy. */
const BACKLOG = 4096;
/** An accept that fails is likely to fail thousands of times a second: said this often. */
const COMPLAIN_EVERY_MS = 10_000;

export interface ListenerOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  /** The node's time, ms. */
  now: () => number;
  /** One line for whoever runs the node. */
  complain: (line: string) => void;
}

/** MQTT over TCP on one address. */
export class TcpListener implements ConnectionOwner {
  readonly type = 'tcp';
  readonly host: string;
  #port = 0;
  readonly #server: Server;
  readonly now: () => number;
  readonly #complain: (line: string) => void;
  readonly #connections = new Set<TcpConnection>();
  #quietUntilMs = 0;

  private constructor(node: Node, options: ListenerOptions) {
    this.host = options.host;
    this.now = options.now;
    this.#complain = options.complain;
    this.#server = createServer({ noDelay: true }, (socket: Socket) => {
      this.#connections.add(new TcpConnection(socket, node, this));
    });
  }

  /** Resolves when the listener takes connections. Throws BrokerError if the address cannot be had. */
  static async open(node: Node, options: ListenerOptions): Promise<TcpListener> {
    const listener = new TcpListener(node, options);
    await listener.#listen(options.port);
    return listener;
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
        reject(listenError(error, host, port));
      });
      server.listen({ host, port, backlog: BACKLOG }, () => {
        server.removeAllListeners('error');
        server.on('error', (error: NodeJS.ErrnoException) => this.#acceptFailed(error));
        const room = connectionRoom();
        if (room !== undefined) server.maxConnections = room;
        server.on('drop', () => this.#outOfFiles());
        const address = server.address();
        if (address !== null && typeof address === 'object') this.#port = address.port;
        resolve();
      });
    });
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

function listenError(error: NodeJS.ErrnoException, host: string, port: number): BrokerError {
  const address = `${host}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new BrokerError(
        'ADDRESS_IN_USE',
        `${address} is in use: stop what listens there or choose another --port`,
        { cause: error },
      );
    case 'EACCES':
      return new BrokerError(
        'ADDRESS_REFUSED',
        `not allowed to listen on ${address}: ports below 1024 need privileges, choose another --port`,
        { cause: error },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new BrokerError(
        'ADDRESS_REFUSED',
        `${host} is not an address of this machine: choose another --host`,
        { cause: error },
      );
    default:
      return new BrokerError('LISTEN_FAILED', `cannot listen on ${address}: ${error.message}`, {
        cause: error,
      });
  }
}
