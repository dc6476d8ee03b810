import { createHash, randomBytes } from 'node:crypto';
import { linkSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { BrokerError } from '../errors.js';
import { runCommand } from './commands/mod.js';
import {
  type CtlRequest,
  controlPath,
  isAlive,
  lineOf,
  makeControlFolder,
} from './control-socket.js';
import type { NodeControl } from './node-control.js';
import { SocketAnswer } from './socket-answer.js';

/** A command line is not longer. */
const MAX_REQUEST_BYTES = 1_048_576;
/** A node that has the lock needs a few milliseconds. */
const RETRY_MS = 5;
const TRIES = 100;

export interface CtlServerOptions {
  /** Where the sockets of this user's nodes are. */
  folder: string;
  userId: number;
  wallClock: () => Date;
  /** One line for whoever runs the node. */
  complain: (line: string) => void;
}

/** Takes the commands of `ctl` for one node over a Unix socket. */
export class CtlServer {
  readonly #node: NodeControl;
  readonly #options: CtlServerOptions;
  readonly #path: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(node: NodeControl, options: CtlServerOptions) {
    this.#node = node;
    this.#options = options;
    this.#path = controlPath(options.folder, node.nodeName);
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Resolves when commands are taken. Throws BrokerError: NODE_NAME_IN_USE, CONTROL_FAILED. */
  static async open(node: NodeControl, options: CtlServerOptions): Promise<CtlServer> {
    makeControlFolder(options.folder, options.userId);
    const server = new CtlServer(node, options);
    await server.#listen();
    return server;
  }

  /** No more commands; those under way are cut off. */
  async close(): Promise<void> {
    rmSync(this.#path, { force: true });
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /**
   * Listens under a name of its own and gives the file its right name only then: by a hard link, which fails
   * if the name is taken. A file that a killed node left is removed by whoever has linked the lock, nobody
   * else: as long as it is there nobody can put another in its place. So of many nodes that start at once
   * with one name, one does.
   */
  async #listen(): Promise<void> {
    const path = this.#path;
    const folder = dirname(path);
    const own = join(folder, `.${process.pid}-${randomBytes(3).toString('hex')}`);
    // As long as `own`: what fits for the node's name may not fit with more behind it.
    const lock = join(folder, `.${createHash('sha256').update(path).digest('hex').slice(0, 12)}`);
    await listen(this.#server, own);
    try {
      for (let attempt = 0; attempt < TRIES; attempt++) {
        if (tryLink(own, path)) return;
        if (await isAlive(path)) throw this.#inUse();
        if (tryLink(own, lock)) {
          try {
            if (!(await isAlive(path))) rmSync(path, { force: true });
            if (tryLink(own, path)) return;
          } finally {
            rmSync(lock, { force: true });
          }
          // Its holder was killed in these few lines; otherwise it is about to have the name.
        } else if (!(await isAlive(lock))) rmSync(lock, { force: true });
        else await setTimeout(RETRY_MS);
      }
      throw this.#inUse();
    } catch (error) {
      this.#server.close();
      throw error;
    } finally {
      rmSync(own, { force: true });
    }
  }

  #inUse(): BrokerError {
    const { nodeName } = this.#node;
    return new BrokerError(
      'NODE_NAME_IN_USE',
      `a node named '${nodeName}' runs on this machine already: stop it or choose another --node-name`,
    );
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // Whoever asked may go at any time.
    socket.on('error', () => {});
    socket.write(lineOf({ node: this.#node.nodeName }));
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      const end = text.indexOf('\n');
      if (end < 0 && text.length <= MAX_REQUEST_BYTES) return;
      socket.removeAllListeners('data').resume();
      void this.#serve(socket, text.slice(0, Math.max(end, 0)));
    });
  }

  async #serve(socket: Socket, request: string): Promise<void> {
    const answer = new SocketAnswer(socket);
    let exit = 1;
    try {
      const { wallClock } = this.#options;
      exit = await runCommand(argvOf(request), { node: this.#node, answer, wallClock });
    } catch (error) {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#options.complain(`a defect of this program ended a ctl command: ${what}`);
      answer.err(`this is a bug in Fleetgauge, please report it: ${what}`);
    }
    socket.end(lineOf({ exit }));
  }
}

/** Words that are no command if it is not what `ctl` sends. */
function argvOf(request: string): string[] {
  try {
    const { argv } = JSON.parse(request) as Partial<CtlRequest>;
    if (Array.isArray(argv) && argv.every((word) => typeof word === 'string')) return argv;
  } catch {}
  return [];
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const why = `cannot listen on ${path}: ${error.message}`;
      reject(new BrokerError('CONTROL_FAILED', why, { cause: error }));
    });
    server.listen(path, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

/** False if there is such a file. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new BrokerError('CONTROL_FAILED', `cannot make ${to}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
