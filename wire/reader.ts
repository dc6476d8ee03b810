import { copyOf } from './copy.js';
import { broken } from './errors.js';
import type { ProtocolVersion } from './packet-type.js';
import type { Properties } from './properties.js';
import { checkProperties } from './property-check.js';
import { readProperties } from './property-read.js';
import { RULES, type Rule } from './rules.js';
import { checkTopicName } from './topic-bytes.js';
import { UTF8_NUL, utf8Fault, utf8String } from './utf8.js';
import { readVarint, VARINT_TOO_LONG, varintBytes, varintEnd } from './varint.js';

/** Takes the fields of one packet body in order, each checked against the body's end before it is read. */
export class Reader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
  version: ProtocolVersion;
  /** Properties of the last list read, one bit each as `checkProperties` answers. */
  seen = 0;

  constructor(bytes: Uint8Array, at: number, end: number, version: ProtocolVersion) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.version = version;
  }

  get left(): number {
    return this.end - this.at;
  }

  u8(): number {
    return this.bytes[this.#take(1)]!;
  }

  u16(): number {
    const at = this.#take(2);
    return (this.bytes[at]! << 8) | this.bytes[at + 1]!;
  }

  packetId(rule: Rule): number {
    const id = this.u16();
    if (id === 0) throw broken(rule, this.version);
    return id;
  }

  string(what: string): string {
    const length = this.u16();
    const start = this.#take(length);
    const fault = utf8Fault(this.bytes, start, this.at);
    if (fault !== 0) throw broken(fault === UTF8_NUL ? RULES.NUL : RULES.UTF8, this.version, what);
    return utf8String(this.bytes, start, this.at);
  }

  /** A topic name of at least one character and without wildcards. */
  topicName(what: string): string {
    const length = this.u16();
    const start = this.#take(length);
    if (length === 0) throw broken(RULES.TOPIC_EMPTY, this.version, what);
    checkTopicName(this.bytes, start, this.at, this.version, RULES.NAME_WILDCARD);
    return utf8String(this.bytes, start, this.at);
  }

  /** Binary data with its two-byte length, copied out. */
  binary(): Uint8Array {
    const length = this.u16();
    const start = this.#take(length);
    return copyOf(this.bytes, start, this.at);
  }

  /** A property list with its length, judged for a packet type or `WILL`; undefined when it is empty. */
  properties(packetType: number): Properties | undefined {
    const start = propertiesStart(this.bytes, this.at, this.end);
    const end = start + readVarint(this.bytes, this.at, this.end);
    this.seen = checkProperties(this.bytes, start, end, packetType);
    this.at = end;
    return start === end ? undefined : readProperties(this.bytes, start, end);
  }

  /** Nothing may follow the last field. */
  finish(): void {
    if (this.at !== this.end) throw broken(RULES.TRAILING, this.version, `${this.left}`);
  }

  #take(length: number): number {
    const start = this.at;
    if (start + length > this.end) throw broken(RULES.TRUNCATED, this.version);
    this.at = start + length;
    return start;
  }
}

/**
 * Where the property list whose length stands at `at` begins. Throws MqttError unless the length is whole,
 * in its shortest form and within `end`; after that `readVarint(bytes, at, end)` is safe to ask for it.
 */
export function propertiesStart(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) throw broken(RULES.PROPERTIES_MISSING, 5);
  const length = readVarint(bytes, at, end);
  if (length < 0) {
    throw broken(length === VARINT_TOO_LONG ? RULES.VARINT : RULES.TRUNCATED, 5, 'property length');
  }
  const start = varintEnd(bytes, at);
  if (start - at !== varintBytes(length)) throw broken(RULES.NOT_SHORTEST, 5, 'property length');
  if (start + length > end) throw broken(RULES.TRUNCATED, 5, 'property list');
  return start;
}

/** MQTT 5 wants the remaining length, too, in its shortest form; 3.1.1 has no such rule. */
export function checkRemainingLength(start: number, bodyStart: number, end: number): void {
  if (bodyStart - start - 1 !== varintBytes(end - bodyStart)) {
    throw broken(RULES.NOT_SHORTEST, 5, 'remaining length');
  }
}
