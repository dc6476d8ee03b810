import { copyOf } from './copy.js';
import { broken } from './errors.js';
import type { ProtocolVersion } from './packet-type.js';
import { RULES, type Rule } from './rules.js';
import { topicNameFault } from './topic-filter.js';
import { utf8Bytes, writeUtf8 } from './utf8.js';
import { VARINT_MAX, varintBytes, writeVarint } from './varint.js';

/** Room kept in front of the body for the first byte and the longest remaining length. */
const HEADER_ROOM = 5;
/** A scratch area that one large packet has grown past this is given back afterwards. */
const KEEP_BYTES = 65_536;

/** Puts one packet together in a scratch area that is used again for the next. */
export class Writer {
  #bytes = new Uint8Array(1024);
  #at = HEADER_ROOM;
  version: ProtocolVersion = 5;

  /** Starts a new packet; one that was left unfinished by an error is forgotten. */
  begin(version: ProtocolVersion): this {
    this.#at = HEADER_ROOM;
    this.version = version;
    return this;
  }

  u8(value: number): void {
    this.#range(value, 0xff);
    const at = this.#reserve(1);
    this.#bytes[at] = value;
  }

  u16(value: number, what?: string): void {
    this.#range(value, 0xffff, what);
    const at = this.#reserve(2);
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }

  packetId(id: number, rule: Rule): void {
    if (id === 0) throw broken(rule, this.version);
    this.u16(id, 'packet identifier');
  }

  u32(value: number, what?: string): void {
    this.#range(value, 0xffff_ffff, what);
    const at = this.#reserve(4);
    this.#bytes[at] = value >>> 24;
    this.#bytes[at + 1] = value >>> 16;
    this.#bytes[at + 2] = value >>> 8;
    this.#bytes[at + 3] = value;
  }

  varint(value: number, what?: string): void {
    this.#range(value, VARINT_MAX, what);
    const at = this.#reserve(varintBytes(value));
    writeVarint(this.#bytes, at, value);
  }

  string(text: string, what: string): void {
    const length = utf8Bytes(text);
    if (length < 0) {
      const rule = text.includes('\0') ? RULES.NUL : RULES.UTF8;
      throw broken(rule, this.version, what);
    }
    if (length > 0xffff) throw broken(RULES.STRING_LENGTH, this.version, what);
    this.u16(length);
    const at = this.#reserve(length);
    writeUtf8(this.#bytes, at, text);
  }

  /** A topic name of at least one character and without wildcards. */
  topicName(topic: string, what: string): void {
    const rule = topicNameFault(topic);
    if (rule !== undefined) throw broken(rule, this.version, what);
    this.string(topic, what);
  }

  /** Binary data behind its two-byte length. */
  binary(data: Uint8Array, what: string): void {
    if (data.length > 0xffff) throw broken(RULES.STRING_LENGTH, this.version, what);
    this.u16(data.length);
    this.raw(data);
  }

  raw(data: Uint8Array): void {
    const at = this.#reserve(data.length);
    this.#bytes.set(data, at);
  }

  /** Marks the place of a Variable Byte Integer length, to be given to `closeLength`. */
  openLength(): number {
    return this.#reserve(1);
  }

  /**
   * Writes the length of what came after `open`. One byte was kept for it; a longer one moves the bytes.
   * Returns where those bytes now start.
   */
  closeLength(open: number): number {
    const length = this.#at - open - 1;
    const extra = varintBytes(length) - 1;
    if (extra > 0) {
      this.#reserve(extra);
      this.#bytes.copyWithin(open + 1 + extra, open + 1, open + 1 + length);
    }
    return writeVarint(this.#bytes, open, length);
  }

  /** The bytes written so far, for a check in place; good until the next call. */
  get scratch(): Uint8Array {
    return this.#bytes;
  }

  get at(): number {
    return this.#at;
  }

  /** The whole packet with its fixed header, as an array of its own. */
  finish(firstByte: number): Uint8Array {
    const remaining = this.#at - HEADER_ROOM;
    const start = HEADER_ROOM - 1 - varintBytes(remaining);
    this.#bytes[start] = firstByte;
    writeVarint(this.#bytes, start + 1, remaining);
    const packet = copyOf(this.#bytes, start, this.#at);
    if (this.#bytes.length > KEEP_BYTES) this.#bytes = new Uint8Array(1024);
    return packet;
  }

  #reserve(length: number): number {
    const at = this.#at;
    const next = at + length;
    if (next > VARINT_MAX + HEADER_ROOM) throw broken(RULES.TOO_LARGE, this.version);
    if (next > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(next, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
    }
    this.#at = next;
    return at;
  }

  #range(value: number, maximum: number, what?: string): void {
    if (!Number.isInteger(value) || value < 0 || value > maximum) {
      throw broken(RULES.RANGE, this.version, what === undefined ? `${value}` : `${what} ${value}`);
    }
  }
}
