import { FieldPayloadTemplate } from '../field-clients/payload.js';
import { random } from '../schedule/mod.js';
import { BENCH_HEADER_BYTES, BenchHeaderPayload } from './bench-headers.js';
import { compileField, PAYLOAD_FIELD, type PayloadField } from './payload-field.js';
import { FilePayloadTemplate } from './payload-files.js';
import { sizeOf, smallestSize } from './payload-size.js';
import type { PayloadSize } from './payload-size-schema.js';
import type { Payload } from './schema.js';
import {
  compileTemplate,
  type Template,
  type TemplatePart,
  type TemplateValues,
} from './template.js';

/** Room that the measurement header takes at the front of a payload. */
export const MEASUREMENT_HEADER_BYTES = 16;

/** What the placeholders of a payload stand for. */
export interface PayloadValues extends TemplateValues {
  /** For the time stamps: µs since 1970. */
  wallUs: number;
  /** Number of the message since its device was born, modulo 256, for field clients. */
  sessionSequence?: number;
}

/**
 * A compiled payload. A message is made in two steps, `sizeBytes` and `fill`, with the same
 * values; where `fixedBytes` is known the first can be left out.
 */
export interface PayloadTemplate {
  /**
   * Bytes at the front that are kept free for the measurement header: 16, or 0 where it has no
   * place. Without it deliveries can be counted, but not timed.
   */
  readonly headerBytes: 0 | typeof MEASUREMENT_HEADER_BYTES;
  /** Where the header begins, if it is not at the front. */
  readonly headerAt?: number;
  /** Size of every message, header included; undefined where it depends on the values. */
  readonly fixedBytes: number | undefined;
  /** Behind the header, every message of one device has the same bytes. */
  readonly isStatic: boolean;
  /** Behind the header, every message of every device of the group has the same bytes. */
  readonly isShared: boolean;
  /** Reads what is in files, once, before the first message. */
  prepare?(): void;
  /** Size of the message that these values give, header included. */
  sizeBytes(values: PayloadValues): number;
  /**
   * Writes the message from `at` on, leaving the header's bytes as they are. Returns the offset
   * behind it. The target must have room for `sizeBytes(values)`.
   */
  fill(target: Uint8Array, at: number, values: PayloadValues): number;
}

const FILLER = 0x61; // 'a', as emqtt-bench fills

/** @param payload of a stream of the scenario */
export function compilePayload(payload: Payload): PayloadTemplate {
  const headers = 'benchHeaders' in payload ? payload.benchHeaders : undefined;
  const frontBytes = BENCH_HEADER_BYTES * (headers?.length ?? 0);
  const behind = compileBehind(payload, frontBytes);
  return headers === undefined ? behind : new BenchHeaderPayload(headers, behind);
}

/** What follows behind the headers of emqtt-bench, if there are any: `bytes` of a payload are all of it. */
function compileBehind(payload: Payload, frontBytes: number): PayloadTemplate {
  switch (payload.kind) {
    case 'filler': {
      const bytes = Math.max(0, payload.bytes - frontBytes);
      const headerBytes = bytes >= MEASUREMENT_HEADER_BYTES ? MEASUREMENT_HEADER_BYTES : 0;
      return new FixedPayload(headerBytes, new Uint8Array(bytes - headerBytes).fill(FILLER));
    }
    case 'sized':
      return new SizedPayload(payload.size, frontBytes);
    case 'file':
      return new FilePayloadTemplate(payload);
    case 'text':
      return new FixedPayload(roomFor(payload.header), new TextEncoder().encode(payload.text));
    case 'sparkplug':
    case 'kura':
      return new FieldPayloadTemplate(payload);
    case 'template': {
      const pieces = compilePieces(payload.template);
      return new VariablePayload(roomFor(payload.header), pieces, payload.randomBytes);
    }
  }
}

