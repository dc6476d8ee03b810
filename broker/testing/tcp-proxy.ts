/** A TCP connection's middle, for tests to break: passes bytes on, cuts connections, says nothing any more. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './test-cluster.js';

const HOST = '127.0.0.1';

export class TcpProxy {
  readonly port: number;
  connections = 0;
  /** Bytes in one direction after which the next connection is cut; Infinity: never. */
  cutAfterBytes = Number.POSITIVE_INFINITY;
  readonly #server: Server;
  readonly #pairs = new Set<{ sockets: Socket[] }>();

  private constructor(server: Server, port: number, to: number) {
    this.#server = server;
    this.port = port;
    server.on('connection', (from) => this.#pair(from, connect({ host: HOST, port: to })));
  }

  /** To the port `to` of this machine. */
  static async open(to: number): Promise<TcpProxy> {
    const server = createServer({ noDelay: true });
    const port = await freePort();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: HOST, port }, resolve);
    });
    return new TcpProxy(server, port, to);
  }

  /** Breaks all connections. */
  cut(): void {
    for (const { sockets } of this.#pairs) for (const socket of sockets) socket.destroy();
  }

  /** The connections stay, but nothing passes any more. */
  freeze(): void {
    for (const { sockets } of this.#pairs) for (const socket of sockets) socket.pause();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  #pair(from: Socket, to: Socket): void {
    this.connections++;
    const pair = { sockets: [from, to] };
    this.#pairs.add(pair);
    const most = this.cutAfterBytes;
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      one.setNoDelay(true);
      let left = most;
      one.on('data', (bytes: Buffer) => {
        // What fits still passes, and what the other side has to say to it.
        other.write(bytes.subarray(0, Math.min(bytes.length, left)));
        left -= bytes.length;
        if (left > 0) return;
        one.pause();
        other.end();
      });
      one.on('error', () => other.destroy());
      one.on('close', () => {
        other.destroySoon();
        this.#pairs.delete(pair);
      });
    }
  }
}
