import type { Socket } from 'node:net';
import type { Answer } from './commands/mod.js';
import { type CtlReply, lineOf } from './control-socket.js';

/** Lines of a long list that are made before the node does something else. */
const BATCH_LINES = 500;

/** Sends a command's text over its socket, a line of JSON for each line. */
export class SocketAnswer implements Answer {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  out(line: string): void {
    this.#send({ out: line });
  }

  err(line: string): void {
    this.#send({ err: line });
  }

  /** A million clients are listed without holding up those clients, and no faster than somebody reads. */
  async outAll(lines: Iterable<string>): Promise<void> {
    const socket = this.#socket;
    let batch = '';
    let count = 0;
    for (const line of lines) {
      batch += lineOf({ out: line });
      count++;
      if (count % BATCH_LINES !== 0) continue;
      if (socket.destroyed) return;
      const hasRoom = socket.write(batch);
      batch = '';
      await (hasRoom ? nextTurn() : drained(socket));
    }
    if (batch !== '' && !socket.destroyed) socket.write(batch);
  }

  #send(reply: CtlReply): void {
    if (!this.#socket.destroyed) this.#socket.write(lineOf(reply));
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Room again, or nobody there. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
    if (socket.destroyed) done();
  });
}
