import { DELIVERY, LAG, RESPONSE, SERVICE } from '../../results/measure.js';
import type { ForeignHeaders } from './foreign-headers.js';
import {
  answerMark,
  HEADER_BYTES,
  headerIntendedUs,
  headerLagUs,
  headerRun,
  headerSender,
  headerSequence,
} from './header.js';
import { DUPLICATE, OUT_OF_ORDER, SequenceTable, UNTRACKED } from './sequence-table.js';
import { COUNTER, type Tally } from './tally.js';

const RECEIVED_BY_QOS = [
  COUNTER.deliveriesReceivedQos0,
  COUNTER.deliveriesReceivedQos1,
  COUNTER.deliveriesReceivedQos2,
] as const;

/** How the messages of this run are told from other traffic. */
export interface RunIdentity {
  /** 16 bits, in every measurement header */
  run: number;
  /** on the shared clock */
  epochUs: number;
  /** some streams of the scenario carry no header: a message without one is theirs, counted but not timed */
  someUntimed: boolean;
  /** where else than at the front of a payload a measurement header may be */
  headerAts?: readonly number[];
}

/** Millions of senders may each have many receivers, and a pair is 32 to 64 bytes; who runs out of them must know. */
const NOT_FOLLOWED =
  'delivery: too many pairs of receiver and sender to follow; whether it came in order, and once, is unknown';

/** Counts and times what the devices of one thread receive. */
export class Receiver {
  readonly #tally: Tally;
  readonly #identity: RunIdentity;
  readonly #sequences: SequenceTable;
  readonly #foreign: ForeignHeaders | undefined;

  /** @param foreign what messages of other programs carry, where it is to be read */
  constructor(
    tally: Tally,
    identity: RunIdentity,
    foreign?: ForeignHeaders,
    sequences = new SequenceTable(),
  ) {
    this.#sequences = sequences;
    this.#tally = tally;
    this.#identity = identity;
    this.#foreign = foreign;
  }

  /** Devices say which topic a message came by. */
  get wantsTopic(): boolean {
    return this.#foreign !== undefined;
  }

  /**
   * One PUBLISH for the device with this index, its payload at bytes[start..end).
   * @param openedUs when the connection was made that it came by
   * @param retainFlag what `retained` says, see DeviceProgram
   * @param topicKey a number that stands for its topic, if it is wanted
   */
  delivered(
    device: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    qos: 0 | 1 | 2,
    retained: boolean,
    nowUs: number,
    openedUs: number,
    retainFlag: 'kept' | 'published' | 'either' = 'kept',
    topicKey = 0,
  ): void {
    const tally = this.#tally;
    const headerAt = this.#headerAt(bytes, start, end);
    const hasHeader = headerAt >= 0;
    // A retained copy answers a subscription, not a publish [MQTT-3.3.1-8]: no publish expected it.
    const wasKept =
      retained &&
      (retainFlag === 'kept' ||
        (retainFlag === 'either' && !(hasHeader && this.#sentUs(bytes, headerAt) >= openedUs)));
    const isAnswer = !hasHeader && this.#isAnswer(bytes, start, end);
    if (wasKept || isAnswer || (!hasHeader && !this.#identity.someUntimed)) {
      if (
        !wasKept &&
        !isAnswer &&
        this.#foreign?.arrived(device, topicKey, bytes, start, end, RECEIVED_BY_QOS[qos])
      )
        return;
      tally.count(COUNTER.deliveriesForeign);
      return;
    }
    if (!hasHeader) {
      tally.count(COUNTER.deliveriesReceived);
      tally.count(RECEIVED_BY_QOS[qos]);
      tally.count(COUNTER.deliveriesUntimed);
      return;
    }
    const arrival = this.#sequences.arrived(
      device,
      headerSender(bytes, headerAt),
      headerSequence(bytes, headerAt),
    );
    tally.count(COUNTER.deliveriesReceived);
    tally.count(RECEIVED_BY_QOS[qos]);
    // A repeated copy is counted, not timed: its first one was.
    if (arrival === DUPLICATE) {
      tally.count(COUNTER.deliveriesDuplicated);
      return;
    }
    if (arrival === OUT_OF_ORDER) tally.count(COUNTER.deliveriesOutOfOrder);
    else if (arrival === UNTRACKED) tally.error(NOT_FOLLOWED);
    const lagUs = headerLagUs(bytes, headerAt);
    const intendedUs = this.#identity.epochUs + headerIntendedUs(bytes, headerAt);
    // The target kept it while the device was away: how long that was says nothing about the target.
    if (intendedUs + lagUs < openedUs) {
      tally.count(COUNTER.deliveriesQueued);
      tally.left(DELIVERY, intendedUs);
      return;
    }
    const responseUs = nowUs - intendedUs;
    tally.record(DELIVERY * 3 + SERVICE, responseUs - lagUs);
    tally.record(DELIVERY * 3 + RESPONSE, responseUs);
    tally.record(DELIVERY * 3 + LAG, lagUs);
    tally.left(DELIVERY, nowUs);
  }

  /** An answer to a request of this run, which no stream has published. */
  #isAnswer(bytes: Uint8Array, start: number, end: number): boolean {
    return (
      end - start >= HEADER_BYTES && headerRun(bytes, start) === answerMark(this.#identity.run)
    );
  }

  #sentUs(bytes: Uint8Array, headerAt: number): number {
    return (
      this.#identity.epochUs + headerIntendedUs(bytes, headerAt) + headerLagUs(bytes, headerAt)
    );
  }

  /** Where this run's measurement header begins, or -1. */
  #headerAt(bytes: Uint8Array, start: number, end: number): number {
    const { run, headerAts } = this.#identity;
    if (end - start >= HEADER_BYTES && headerRun(bytes, start) === run) return start;
    if (headerAts === undefined) return -1;
    for (let k = 0; k < headerAts.length; k++) {
      const at = start + headerAts[k]!;
      if (end - at >= HEADER_BYTES && headerRun(bytes, at) === run) return at;
    }
    return -1;
  }
}
