import { random } from '../schedule/mod.js';
import type { PayloadValues } from './payload.js';

/**
 * Typed fields of a payload template, new for each message and fixed by seed, sender and message:
 *
 *     {int:0..100}  {float:-20..50:2}  {choice:on|off|standby}  {bool}  {uuid}  {hex:8}  {base64:12}
 *     {time:ms}  {time:s}  {time:iso}  {seq}
 *
 * The last number of `float` is its decimals; those of `hex` and `base64` are random bytes.
 */
export interface PayloadField {
  /** Bytes that the field takes; undefined where that depends on the message. */
  readonly fixedBytes: number | undefined;
  /** `place`: of the field in its template, which tells its draws from those of the others. */
  text(values: PayloadValues, place: number): string;
}

/** What looks like a field: a known word in braces, whatever stands behind its colon. `%{` is a brace. */
export const PAYLOAD_FIELD =
  /(?<=(?<!%)(?:%%)*)\{(int|float|choice|bool|uuid|hex|base64|time|seq)(?::([^{}]*))?\}/g;

/** Template text whose fields are to stand as they are. */
export function escapeFields(text: string): string {
  return text.replace(PAYLOAD_FIELD, '%$&');
}

export class PayloadFieldError extends Error {
  readonly code = 'PAYLOAD_FIELD_INVALID';
  constructor(field: string, expected: string) {
    super(`${expected}, not ${field}`);
    this.name = 'PayloadFieldError';
  }
}

/** @throws PayloadFieldError with what was expected: `{int:0..100}, …` */
export function compileField(
  source: string,
  word: string,
  argument: string | undefined,
): PayloadField {
  const wrong = (expected: string) => new PayloadFieldError(source, expected);
  switch (word) {
    case 'int': {
      const range = /^(-?\d{1,15})\.\.(-?\d{1,15})$/.exec(argument ?? '');
      const [low, high] = [Number(range?.[1]), Number(range?.[2])];
      if (!(low <= high)) throw wrong('a range of whole numbers such as {int:0..100}');
      return varying((draw) => String(low + Math.floor(draw(0) * (high - low + 1))));
    }
    case 'float': {
      const range = /^(-?[\d.]+?)\.\.(-?[\d.]+)(?::(\d{1,2}))?$/.exec(argument ?? '');
      const [low, high] = [Number(range?.[1]), Number(range?.[2])];
      const decimals = Number(range?.[3] ?? 2);
      if (!(low <= high) || decimals > 15) {
        throw wrong('a range and its decimals such as {float:-20..50:2}');
      }
      return varying((draw) => (low + draw(0) * (high - low)).toFixed(decimals));
    }
    case 'choice': {
      const choices = argument?.split('|') ?? [];
      if (choices.length < 2) throw wrong('choices such as {choice:on|off}');
      return varying((draw) => choices[Math.floor(draw(0) * choices.length)]!);
    }
    case 'bool':
      if (argument !== undefined) throw wrong('{bool}');
      return varying((draw) => (draw(0) < 0.5 ? 'true' : 'false'));
    case 'uuid':
      if (argument !== undefined) throw wrong('{uuid}');
      return fixed(36, (draw) => uuid(randomBytes(16, draw)));
    case 'hex':
    case 'base64': {
      const bytes = Number(/^\d{1,6}$/.exec(argument ?? '')?.[0]);
      if (!(bytes > 0)) throw wrong(`a number of bytes such as {${word}:8}`);
      const length = word === 'hex' ? bytes * 2 : Math.ceil(bytes / 3) * 4;
      return fixed(length, (draw) => randomBytes(bytes, draw).toString(word));
    }
    case 'time':
      return time(argument, wrong);
    default:
      if (argument !== undefined) throw wrong('{seq}');
      return { fixedBytes: undefined, text: ({ message }) => String(message) };
  }
}

/** Numbers in [0, 1) for one field of one message, by index. */
type Draw = (index: number) => number;

function varying(text: (draw: Draw) => string): PayloadField {
  return {
    fixedBytes: undefined,
    text: (values, place) => text((index) => drawOf(values, place, index)),
  };
}

function fixed(bytes: number, text: (draw: Draw) => string): PayloadField {
  return { ...varying(text), fixedBytes: bytes };
}

function time(unit: string | undefined, wrong: (expected: string) => Error): PayloadField {
  switch (unit) {
    case 'ms':
      return { fixedBytes: undefined, text: ({ wallUs }) => String(Math.floor(wallUs / 1000)) };
    case 's':
      return { fixedBytes: undefined, text: ({ wallUs }) => String(Math.floor(wallUs / 1e6)) };
    case 'iso':
      return { fixedBytes: 24, text: ({ wallUs }) => new Date(wallUs / 1000).toISOString() };
    default:
      throw wrong('{time:ms}, {time:s} or {time:iso}');
  }
}

/** Apart from the draws of schedules, of templates (from 2^31), of back-offs and of `%RANDOM%`. */
const FIELD_DRAW = 0xe000_0000;
const DRAWS_PER_FIELD = 0x4_0000;

function drawOf(values: PayloadValues, place: number, index: number): number {
  const key = FIELD_DRAW + place * DRAWS_PER_FIELD + index;
  return random(values.seed, key, values.sender, values.message);
}

function randomBytes(count: number, draw: Draw): Buffer {
  const bytes = Buffer.alloc(count);
  for (let at = 0; at < count; at++) {
    bytes[at] = Math.floor(draw(at >>> 2) * 4294967296) >>> (8 * (at & 3));
  }
  return bytes;
}

/** RFC 9562, version 4. */
function uuid(bytes: Buffer): string {
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [0, 8, 12, 16, 20].map((at, k) => hex.slice(at, [8, 12, 16, 20, 32][k])).join('-');
}
