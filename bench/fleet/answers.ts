import {
  CORRELATION_DATA,
  findProperty,
  type PublishView,
  RESPONSE_TOPIC,
} from '../../wire/mod.js';
import {
  COUNTER,
  type Device,
  HEADER_BYTES,
  headerRun,
  markAnswer,
  type Outgoing,
  type OutgoingProperties,
  type RunIdentity,
  type Tally,
} from '../device/mod.js';
import { AnswerTopic } from '../scenario/answer-topic.js';
import type { Group } from '../scenario/schema.js';
import { AnswerQueue, type QueuedAnswer } from './answer-queue.js';

type Respond = NonNullable<Group['respond']>;

const NO_TOPIC = 'respond: a request without a Response Topic, and respond.topic does not say one';
const NOT_CONNECTED = 'respond: the device is not connected';
const TOO_MANY = 'respond: too many answers wait for the target';
const FILLER = 0x61;
/** The longest topic, twice, and the largest correlation data. */
const SCRATCH_BYTES = 4 * 65_536;

/** How a group of devices answers what it receives: after its service delay, with a payload of its size. */
export class Answers {
  readonly #respond: Respond;
  readonly #topic: AnswerTopic | undefined;
  readonly #identity: RunIdentity;
  readonly #tally: Tally;
  /** Those whose time has not come: all have the same delay, so they fall due in this order. */
  readonly #coming = new AnswerQueue();
  /** Due, and not taken by their device yet. */
  readonly #waiting = new AnswerQueue();
  readonly #scratch: QueuedAnswer = {
    device: 0,
    dueUs: 0,
    bytes: new Uint8Array(SCRATCH_BYTES),
    topicStart: 0,
    topicEnd: 0,
    propertiesEnd: 0,
    hasHeader: false,
  };
  readonly #queued: QueuedAnswer = { ...this.#scratch };
  readonly #payload: Uint8Array;
  readonly #properties: OutgoingProperties = {
    bytes: this.#scratch.bytes,
    start: 0,
    end: 0,
    topicAlias: 0,
    correlates: false,
  };
  readonly #outgoing: Outgoing;

  constructor(respond: Respond, identity: RunIdentity, tally: Tally) {
    this.#respond = respond;
    this.#topic = respond.topic === undefined ? undefined : new AnswerTopic(respond.topic);
    this.#identity = identity;
    this.#tally = tally;
    this.#payload = new Uint8Array(respond.bytes).fill(FILLER);
    this.#outgoing = {
      topic: this.#scratch.bytes,
      topicStart: 0,
      topicEnd: 0,
      payload: this.#payload,
      timed: false,
      qos: respond.qos,
      retain: false,
      sender: 0,
      properties: undefined,
    };
  }

  /** Not sent yet. */
  get count(): number {
    return this.#coming.count + this.#waiting.count;
  }

  /** A request has come to a device of the group. */
  take(index: number, device: Device, bytes: Uint8Array, view: PublishView, nowUs: number): void {
    const answer = this.#scratch;
    this.#tally.count(COUNTER.answersScheduled);
    this.#tally.count(COUNTER.publishesScheduled);
    if (!this.#address(bytes, view)) {
      this.#failed(NO_TOPIC);
      return;
    }
    answer.device = index;
    answer.dueUs = nowUs + this.#respond.delayUs;
    if (this.#respond.delayUs === 0 && this.#waiting.count === 0 && this.#send(answer, device)) {
      return;
    }
    if (!this.#coming.push(answer)) this.#failed(TOO_MANY);
  }

  /** Sends what is due. */
  tick(nowUs: number, devices: readonly Device[]): void {
    // Each of those that waited is tried once.
    for (let left = this.#waiting.count; left > 0; left--) {
      this.#waiting.peek(this.#queued);
      this.#waiting.drop();
      this.#try(devices);
    }
    while (this.#coming.firstDueUs <= nowUs) {
      this.#coming.peek(this.#queued);
      this.#coming.drop();
      this.#try(devices);
    }
  }

  #try(devices: readonly Device[]): void {
    const device = devices[this.#queued.device]!;
    if (!device.ready) this.#failed(NOT_CONNECTED);
    else if (this.#send(this.#queued, device)) device.flush();
    else if (!this.#waiting.push(this.#queued)) this.#failed(TOO_MANY);
  }

  #send(answer: QueuedAnswer, device: Device): boolean {
    const outgoing = this.#outgoing;
    const { bytes, topicEnd, propertiesEnd } = answer;
    outgoing.topic = bytes;
    outgoing.topicStart = answer.topicStart;
    outgoing.topicEnd = topicEnd;
    if (propertiesEnd > topicEnd) {
      const properties = this.#properties;
      properties.bytes = bytes;
      properties.start = topicEnd;
      properties.end = propertiesEnd;
      outgoing.properties = properties;
    } else outgoing.properties = undefined;
    if (this.#payload.length >= HEADER_BYTES) {
      if (answer.hasHeader) {
        this.#payload.set(bytes.subarray(propertiesEnd, propertiesEnd + HEADER_BYTES));
        markAnswer(this.#payload, this.#identity.run);
      } else this.#payload.fill(FILLER, 0, HEADER_BYTES);
    }
    return device.publish(outgoing, 0, answer.dueUs);
  }

  #failed(why: string): void {
    this.#tally.count(COUNTER.publishesFailed);
    this.#tally.error(why);
  }

  /** Puts the topic, the correlation data and the header that the answer is to have into the scratch. */
  #address(bytes: Uint8Array, view: PublishView): boolean {
    const answer = this.#scratch;
    const into = answer.bytes;
    const { propertiesStart, propertiesEnd, payloadStart, payloadEnd } = view;
    const responseAt = findProperty(bytes, propertiesStart, propertiesEnd, RESPONSE_TOPIC);
    answer.topicStart = 0;
    if (responseAt >= 0) answer.topicEnd = copyText(into, 0, bytes, responseAt + 2, responseAt);
    else {
      const end = this.#topic?.write(into, 0, bytes, view.topicStart, view.topicEnd) ?? -1;
      if (end <= 0) return false;
      answer.topicEnd = end;
    }
    let next = answer.topicEnd;
    let headerAt = -1;
    const dataAt = findProperty(bytes, propertiesStart, propertiesEnd, CORRELATION_DATA);
    if (dataAt >= 0) {
      // The property as it stands, its length included.
      into[next] = CORRELATION_DATA;
      next = copyText(into, next + 1, bytes, dataAt, dataAt);
      if (lengthAt(bytes, dataAt) === HEADER_BYTES) headerAt = dataAt + 2;
    }
    answer.propertiesEnd = next;
    const { run } = this.#identity;
    if (headerAt < 0 || headerRun(bytes, headerAt) !== run) {
      const inPayload =
        payloadEnd - payloadStart >= HEADER_BYTES && headerRun(bytes, payloadStart) === run;
      headerAt = inPayload ? payloadStart : -1;
    }
    answer.hasHeader = headerAt >= 0;
    if (headerAt >= 0) into.set(bytes.subarray(headerAt, headerAt + HEADER_BYTES), next);
    return true;
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** Copies from `from` to the end of the text whose length stands at `at`. */
function copyText(
  into: Uint8Array,
  next: number,
  bytes: Uint8Array,
  from: number,
  at: number,
): number {
  const end = at + 2 + lengthAt(bytes, at);
  into.set(bytes.subarray(from, end), next);
  return next + end - from;
}
