import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { dial, isPortTaken, MOST_PORT_TRIES } from './dial.js';
import type { Endpoint } from './endpoint.js';
import { OutputBuffer } from './output-buffer.js';
import { afterHandshake, duringHandshake, socketError } from './socket-error.js';
import {
  frameInPlace,
  LARGEST_FRAME_HEADER,
  OPCODE,
  WebSocketError,
  WebSocketReader,
  type WebSocketSink,
} from './websocket-frame.js';
import { WebSocketUpgrade } from './websocket-upgrade.js';

/** Who is at the near end of a connection. */
export interface ConnectionUser {
  /** MQTT may be spoken: TCP, TLS and WebSocket are through with their handshakes. */
  opened(): void;
  /** Bytes of the stream of MQTT packets, in a buffer that is shared and reused. False: no more of this chunk. */
  received(bytes: Uint8Array, start: number, end: number): boolean;
  /** What lay in the socket has been received: time to flush answers. */
  receivedAll(): void;
  /** It is not full any more. */
  drained(): void;
  /** @param reason why it broke; empty when the far end closed it without giving one */
  closed(reason: string): void;
}

/** What the connections of one thread share: one read buffer and one write buffer. */
export class ConnectionThread {
  /** One for all sockets: Node calls it with the socket as `this`. */
  readonly onread = { buffer: Buffer.allocUnsafeSlow(64 * 1024), callback: onBytes };
  readonly output = new OutputBuffer();
}

/** What a connection waits for, or `open`. */
export type ConnectionStage = 'TCP connection' | 'TLS handshake' | 'WebSocket upgrade' | 'open';

/** The socket knows its connection, so that one set of handlers serves all of them. */
interface DeviceSocket extends Socket {
  connection: Connection;
}

/** Close code 1000, normal closure (RFC 6455 §7.4.1). */
const NORMAL_CLOSURE = Buffer.from([0x03, 0xe8]);

/**
 * One device's way to its target: a stream of bytes, whatever lies under it. It may be opened again when it
 * has closed.
 */
export class Connection implements WebSocketSink {
  stage: ConnectionStage = 'TCP connection';
  /** Its TLS handshake took up the session of an earlier connection. */
  tlsResumed = false;
  readonly #shared: ConnectionThread;
  readonly #user: ConnectionUser;
  #endpoint: Endpoint | undefined;
  #socket: DeviceSocket | undefined;
  #upgrade: WebSocketUpgrade | undefined;
  #webSocket: WebSocketReader | undefined;
  /** Of TLS, to be resumed. */
  #session: Buffer | undefined;
  #reason = '';
  /** Something was received since it is open. */
  #heard = false;
  #portTaken = false;
  #portTries = 0;

  constructor(shared: ConnectionThread, user: ConnectionUser) {
    this.#shared = shared;
    this.#user = user;
  }

  open(endpoint: Endpoint): void {
    this.#endpoint = endpoint;
    this.#reason = '';
    this.#portTries = 0;
    this.#dial(endpoint.ports.next());
  }

  #dial(localPort: number | undefined): void {
    const endpoint = this.#endpoint!;
    const { tls, webSocket } = endpoint;
    this.stage = 'TCP connection';
    this.tlsResumed = false;
    this.#upgrade = undefined;
    this.#webSocket = webSocket === undefined ? undefined : new WebSocketReader();
    const socket = dial(endpoint, localPort, this.#shared.onread, this.#session) as DeviceSocket;
    socket.connection = this;
    this.#socket = socket;
    socket.on('connect', onConnect);
    if (tls !== undefined) socket.on('secureConnect', onSecureConnect);
    if (tls?.resume) socket.on('session', onSession);
    socket.on('error', onError);
    socket.on('close', onClose);
    socket.on('drain', onDrain);
  }

  /** There is nothing that could be closed. */
  get isClosed(): boolean {
    return this.#socket === undefined;
  }

  /** More is not taken at the moment: the far end is slow. `drained` follows. */
  get isFull(): boolean {
    return this.#socket === undefined || this.#socket.writableNeedDrain;
  }

  /**
   * Sends `bytes[start..end)`, with LARGEST_FRAME_HEADER bytes of room in front of them. False: they are not
   * with the kernel yet, so the buffer now belongs to the socket.
   */
  write(bytes: Uint8Array, start: number, end: number): boolean {
    const socket = this.#socket;
    if (socket === undefined) return true;
    const from = this.#webSocket === undefined ? start : frame(bytes, start, end, OPCODE.binary);
    const own = bytes.subarray(from, end);
    if (this.#endpoint!.tls === undefined) {
      socket.write(own);
      return socket.writableLength === 0;
    }
    // TLS copies as it encrypts, which it does at once; only what waits for an earlier write stays where it is.
    socket.write(socket.writableLength === 0 ? own : Buffer.from(own));
    return true;
  }

  /** Sends bytes by themselves. */
  send(bytes: Uint8Array): void {
    const { output } = this.#shared;
    output.append(bytes, this);
    output.flush(this);
  }

