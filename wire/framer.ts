import { broken, type MqttError } from './errors.js';
import { firstByteError, isFirstByte, PLAIN_FIRST_BYTES } from './first-byte.js';
import type { ProtocolVersion } from './packet-type.js';
import { RULES } from './rules.js';

/** Takes whole packets. `bytes` is shared and reused: what is needed later must be copied during the call. */
export interface FrameSink {
  /**
   * One packet: `bytes[start]` is its first byte, `bytes[bodyStart..end)` its body. False stops: the
   * connection is done and what is left of the chunk is dropped.
   */
  frame(bytes: Uint8Array, start: number, bodyStart: number, end: number): boolean;
}

/** Room for a split packet to begin with; most are smaller. */
const FIRST_ROOM_BYTES = 64;
/** Room above this is given back when the split packet is done. */
const KEEP_ROOM_BYTES = 256;

/**
 * Cuts a byte stream into packets. Packets that lie whole in a chunk are handed over in place; of one that
 * is split by the chunk's end the part that came is held, in room that grows with what really came and not
 * with what the remaining length promises.
 */
export class Framer {
  /** Bytes of a whole packet, fixed header included. May be set from within `frame`, as `version`. */
  maximumPacketSize: number;
  /** A Buffer, as the read buffers of sockets are, so that the sink sees one kind of object only. */
  #held: Buffer | undefined;
  #heldBytes = 0;
  /**
   * Only 3 changes what is accepted (MQTT 3.1 lets PUBREL, SUBSCRIBE and UNSUBSCRIBE carry DUP), and it
   * picks the clause in errors. May be set from within `frame`, as CONNECT is read.
   */
  version: ProtocolVersion = 5;

  /** @param maximumPacketSize bytes of a whole packet, fixed header included */
  constructor(maximumPacketSize: number) {
    this.maximumPacketSize = maximumPacketSize;
  }

  /** Bytes of the packet that is not whole yet. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Forgets a packet that is not whole yet. */
  reset(): void {
    this.#heldBytes = 0;
    this.#held = undefined;
  }

  /**
   * Takes `bytes[from..length)`, a chunk cut anywhere, and hands every whole packet to `sink`. Returns false
   * if the sink stopped. Throws MqttError as soon as a header is seen to be wrong or its packet too large
   * (reason code 0x95); the stream cannot be read on after that, and nothing is held any more.
   */
  push(bytes: Uint8Array, length: number, sink: FrameSink, from = 0): boolean {
    let at = from;
    if (this.#heldBytes > 0) {
      at = this.#complete(bytes, from, length, sink);
      if (at < 0) return false;
    }
    while (at < length) {
      const start = at;
      if (PLAIN_FIRST_BYTES[bytes[start]!] === 0) this.#checkFirstByte(bytes[start]!);
      let bodyStart = start + 2;
      let remaining = 0;
      if (bodyStart <= length && bytes[start + 1]! < 0x80) {
        remaining = bytes[start + 1]!;
      } else {
        const lengthEnd = this.#lengthEnd(bytes, start, length);
        if (lengthEnd === 0) return this.#hold(bytes, start, length);
        bodyStart = lengthEnd;
        remaining = remainingLength(bytes, start, bodyStart);
      }
      const end = bodyStart + remaining;
      if (end - start > this.maximumPacketSize) throw this.#tooLarge(end - start);
      if (end > length) return this.#hold(bytes, start, length);
      at = end;
      if (!sink.frame(bytes, start, bodyStart, end)) {
        this.reset();
        return false;
      }
    }
    return true;
  }

  /** Adds to the held packet; returns where the chunk goes on after it, -1 if the sink stopped. */
  #complete(bytes: Uint8Array, from: number, length: number, sink: FrameSink): number {
    let at = from;
    let bodyStart = 0;
    // The header first, byte by byte: at most four are missing.
    for (;;) {
      bodyStart = this.#lengthEnd(this.#held!, 0, this.#heldBytes);
      if (bodyStart !== 0) break;
      if (at === length) return at;
      this.#append(bytes, at, at + 1, FIRST_ROOM_BYTES);
      at += 1;
    }
    const end = bodyStart + remainingLength(this.#held!, 0, bodyStart);
    if (end > this.maximumPacketSize) throw this.#tooLarge(end);
    const taken = Math.min(length - at, end - this.#heldBytes);
    this.#append(bytes, at, at + taken, end);
    at += taken;
    if (this.#heldBytes < end) return at;
    const held = this.#held!;
    this.#heldBytes = 0;
    if (held.length > KEEP_ROOM_BYTES) this.#held = undefined;
    return sink.frame(held, 0, bodyStart, end) ? at : this.#stopped();
  }

  #stopped(): number {
    this.reset();
    return -1;
  }

  #hold(bytes: Uint8Array, start: number, end: number): boolean {
    this.#append(bytes, start, end, Number.POSITIVE_INFINITY);
    return true;
  }

  /** Appends `bytes[start..end)`, growing by doubling but never beyond `mostBytes`, the packet's size. */
  #append(bytes: Uint8Array, start: number, end: number, mostBytes: number): void {
    const need = this.#heldBytes + end - start;
    let held = this.#held;
    if (held === undefined || held.length < need) {
      const doubled = Math.max(FIRST_ROOM_BYTES, need, 2 * (held?.length ?? 0));
      const larger = Buffer.allocUnsafeSlow(Math.max(need, Math.min(doubled, mostBytes)));
      if (held !== undefined) larger.set(held.subarray(0, this.#heldBytes));
      this.#held = larger;
      held = larger;
    }
    held.set(bytes.subarray(start, end), this.#heldBytes);
    this.#heldBytes = need;
  }

  /** The offset after the remaining length of the packet at `start`, 0 when it is not whole yet. */
  #lengthEnd(bytes: Uint8Array, start: number, length: number): number {
    for (let at = start + 1; at < length; at += 1) {
      if (bytes[at]! < 0x80) return at + 1;
      if (at === start + 4) {
        this.reset();
        throw broken(RULES.REMAINING_LENGTH, this.version);
      }
    }
    return 0;
  }

  #checkFirstByte(first: number): void {
    if (isFirstByte(first, this.version)) return;
    this.reset();
    throw firstByteError(first, this.version);
  }

  #tooLarge(bytes: number): MqttError {
    this.reset();
    return broken(RULES.TOO_LARGE, this.version, `${bytes} > ${this.maximumPacketSize} bytes`);
  }
}

/** The value of the whole remaining length between `start + 1` and `bodyStart`. */
function remainingLength(bytes: Uint8Array, start: number, bodyStart: number): number {
  let value = 0;
  for (let at = bodyStart - 1; at > start; at -= 1) value = value * 128 + (bytes[at]! & 0x7f);
  return value;
}
