import { hkdfSync } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { StoreError } from './store-error.js';

/** One message: what it says as JSON, and bytes that belong to it. */
export interface LineMessage {
  head: Record<string, unknown>;
  body: Buffer;
}

/** A message may have this many bytes; whoever announces more is cut off. */
export const LARGEST_MESSAGE_BYTES = 16 * 2 ** 20;
const CONNECT_TIMEOUT_MS = 5_000;
/** Who is silent for longer is taken for gone; the side that dialled says something more often. */
export const SILENCE_MS = 15_000;
const IDENTITY = 'fleetgauge';

/**
 * Both sides prove that they know the same secret, and everything is encrypted with keys of this connection alone
 * (RFC 5489): no certificates to make, and a stranger gets no further than the handshake.
 */
const TLS = {
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
} as const;

/** Messages both ways over one connection, in order: u32 bytes of all that follows, u32 bytes of the head, head, body. */
export class Line {
  readonly peer: string;
  /** Set before the current turn of the event loop ends. */
  onMessage: (message: LineMessage) => void = () => undefined;
  onClose: (why: string) => void = () => undefined;
  /** There is room again after `isFull`. */
  onDrain: () => void = () => undefined;
  readonly #socket: TLSSocket;
  #pieces: Buffer[] = [];
  #length = 0;
  #why = 'the other side has closed the connection';

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    this.peer = `${socket.remoteAddress}:${socket.remotePort}`;
    socket.setNoDelay(true);
    socket.setTimeout(SILENCE_MS, () => this.close(`silent for ${SILENCE_MS / 1000} s`));
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('drain', () => this.onDrain());
    socket.on('error', (error) => {
      this.#why = error.message;
    });
    socket.on('close', () => this.onClose(this.#why));
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  /** Much is under way that the other side has not taken: better to wait for `onDrain`. */
  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }

  send(head: object, body: Uint8Array = Buffer.alloc(0)): void {
    if (!this.isOpen) return;
    const text = Buffer.from(JSON.stringify(head));
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32BE(4 + text.length + body.length, 0);
    lengths.writeUInt32BE(text.length, 4);
    this.#socket.write(Buffer.concat([lengths, text, body]));
  }

  close(why = 'closed'): void {
    this.#why = why;
    this.#socket.destroy();
  }

  /** Closes when all that was sent is under way. */
  end(): void {
    this.#why = 'closed';
    this.#socket.destroySoon();
  }

  #take(bytes: Buffer): void {
    this.#pieces.push(bytes);
    this.#length += bytes.length;
    while (this.#length >= 8 && this.isOpen) {
      const first = this.#pieces[0]!;
      if (first.length < 8) this.#pieces = [Buffer.concat(this.#pieces)];
      const end = 4 + this.#pieces[0]!.readUInt32BE(0);
      if (end > LARGEST_MESSAGE_BYTES) {
        this.close(`announces a message of ${end} bytes`);
        return;
      }
      if (this.#length < end) return;
      const all = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
      this.#pieces = [all.subarray(end)];
      this.#length -= end;
      this.#read(all.subarray(4, end));
    }
  }

  #read(frame: Buffer): void {
    const headEnd = 4 + frame.readUInt32BE(0);
    const head = parse(frame.subarray(4, headEnd));
    if (head === undefined) {
      this.close('sends what is no message');
      return;
    }
    this.onMessage({ head, body: frame.subarray(headEnd) });
  }
}

function parse(text: Buffer): Record<string, unknown> | undefined {
  try {
    const head: unknown = JSON.parse(text.toString());
    return typeof head === 'object' && head !== null ? { ...head } : undefined;
  } catch {
    return undefined;
  }
}

export interface LineServer {
  /** The port that it got. */
  port: number;
  close(): void;
}

/**
 * Takes lines from those who know the key; nobody else gets as far as `onLine`.
 * @param refused a stranger was turned away
 * @throws StoreError BAD_CONFIG when it cannot listen there
 */
export function listenForLines(
  at: { host: string; port: number },
  key: Buffer,
  onLine: (line: Line) => void,
  refused: (peer: string) => void = () => undefined,
): Promise<LineServer> {
  const sockets = new Set<TLSSocket>();
  const server = createServer({
    ...TLS,
    handshakeTimeout: CONNECT_TIMEOUT_MS,
    pskCallback: (_, identity) => (identity === IDENTITY ? key : null),
  });
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    onLine(new Line(socket));
  });
  server.on('tlsClientError', (_, socket) => {
    refused(socket.remoteAddress ?? 'somebody');
    socket.destroy();
  });
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `cannot listen on ${at.host}:${at.port}: ${cause.message}`;
      reject(new StoreError('BAD_CONFIG', message, { cause }));
    });
    server.listen(at.port, at.host, () => {
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : at.port,
        close: () => {
          server.close();
          for (const socket of sockets) socket.destroySoon();
        },
      });
    });
  });
}

/** @throws StoreError DENIED when the other side has another key, UNAVAILABLE when it does not answer */
export function dialLine(at: { host: string; port: number }, key: Buffer): Promise<Line> {
  return new Promise((resolve, reject) => {
    const where = `${isIP(at.host) === 6 ? `[${at.host}]` : at.host}:${at.port}`;
    const socket = connect({
      ...TLS,
      ...at,
      checkServerIdentity: () => undefined,
      pskCallback: () => ({ psk: key, identity: IDENTITY }),
    });
    const fail = (cause: NodeJS.ErrnoException): void => {
      socket.destroy();
      // alert 20, bad_record_mac: how a side with another key sees our Finished message (RFC 4279 §2).
      const isDenied = /BAD_RECORD_MAC|ALERT_(DECRYPT|UNKNOWN_PSK)/.test(cause.code ?? '');
      reject(
        isDenied
          ? new StoreError('DENIED', `${where} has another secret: give both sides the same one`)
          : new StoreError('UNAVAILABLE', `${where} does not answer: ${cause.message}`, { cause }),
      );
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => fail(new Error('no answer in time')));
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      socket.off('error', fail);
      resolve(new Line(socket));
    });
  });
}

/** The key of a shared secret. Many guesses a second must not help: a secret is long (see the command line's check). */
export function keyOfSecret(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'fleetgauge', 'line', 32));
}