/** Every `%rand_N`, `%i`, … of a payload template, in the order of the text. */
export function payloadPlaceholders(template: string): TemplatePart[] {
  return compilePieces(template).flatMap((piece) =>
    piece.kind === 'template' ? piece.template.parts.filter((part) => part.kind !== 'text') : [],
  );
}

function roomFor(header: boolean): 0 | typeof MEASUREMENT_HEADER_BYTES {
  return header ? MEASUREMENT_HEADER_BYTES : 0;
}

/** Filler whose size is drawn anew for each message. */
class SizedPayload implements PayloadTemplate {
  readonly headerBytes: 0 | typeof MEASUREMENT_HEADER_BYTES;
  readonly fixedBytes = undefined;
  readonly isStatic = false;
  readonly isShared = false;
  readonly #size: PayloadSize;
  /** Taken by what stands before it; the size includes them. */
  readonly #frontBytes: number;

  constructor(size: PayloadSize, frontBytes: number) {
    this.#size = size;
    this.#frontBytes = frontBytes;
    const least = smallestSize(size, frontBytes) - frontBytes;
    this.headerBytes = least >= MEASUREMENT_HEADER_BYTES ? MEASUREMENT_HEADER_BYTES : 0;
  }

  sizeBytes(values: PayloadValues): number {
    return Math.max(0, sizeOf(this.#size, values, this.#frontBytes) - this.#frontBytes);
  }

  fill(target: Uint8Array, at: number, values: PayloadValues): number {
    const end = at + this.sizeBytes(values);
    target.fill(FILLER, at + this.headerBytes, end);
    return end;
  }
}

class FixedPayload implements PayloadTemplate {
  readonly headerBytes: 0 | typeof MEASUREMENT_HEADER_BYTES;
  readonly fixedBytes: number;
  readonly isStatic = true;
  readonly isShared = true;
  readonly #body: Uint8Array;

  constructor(headerBytes: 0 | typeof MEASUREMENT_HEADER_BYTES, body: Uint8Array) {
    this.headerBytes = headerBytes;
    this.fixedBytes = headerBytes + body.length;
    this.#body = body;
  }

  sizeBytes(_values: PayloadValues): number {
    return this.fixedBytes;
  }

  fill(target: Uint8Array, at: number, _values: PayloadValues): number {
    target.set(this.#body, at + this.headerBytes);
    return at + this.fixedBytes;
  }
}

type Clock = 'ms' | 'us' | 'ns';

type Piece =
  | { readonly kind: 'template'; readonly template: Template; readonly encoded: Uint8Array }
  | { readonly kind: 'time'; readonly clock: Clock }
  | { readonly kind: 'unique' }
  | { readonly kind: 'random' }
  | { readonly kind: 'field'; readonly field: PayloadField; readonly place: number };

/** emqtt-bench's variables of a message template; every occurrence counts, not only the first. */
export const PAYLOAD_VARIABLE = /%(TIMESTAMP(?:MS|US|NS)?|UNIQUE|RANDOM)%/g;

const VARIABLES: Record<string, Piece> = {
  TIMESTAMP: { kind: 'time', clock: 'ms' },
  TIMESTAMPMS: { kind: 'time', clock: 'ms' },
  TIMESTAMPUS: { kind: 'time', clock: 'us' },
  TIMESTAMPNS: { kind: 'time', clock: 'ns' },
  UNIQUE: { kind: 'unique' },
  RANDOM: { kind: 'random' },
};

function compilePieces(source: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  const text = (from: number, to: number) => {
    if (from === to) return;
    const template = compileTemplate(source.slice(from, to));
    const literal = template.parts.map((p) => (p.kind === 'text' ? p.text : '')).join('');
    pieces.push({ kind: 'template', template, encoded: new TextEncoder().encode(literal) });
  };
  const matches = [...source.matchAll(PAYLOAD_VARIABLE), ...source.matchAll(PAYLOAD_FIELD)];
  for (const match of matches.sort((a, b) => a.index - b.index)) {
    const [whole, word = '', argument] = match;
    text(end, match.index);
    const place = pieces.length;
    pieces.push(
      VARIABLES[word] ?? { kind: 'field', field: compileField(whole, word, argument), place },
    );
    end = match.index + whole.length;
  }
  text(end, source.length);
  return pieces;
}

class VariablePayload implements PayloadTemplate {
  readonly headerBytes: 0 | typeof MEASUREMENT_HEADER_BYTES;
  readonly fixedBytes: number | undefined;
  readonly isStatic: boolean;
  readonly isShared: boolean;
  readonly #pieces: readonly Piece[];
  readonly #randomBytes: number;

  constructor(
    headerBytes: 0 | typeof MEASUREMENT_HEADER_BYTES,
    pieces: readonly Piece[],
    randomBytes: number,
  ) {
    this.headerBytes = headerBytes;
    this.#pieces = pieces;
    this.#randomBytes = randomBytes;
    this.isStatic = pieces.every((p) => p.kind === 'template' && p.template.isStatic);
    this.isShared = pieces.every((p) => p.kind === 'template' && p.template.isShared);
    this.fixedBytes = pieces.every(isLiteral)
      ? headerBytes + pieces.reduce((sum, p) => sum + literalBytes(p), 0)
      : undefined;
  }

  sizeBytes(values: PayloadValues): number {
    let bytes = this.headerBytes;
    for (const piece of this.#pieces) {
      if (isLiteral(piece)) bytes += literalBytes(piece);
      else if (piece.kind === 'random') bytes += this.#randomBytes;
      else if (piece.kind === 'field' && piece.field.fixedBytes !== undefined) {
        bytes += piece.field.fixedBytes;
      } else bytes += Buffer.byteLength(pieceText(piece, values));
    }
    return bytes;
  }

  fill(target: Uint8Array, at: number, values: PayloadValues): number {
    let end = at + this.headerBytes;
    for (const piece of this.#pieces) {
      if (piece.kind === 'template' && isLiteral(piece)) {
        target.set(piece.encoded, end);
        end += piece.encoded.length;
      } else if (piece.kind === 'random') {
        fillRandom(target, end, end + this.#randomBytes, values);
        end += this.#randomBytes;
      } else {
        end = writeText(target, end, pieceText(piece, values));
      }
    }
    return end;
  }
}

function isLiteral(piece: Piece): boolean {
  return piece.kind === 'template' && piece.template.parts.every((part) => part.kind === 'text');
}

function literalBytes(piece: Piece): number {
  return piece.kind === 'template' ? piece.encoded.length : 0;
}

function pieceText(piece: Exclude<Piece, { kind: 'random' }>, values: PayloadValues): string {
  if (piece.kind === 'template') return piece.template.render(values);
  if (piece.kind === 'field') return piece.field.text(values, piece.place);
  if (piece.kind === 'unique') {
    // One number for each message of the run: the sender slot, then its message number.
    return values.sender + String(values.message).padStart(10, '0');
  }
  const us = Math.floor(values.wallUs);
  if (piece.clock === 'ms') return String(Math.floor(us / 1000));
  return piece.clock === 'us' ? String(us) : `${us}000`;
}

function writeText(target: Uint8Array, at: number, text: string): number {
  for (let k = 0; k < text.length; k++) {
    const code = text.charCodeAt(k);
    if (code > 0x7f) {
      return at + new TextEncoder().encodeInto(text, target.subarray(at)).written;
    }
    target[at + k] = code;
  }
  return at + text.length;
}

/** Draws apart from those of schedules and of `%rand_N` (see template.ts). */
const RANDOM_DRAW = 0xc000_0000;

function fillRandom(target: Uint8Array, from: number, to: number, values: PayloadValues): void {
  let draw = 0;
  for (let at = from; at < to; at++) {
    const byte = (at - from) & 3;
    if (byte === 0) {
      const place = RANDOM_DRAW + ((at - from) >>> 2);
      draw = random(values.seed, place, values.sender, values.message) * 4294967296;
    }
    target[at] = draw / 2 ** (8 * byte);
  }
}
