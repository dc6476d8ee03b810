import { createHash, randomBytes } from 'node:crypto';
import { WebSocketError } from './websocket-frame.js';

/** §1.3: what a server hashes the key with, to show that it means WebSocket. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** MQTT 5 and 3.1.1, [MQTT-6.0.0-3]; servers take it for 3.1 as well. */
const SUBPROTOCOL = 'mqtt';
/** More than servers send; what is longer is no answer to an upgrade. */
const LARGEST_ANSWER = 16_384;
const HEAD_END = '\r\n\r\n';

/** The HTTP request that makes a connection a WebSocket (RFC 6455 §4), and the reading of its answer. */
export class WebSocketUpgrade {
  readonly request: Buffer;
  readonly #key = randomBytes(16).toString('base64');
  #answer = '';

  /** @param path path and query, @param host name and port as in the URL */
  constructor(path: string, host: string) {
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: ${host}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Key: ${this.#key}`,
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`,
    ];
    this.request = Buffer.from(lines.join('\r\n') + HEAD_END);
  }

  /**
   * Takes some of the answer; returns where in these bytes the WebSocket begins, -1 while more must come.
   * @throws WebSocketError when the server does not agree
   */
  push(bytes: Uint8Array, length: number): number {
    const before = this.#answer.length;
    this.#answer += Buffer.from(bytes.subarray(0, length)).toString('latin1');
    if (before === 0 && !'HTTP/1.1 '.startsWith(this.#answer.slice(0, 9))) {
      const start = JSON.stringify(this.#answer.slice(0, 32).replace(/[^\x20-\x7e]/g, '.'));
      throw new WebSocketError(`the target answers a WebSocket upgrade with ${start}`);
    }
    const end = this.#answer.indexOf(HEAD_END);
    if (end < 0) {
      if (this.#answer.length < LARGEST_ANSWER) return -1;
      throw new WebSocketError('the target answers a WebSocket upgrade without an end');
    }
    this.#check(this.#answer.slice(0, end));
    return end + HEAD_END.length - before;
  }

  #check(head: string): void {
    const [status = '', ...lines] = head.split('\r\n');
    if (!/^HTTP\/1\.1 101\b/.test(status)) {
      throw new WebSocketError(`the target refuses the WebSocket upgrade: ${status.slice(9, 80)}`);
    }
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
      }),
    );
    const accept = createHash('sha1').update(`${this.#key}${GUID}`).digest('base64');
    if (headers.get('sec-websocket-accept') !== accept) {
      throw new WebSocketError('the target does not speak WebSocket: its accept key is wrong');
    }
    if (headers.get('sec-websocket-protocol') !== SUBPROTOCOL) {
      throw new WebSocketError(
        `the target does not speak MQTT over this WebSocket: it did not agree to the subprotocol ` +
          `'${SUBPROTOCOL}' [MQTT-6.0.0-4]; is the path right?`,
      );
    }
    if (headers.has('sec-websocket-extensions')) {
      throw new WebSocketError('the target uses a WebSocket extension that nobody offered');
    }
  }
}