  /** Sends last bytes and closes in order. */
  end(lastBytes: Uint8Array): void {
    this.send(lastBytes);
    if (this.#webSocket !== undefined) this.#control(OPCODE.close, NORMAL_CLOSURE);
    this.#socket?.end();
  }

  /** Breaks it, for this reason. */
  destroy(reason = ''): void {
    this.#reason = reason;
    this.#socket?.destroy();
  }

  /** Ends it without a word, as a device whose power fails: by RST where TCP is all there is. */
  cut(): void {
    if (this.#endpoint?.tls === undefined) this.#socket?.resetAndDestroy();
    else this.#socket?.destroy();
  }

  tcpConnected(): void {
    if (this.#endpoint!.tls === undefined) this.#secured();
    else this.stage = 'TLS handshake';
  }

  tlsConnected(): void {
    this.tlsResumed = (this.#socket as Socket as TLSSocket).isSessionReused();
    this.#secured();
  }

  hasSession(session: Buffer): void {
    this.#session = session;
  }

  #secured(): void {
    const { webSocket } = this.#endpoint!;
    if (webSocket === undefined) {
      this.#opened();
      return;
    }
    this.stage = 'WebSocket upgrade';
    this.#upgrade = new WebSocketUpgrade(webSocket.path, webSocket.host);
    this.#socket!.write(this.#upgrade.request);
  }

  #opened(): void {
    this.stage = 'open';
    this.#heard = false;
    this.#user.opened();
  }

  received(bytes: Uint8Array, length: number): void {
    const webSocket = this.#webSocket;
    this.#heard = true;
    if (webSocket === undefined) {
      if (this.#user.received(bytes, 0, length)) this.#user.receivedAll();
      return;
    }
    try {
      let start = 0;
      if (this.#upgrade !== undefined) {
        start = this.#upgrade.push(bytes, length);
        if (start < 0) return;
        this.#upgrade = undefined;
        this.#opened();
      }
      if (webSocket.push(bytes, start, length, this)) this.#user.receivedAll();
    } catch (error) {
      if (!(error instanceof WebSocketError)) throw error;
      this.destroy(
        this.stage === 'open' ? `the target breaks WebSocket: ${error.message}` : error.message,
      );
    }
  }

  data(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#user.received(bytes, start, end);
  }

  ping(payload: Uint8Array): void {
    this.#control(OPCODE.pong, payload);
  }

  closing(code: number, reason: string): void {
    this.#control(OPCODE.close, NORMAL_CLOSURE);
    const words = reason === '' ? '' : `: ${reason}`;
    this.#reason ||= `the target closed the WebSocket (${code}${words})`;
    this.#socket?.end();
  }

  /** A control frame of its own, for what has been prepared in the shared buffer may be half a packet. */
  #control(opcode: number, payload: Uint8Array): void {
    const bytes = Buffer.allocUnsafe(LARGEST_FRAME_HEADER + payload.length);
    bytes.set(payload, LARGEST_FRAME_HEADER);
    const from = frame(bytes, LARGEST_FRAME_HEADER, bytes.length, opcode);
    this.#socket?.write(bytes.subarray(from));
  }

  failed(error: NodeJS.ErrnoException): void {
    const mayTryAgain = this.stage === 'TCP connection' && this.#portTries < MOST_PORT_TRIES;
    this.#portTaken = mayTryAgain && isPortTaken(error);
    if (!this.#portTaken) this.#reason ||= socketError(error);
  }

  socketClosed(): void {
    if (this.#portTaken) {
      this.#portTaken = false;
      this.#portTries++;
      const { ports } = this.#endpoint!;
      this.#dial(this.#portTries < MOST_PORT_TRIES ? ports.next() : undefined);
      return;
    }
    this.#socket = undefined;
    this.#user.closed(this.#why());
  }

  #why(): string {
    const reason = this.#reason;
    if (this.stage === 'WebSocket upgrade' && (reason === '' || reason === 'ECONNRESET')) {
      return 'closed during the WebSocket upgrade: is it a WebSocket port?';
    }
    if (this.stage === 'TLS handshake') return duringHandshake(reason);
    const isTls = this.#endpoint!.tls !== undefined;
    return isTls && this.stage === 'open' && !this.#heard ? afterHandshake(reason) : reason;
  }

  drained(): void {
    this.#user.drained();
  }
}

/** A random key for each frame, against caches on the way that could be fooled; nothing secret hangs on it. */
function frame(bytes: Uint8Array, start: number, end: number, opcode: number): number {
  return frameInPlace(bytes, start, end, opcode, (Math.random() * 0x1_0000_0000) >>> 0);
}

function onBytes(this: unknown, length: number, bytes: Uint8Array): boolean {
  (this as DeviceSocket).connection.received(bytes, length);
  return true;
}
function onConnect(this: Socket): void {
  (this as DeviceSocket).connection.tcpConnected();
}
function onSecureConnect(this: Socket): void {
  (this as DeviceSocket).connection.tlsConnected();
}
function onSession(this: Socket, session: Buffer): void {
  (this as DeviceSocket).connection.hasSession(session);
}
function onError(this: Socket, error: NodeJS.ErrnoException): void {
  (this as DeviceSocket).connection.failed(error);
}
function onClose(this: Socket): void {
  (this as DeviceSocket).connection.socketClosed();
}
function onDrain(this: Socket): void {
  (this as DeviceSocket).connection.drained();
}
