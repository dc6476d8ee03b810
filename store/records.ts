import { crc32 } from 'node:zlib';

/**
 * What the embedded engine writes to its file: frames of records. A frame is the unit that is written and
 * synced together, so that after a crash only the last one can be incomplete.
 *
 *     frame  = magic (4 bytes) | length of the payload (u32 LE) | CRC-32 of the payload (u32 LE) | payload
 *     record = kind (1 byte) | fields; numbers as LEB128, texts and values with their length before them
 */
export const FRAME_MAGIC = Buffer.from([0xf6, 0x5e, 0x0a, 0x01]);
export const FRAME_HEAD_BYTES = 12;

const STATE = 1;
const LEASE = 2;
const LEASE_END = 3;
const PUT = 4;
const DELETE = 5;

export interface RecordVisitor {
  /** Revision and the number of the last lease at the start of a snapshot. */
  state(revision: number, lastLease: number): void;
  lease(lease: number, ttlMs: number): void;
  leaseEnd(lease: number): void;
  /** `lease` 0: none. `value` holds one byte a character. */
  put(key: string, value: string, revision: number, lease: number): void;
  delete(key: string, revision: number): void;
}

export class RecordWriter implements RecordVisitor {
  #bytes = Buffer.allocUnsafe(4096);
  #end = FRAME_HEAD_BYTES;
  /** The highest one in it. */
  lastRevision = 0;

  get isEmpty(): boolean {
    return this.#end === FRAME_HEAD_BYTES;
  }

  state(revision: number, lastLease: number): void {
    this.#kind(STATE);
    this.#number(revision);
    this.#number(lastLease);
  }

  lease(lease: number, ttlMs: number): void {
    this.#kind(LEASE);
    this.#number(lease);
    this.#number(ttlMs);
  }

  leaseEnd(lease: number): void {
    this.#kind(LEASE_END);
    this.#number(lease);
  }

  put(key: string, value: string, revision: number, lease: number): void {
    this.#kind(PUT);
    this.lastRevision = Math.max(this.lastRevision, revision);
    this.#number(revision);
    this.#number(lease);
    this.#text(key, 'utf8');
    this.#text(value, 'latin1');
  }

  delete(key: string, revision: number): void {
    this.#kind(DELETE);
    this.lastRevision = Math.max(this.lastRevision, revision);
    this.#number(revision);
    this.#text(key, 'utf8');
  }

  /** The frame; the writer is not used afterwards. */
  finish(): Buffer {
    const frame = this.#bytes.subarray(0, this.#end);
    FRAME_MAGIC.copy(frame);
    frame.writeUInt32LE(this.#end - FRAME_HEAD_BYTES, 4);
    frame.writeUInt32LE(crc32(frame.subarray(FRAME_HEAD_BYTES)), 8);
    return frame;
  }

  #kind(kind: number): void {
    this.#reserve(1);
    this.#bytes[this.#end++] = kind;
  }

  #number(value: number): void {
    this.#reserve(8);
    let rest = value;
    // Not by shifts: revisions may pass 2³².
    while (rest >= 0x80) {
      this.#bytes[this.#end++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#end++] = rest;
  }

  #text(text: string, encoding: 'utf8' | 'latin1'): void {
    const length = Buffer.byteLength(text, encoding);
    this.#number(length);
    this.#reserve(length);
    this.#end += this.#bytes.write(text, this.#end, length, encoding);
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}

/** Whether a whole frame with the right checksum begins there; its length, or 0. */
export function frameAt(bytes: Buffer, at: number): number {
  if (bytes.length - at < FRAME_HEAD_BYTES || bytes.compare(FRAME_MAGIC, 0, 4, at, at + 4) !== 0) {
    return 0;
  }
  const end = at + FRAME_HEAD_BYTES + bytes.readUInt32LE(at + 4);
  if (end > bytes.length) return 0;
  const sum = crc32(bytes.subarray(at + FRAME_HEAD_BYTES, end));
  return sum === bytes.readUInt32LE(at + 8) ? end - at : 0;
}

/** Hands the records of a whole frame to the visitor. */
export function readFrame(frame: Buffer, visitor: RecordVisitor): void {
  let at = FRAME_HEAD_BYTES;
  const number = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = frame[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  const text = (encoding: 'utf8' | 'latin1'): string => {
    const length = number();
    at += length;
    return frame.toString(encoding, at - length, at);
  };
  while (at < frame.length) {
    const kind = frame[at++];
    if (kind === PUT) {
      const revision = number();
      const lease = number();
      const key = text('utf8');
      visitor.put(key, text('latin1'), revision, lease);
    } else if (kind === DELETE) {
      const revision = number();
      visitor.delete(text('utf8'), revision);
    } else if (kind === STATE) {
      const revision = number();
      visitor.state(revision, number());
    } else if (kind === LEASE) {
      const lease = number();
      visitor.lease(lease, number());
    } else if (kind === LEASE_END) {
      visitor.leaseEnd(number());
    } else {
      throw new RangeError(`unknown record kind ${kind}`);
    }
  }
}
