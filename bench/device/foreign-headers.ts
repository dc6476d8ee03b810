import { DELIVERY, SERVICE } from '../../results/measure.js';
import type { BenchHeader } from '../scenario/bench-headers-schema.js';
import { DUPLICATE, IN_ORDER, OUT_OF_ORDER, SequenceTable } from './sequence-table.js';
import { COUNTER, type Tally } from './tally.js';

const HEADER_BYTES = 8;
/** What claims to be older or younger carries no time stamp. */
const FARTHEST_US = 3_600_000_000;

/**
 * Reads what emqtt-bench's publishers put in front of their payloads (`--payload-hdrs`). `cnt64` is followed for each
 * receiver and topic, for a payload does not say who sent it: a gap is a delivery that was expected and did not
 * come. `ts` gives the time from the send, on the wall clocks of both sides.
 */
export class ForeignHeaders {
  readonly #tally: Tally;
  readonly #wallUs: () => number;
  readonly #countAt: number;
  readonly #timeAt: number;
  readonly #bytes: number;
  readonly #sequences = new SequenceTable();

  /** @param wallUs µs since 1970 */
  constructor(tally: Tally, headers: readonly BenchHeader[], wallUs: () => number) {
    this.#tally = tally;
    this.#wallUs = wallUs;
    this.#countAt = headers.indexOf('cnt64') * HEADER_BYTES;
    this.#timeAt = headers.indexOf('ts') * HEADER_BYTES;
    this.#bytes = headers.length * HEADER_BYTES;
  }

  /**
   * One message, its payload at bytes[start..end). False: it has no such headers.
   * @param topicKey a number that stands for its topic
   */
  arrived(
    device: number,
    topicKey: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    receivedByQos: number,
  ): boolean {
    const tally = this.#tally;
    if (end - start < this.#bytes) {
      tally.error('delivery: too short for the headers of --payload-hdrs');
      return false;
    }
    let ageUs = 0;
    if (this.#timeAt >= 0) {
      ageUs = this.#wallUs() - readUint64(bytes, start + this.#timeAt) * 1000;
      if (!(Math.abs(ageUs) < FARTHEST_US)) {
        tally.error('delivery: no time stamp where --payload-hdrs has one');
        return false;
      }
    }
    tally.count(COUNTER.deliveriesReceived);
    tally.count(receivedByQos);
    const isFirst = this.#countAt < 0 || this.#follow(device, topicKey, bytes, start);
    if (this.#countAt < 0) tally.count(COUNTER.deliveriesExpected);
    if (this.#timeAt < 0) tally.count(COUNTER.deliveriesUntimed);
    else if (isFirst) tally.record(DELIVERY * 3 + SERVICE, ageUs);
    return true;
  }

  /** False if the message was there before. */
  #follow(device: number, topicKey: number, bytes: Uint8Array, start: number): boolean {
    const tally = this.#tally;
    const at = start + this.#countAt;
    const sequence = (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!;
    const isBeginning = sequence === 0 && readUint64(bytes, at) === 0;
    if (isBeginning && this.#sequences.startsAnew(device, topicKey)) {
      tally.count(COUNTER.deliveriesExpected);
      return true;
    }
    const arrival = this.#sequences.arrived(device, topicKey, sequence);
    if (arrival === IN_ORDER) tally.count(COUNTER.deliveriesExpected, this.#sequences.ahead);
    else if (arrival === OUT_OF_ORDER) tally.count(COUNTER.deliveriesOutOfOrder);
    else if (arrival === DUPLICATE) {
      tally.count(COUNTER.deliveriesDuplicated);
      tally.error('delivery: its cnt64 came before: a repeat, or several publishers on one topic');
      return false;
    } else tally.count(COUNTER.deliveriesExpected);
    return true;
  }
}

/** Big endian; exact below 2^53. */
function readUint64(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let k = 0; k < HEADER_BYTES; k++) value = value * 256 + bytes[at + k]!;
  return value;
}

/** FNV-1a over bytes[start..end), 32 bits. */
export function keyOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let k = start; k < end; k++) hash = Math.imul(hash ^ bytes[k]!, 0x01000193);
  return hash >>> 0;
}
