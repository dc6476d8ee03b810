import { LAG, REQUEST, RESPONSE, SERVICE } from '../../results/measure.js';
import { COUNTER, type RequestLog, type Tally } from '../device/mod.js';
import { OpenRequests } from './open-requests.js';

export const NOBODY = -1;

/** Why an answer is none. */
const TOO_LATE = 'request: an answer that nobody waits for any more (late, or a second one)';
const NOT_ITS_OWN = "request: an answer to another device's request";

/** The requests of one stream, in the order they went out: all have the same time-out. */
class RequestStream implements RequestLog {
  readonly senderBase: number;
  readonly senders: number;
  readonly group: number;
  readonly timeoutUs: number;
  readonly #requests: Requests;
  #senders = new Uint32Array(256);
  #sequences = new Uint32Array(256);
  #expireUs = new Float64Array(256);
  #head = 0;
  #length = 0;

  constructor(
    requests: Requests,
    group: number,
    senderBase: number,
    senders: number,
    timeoutUs: number,
  ) {
    this.#requests = requests;
    this.group = group;
    this.senderBase = senderBase;
    this.senders = senders;
    this.timeoutUs = timeoutUs;
  }

  sent(sender: number, sequence: number, intendedUs: number, sentUs: number): void {
    if (this.#length === this.#senders.length) this.#grow();
    const at = (this.#head + this.#length) & (this.#senders.length - 1);
    this.#senders[at] = sender;
    this.#sequences[at] = sequence;
    this.#expireUs[at] = sentUs + this.timeoutUs;
    this.#length++;
    this.#requests.opened(sender, sequence, intendedUs, sentUs);
  }

  expire(nowUs: number): void {
    while (this.#length > 0 && this.#expireUs[this.#head]! <= nowUs) {
      this.#requests.expired(this.#senders[this.#head]!, this.#sequences[this.#head]!);
      this.#head = (this.#head + 1) & (this.#senders.length - 1);
      this.#length--;
    }
  }

  #grow(): void {
    const capacity = this.#senders.length;
    const unrolled = <T extends Uint32Array | Float64Array>(from: T, to: T): T => {
      to.set(from.subarray(this.#head));
      to.set(from.subarray(0, this.#head), capacity - this.#head);
      return to;
    };
    this.#senders = unrolled(this.#senders, new Uint32Array(capacity * 2));
    this.#sequences = unrolled(this.#sequences, new Uint32Array(capacity * 2));
    this.#expireUs = unrolled(this.#expireUs, new Float64Array(capacity * 2));
    this.#head = 0;
  }
}

/**
 * The requests that a shard's devices have sent: answered, timed out, or still open. A request is known by its
 * sender and sequence, which its answer brings back.
 */
export class Requests {
  readonly #tally: Tally;
  readonly #open = new OpenRequests();
  readonly #streams: RequestStream[] = [];

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  /** How many are neither answered nor timed out. */
  get open(): number {
    return this.#open.count;
  }

  /** Where a stream of requests is to tell of them; its devices send as `senderBase`, `senderBase + 1`, … */
  stream(group: number, senderBase: number, senders: number, timeoutUs: number): RequestLog {
    const stream = new RequestStream(this, group, senderBase, senders, timeoutUs);
    this.#streams.push(stream);
    return stream;
  }

  opened(sender: number, sequence: number, intendedUs: number, sentUs: number): void {
    this.#open.add(sender, sequence, intendedUs, sentUs);
    this.#tally.count(COUNTER.requestsSent);
    this.#tally.entered(REQUEST, intendedUs);
  }

  expired(sender: number, sequence: number): void {
    const slot = this.#open.find(sender, sequence);
    if (slot < 0) return;
    this.#tally.count(COUNTER.requestsTimedOut);
    this.#tally.left(REQUEST, this.#open.intendedUs(slot));
    this.#open.remove(slot);
  }

  /**
   * Index in its group of the device that sends requests as `sender`, or NOBODY.
   * @param first of the devices that a connection carries
   */
  indexOf(group: number, first: number, carried: number, sender: number): number {
    for (let k = 0; k < this.#streams.length; k++) {
      const stream = this.#streams[k]!;
      const index = sender - stream.senderBase;
      if (stream.group === group && index >= first && index < first + carried) return index;
    }
    return NOBODY;
  }

  /**
   * An answer has come; whose request it answers stands in it.
   * @param own the sender is one of those that the connection carries
   */
  answered(own: boolean, sender: number, sequence: number, nowUs: number): void {
    const tally = this.#tally;
    const slot = own ? this.#open.find(sender, sequence) : -1;
    if (slot < 0) {
      tally.count(COUNTER.answersUnexpected);
      tally.error(own ? TOO_LATE : NOT_ITS_OWN);
      return;
    }
    const intendedUs = this.#open.intendedUs(slot);
    const sentUs = this.#open.sentUs(slot);
    this.#open.remove(slot);
    tally.count(COUNTER.requestsAnswered);
    tally.left(REQUEST, nowUs);
    tally.record(REQUEST * 3 + SERVICE, nowUs - sentUs);
    tally.record(REQUEST * 3 + RESPONSE, nowUs - intendedUs);
    tally.record(REQUEST * 3 + LAG, sentUs - intendedUs);
  }

  tick(nowUs: number): void {
    for (let k = 0; k < this.#streams.length; k++) this.#streams[k]!.expire(nowUs);
  }
}
