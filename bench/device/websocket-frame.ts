/**
 * RFC 6455 framing for a client: what a frame costs is a few bytes in front of its payload, written where
 * room was left for them, and a payload that is masked in place. Nothing is allocated per frame.
 */

export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** Two bytes, eight of extended length, four of masking key (§5.2). */
export const LARGEST_FRAME_HEADER = 14;
/** §5.5: control frames carry no more. */
export const LARGEST_CONTROL_PAYLOAD = 125;

const FINAL = 0x80;
const MASKED = 0x80;

/**
 * Makes `bytes[start..end)` the payload of one final frame: masks it and writes the header in front of it.
 * @param key 32 bits; a new one for each frame (§5.3)
 * @returns where the frame begins; `start` must leave LARGEST_FRAME_HEADER bytes of room
 */
export function frameInPlace(
  bytes: Uint8Array,
  start: number,
  end: number,
  opcode: number,
  key: number,
): number {
  const length = end - start;
  const extended = length < 126 ? 0 : length < 0x10000 ? 2 : 8;
  const frameStart = start - 6 - extended;
  bytes[frameStart] = FINAL | opcode;
  bytes[frameStart + 1] = MASKED | (extended === 0 ? length : extended === 2 ? 126 : 127);
  let rest = length;
  for (let at = frameStart + 1 + extended; at > frameStart + 1; at--) {
    bytes[at] = rest & 0xff;
    rest = Math.floor(rest / 256);
  }
  const k0 = key >>> 24;
  const k1 = (key >>> 16) & 0xff;
  const k2 = (key >>> 8) & 0xff;
  const k3 = key & 0xff;
  bytes[start - 4] = k0;
  bytes[start - 3] = k1;
  bytes[start - 2] = k2;
  bytes[start - 1] = k3;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    bytes[at]! ^= k0;
    bytes[at + 1]! ^= k1;
    bytes[at + 2]! ^= k2;
    bytes[at + 3]! ^= k3;
  }
  if (at < end) bytes[at]! ^= k0;
  if (at + 1 < end) bytes[at + 1]! ^= k1;
  if (at + 2 < end) bytes[at + 2]! ^= k2;
  return frameStart;
}

/** Takes what a server sends. `bytes` is shared and reused: what is needed later must be copied during the call. */
export interface WebSocketSink {
  /** Some of the payload of a binary message, in order. False stops: what is left of the chunk is dropped. */
  data(bytes: Uint8Array, start: number, end: number): boolean;
  ping(payload: Uint8Array): void;
  /** The server closes; 1005 when it gave no code (§7.1.5). Nothing follows. */
  closing(code: number, reason: string): void;
}

/** A server that breaks RFC 6455, or sends what MQTT does not allow over it. */
export class WebSocketError extends Error {
  readonly code = 'WEBSOCKET';
}

/** Where in a frame the reader stands. */
const FIRST_BYTE = 0;
const SECOND_BYTE = 1;
const LENGTH = 2;
const PAYLOAD = 3;

/** Cuts what a server sends, in chunks cut anywhere, into frames. Payload is handed over in place. */
export class WebSocketReader {
  #at = FIRST_BYTE;
  #opcode = 0;
  #final = false;
  #lengthBytes = 0;
  #remaining = 0;
  /** A binary message whose last fragment has not come. */
  #inMessage = false;
  #control: Buffer | undefined;
  #controlBytes = 0;

  /**
   * Reads `bytes[start..end)`. Returns false when the sink stopped or the server closed.
   * @throws WebSocketError at once when it is not what a server may send; the stream cannot be read on
   */
  push(bytes: Uint8Array, start: number, end: number, sink: WebSocketSink): boolean {
    let at = start;
    while (at < end) {
      if (this.#at !== PAYLOAD) this.#header(bytes[at++]!);
      if (this.#at !== PAYLOAD) continue;
      const taken = Math.min(end - at, this.#remaining);
      this.#remaining -= taken;
      const goesOn =
        this.#opcode < OPCODE.close
          ? taken === 0 || sink.data(bytes, at, at + taken)
          : this.#controlPayload(bytes, at, at + taken, sink);
      at += taken;
      if (this.#remaining === 0) {
        if (this.#opcode < OPCODE.close) this.#inMessage = !this.#final;
        this.#at = FIRST_BYTE;
      }
      if (!goesOn) return false;
    }
    return true;
  }

  #header(byte: number): void {
    switch (this.#at) {
      case FIRST_BYTE:
        this.#first(byte);
        this.#at = SECOND_BYTE;
        return;
      case SECOND_BYTE:
        if ((byte & MASKED) !== 0) throw new WebSocketError('a masked frame from a server (§5.1)');
        this.#remaining = byte;
        this.#lengthBytes = byte === 126 ? 2 : byte === 127 ? 8 : 0;
        if (this.#opcode >= OPCODE.close && byte > LARGEST_CONTROL_PAYLOAD) {
          throw new WebSocketError('a control frame of more than 125 bytes (§5.5)');
        }
        if (this.#lengthBytes > 0) this.#remaining = 0;
        this.#at = this.#lengthBytes > 0 ? LENGTH : PAYLOAD;
        return;
      default:
        this.#remaining = this.#remaining * 256 + byte;
        this.#lengthBytes--;
        if (this.#remaining > Number.MAX_SAFE_INTEGER) {
          throw new WebSocketError('a frame of more than 2^53 bytes');
        }
        if (this.#lengthBytes === 0) this.#at = PAYLOAD;
    }
  }

  #first(byte: number): void {
    this.#opcode = byte & 0x0f;
    this.#final = (byte & FINAL) !== 0;
    if ((byte & 0x70) !== 0) throw new WebSocketError('reserved bits are set (§5.2)');
    switch (this.#opcode) {
      case OPCODE.continuation:
        if (!this.#inMessage) throw new WebSocketError('a continuation of nothing (§5.4)');
        return;
      case OPCODE.binary:
        if (this.#inMessage) throw new WebSocketError('a message inside another (§5.4)');
        return;
      case OPCODE.text:
        throw new WebSocketError('a text frame, where MQTT is binary [MQTT-6.0.0-1]');
      case OPCODE.close:
      case OPCODE.ping:
      case OPCODE.pong:
        if (!this.#final) throw new WebSocketError('a control frame in fragments (§5.5)');
        this.#controlBytes = 0;
        return;
      default:
        throw new WebSocketError(`a frame with the reserved opcode ${this.#opcode} (§5.2)`);
    }
  }

  #controlPayload(bytes: Uint8Array, start: number, end: number, sink: WebSocketSink): boolean {
    this.#control ??= Buffer.allocUnsafeSlow(LARGEST_CONTROL_PAYLOAD);
    this.#control.set(bytes.subarray(start, end), this.#controlBytes);
    this.#controlBytes += end - start;
    if (this.#remaining > 0) return true;
    const payload = this.#control.subarray(0, this.#controlBytes);
    if (this.#opcode === OPCODE.ping) sink.ping(payload);
    if (this.#opcode !== OPCODE.close) return true;
    const hasCode = payload.length >= 2;
    sink.closing(hasCode ? payload.readUInt16BE(0) : 1005, payload.toString('utf8', 2));
    return false;
  }
}
