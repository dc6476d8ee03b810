/** What a queued answer is made of; one object, used again. */
export interface QueuedAnswer {
  device: number;
  dueUs: number;
  /** Topic and property list, one behind the other, in `bytes`. */
  bytes: Uint8Array;
  topicStart: number;
  topicEnd: number;
  propertiesEnd: number;
  /** The 16 bytes behind them; false: there is no header to send back. */
  hasHeader: boolean;
}

const FIXED_BYTES = 4 + 8 + 2 + 4 + 1;
const HEADER_BYTES = 16;
/** Answers of a shard beyond this are not kept: a target that takes none must not fill the memory. */
const LARGEST_BYTES = 64 * 1024 * 1024;

/** Answers in the order they came in, as bytes in one buffer: nothing is allocated for each. */
export class AnswerQueue {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #head = 0;
  #tail = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Of the first; Infinity when there is none. */
  get firstDueUs(): number {
    return this.#count === 0 ? Number.POSITIVE_INFINITY : this.#view.getFloat64(this.#head + 4);
  }

  /** False: there is no room for more. */
  push(answer: QueuedAnswer): boolean {
    const { bytes, topicStart, topicEnd, propertiesEnd, hasHeader } = answer;
    const body = propertiesEnd - topicStart + (hasHeader ? HEADER_BYTES : 0);
    if (!this.#makeRoom(FIXED_BYTES + body)) return false;
    let at = this.#tail;
    this.#view.setUint32(at, answer.device);
    this.#view.setFloat64(at + 4, answer.dueUs);
    this.#view.setUint16(at + 12, topicEnd - topicStart);
    this.#view.setUint32(at + 14, propertiesEnd - topicEnd);
    this.#view.setUint8(at + 18, hasHeader ? 1 : 0);
    at += FIXED_BYTES;
    this.#bytes.set(bytes.subarray(topicStart, topicStart + body), at);
    this.#tail = at + body;
    this.#count++;
    return true;
  }

  /** The first one, which there is; it stands until the next `push`. */
  peek(into: QueuedAnswer): void {
    const at = this.#head;
    into.device = this.#view.getUint32(at);
    into.dueUs = this.#view.getFloat64(at + 4);
    into.bytes = this.#bytes;
    into.topicStart = at + FIXED_BYTES;
    into.topicEnd = into.topicStart + this.#view.getUint16(at + 12);
    into.propertiesEnd = into.topicEnd + this.#view.getUint32(at + 14);
    into.hasHeader = this.#view.getUint8(at + 18) === 1;
  }

  drop(): void {
    const at = this.#head;
    const body = this.#view.getUint16(at + 12) + this.#view.getUint32(at + 14);
    const header = this.#view.getUint8(at + 18) === 1 ? HEADER_BYTES : 0;
    this.#head = at + FIXED_BYTES + body + header;
    this.#count--;
    if (this.#count === 0) {
      this.#head = 0;
      this.#tail = 0;
    }
  }

  #makeRoom(bytes: number): boolean {
    if (this.#tail + bytes <= this.#bytes.length) return true;
    const used = this.#tail - this.#head;
    if (used + bytes > LARGEST_BYTES) return false;
    if ((used + bytes) * 2 <= this.#bytes.length) {
      this.#bytes.copyWithin(0, this.#head, this.#tail);
    } else {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, 2 * (used + bytes)));
      larger.set(this.#bytes.subarray(this.#head, this.#tail));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#head = 0;
    this.#tail = used;
    return true;
  }
}
