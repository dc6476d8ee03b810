/**
 * What a shard counts. Every entry of an interval's counters is what happened in that interval, except
 * the gauges, which say how it stands at the interval's end. One `Float64Array` in this order.
 *
 * `deliveriesReceived` counts every delivery of this run, duplicates and those too short to be timed
 * included, foreign ones not; so lost = expected − (received − duplicated).
 */
export const COUNTERS = [
  'connectsAttempted',
  'connectsSucceeded',
  'connectsFailed',
  'connectionsLost',
  'connected',
  'subscribed',
  'subscribesFailed',
  'publishesScheduled',
  'publishesSent',
  'publishesSentQos0',
  'publishesSentQos1',
  'publishesSentQos2',
  'publishesAcked',
  'publishesFailed',
  'deliveriesExpected',
  'deliveriesReceived',
  'deliveriesReceivedQos0',
  'deliveriesReceivedQos1',
  'deliveriesReceivedQos2',
  'deliveriesDuplicated',
  'deliveriesOutOfOrder',
  'deliveriesUntimed',
  'deliveriesForeign',
  'bytesSent',
  'bytesReceived',
  'pings',
  // Connections that devices ended by plan (churn, storm), and how they came back.
  'connectionsEnded',
  'cyclesScheduled',
  'cyclesCompleted',
  'reconnects',
  'sessionsResumed',
  // Fell due while the device was away by plan: not offered, in no other publish counter.
  'publishesAway',
  // Sent before the connection was made that they came by: counted as received, not timed.
  'deliveriesQueued',
  // Attempts of a first connect after one that failed, made at once.
  'connectsRetried',
  // Acknowledged with "no matching subscribers" (0x10): a part of publishesAcked.
  'publishesUnmatched',
  // Sent so late that the next message of the stream was due already, by more than a turn of the loop.
  'publishesOverrun',
  // TLS handshakes of connections that succeeded which resumed the device's earlier session.
  'tlsSessionsResumed',
  // Requests that devices sent, and what became of them; answers that came and were none.
  'requestsSent',
  'requestsAnswered',
  'requestsTimedOut',
  'answersUnexpected',
  // Requests that devices of the scenario received to answer: in `publishesScheduled`, too.
  'answersScheduled',
  // Deliveries of last wills: due because a device went without a goodbye, and come. Undecided: the device came
  // back just when its will fell due.
  'willsExpected',
  'willsUndecided',
  'willsReceived',
] as const;

export type CounterName = (typeof COUNTERS)[number];

/** Counters that state a level: added over shards, never over seconds. */
export const GAUGES: ReadonlySet<CounterName> = new Set<CounterName>(['connected']);

/** Counters that records of earlier versions do not have: read as 0 there. */
export const LATER_COUNTERS: ReadonlySet<CounterName> = new Set(
  COUNTERS.slice(COUNTERS.indexOf('connectionsEnded')),
);

/** Values of all counters, in the order of `COUNTERS`. */
export type Counters = Float64Array;

export function newCounters(): Counters {
  return new Float64Array(COUNTERS.length);
}

const INDEX: ReadonlyMap<CounterName, number> = new Map(COUNTERS.map((name, at) => [name, at]));

/** The place of a counter, to be looked up once, outside the hot path. */
export function counterIndex(name: CounterName): number {
  return INDEX.get(name)!;
}

/** Reads one counter by name. */
export function counter(counters: Counters, name: CounterName): number {
  return counters[INDEX.get(name)!] ?? 0;
}

const IS_GAUGE: readonly boolean[] = COUNTERS.map((name) => GAUGES.has(name));

/** Adds what happened (not how it stands) in one interval to a running total. */
export function addEvents(into: Counters, interval: Counters): void {
  for (let index = 0; index < COUNTERS.length; index += 1) {
    if (IS_GAUGE[index]) continue;
    into[index]! += interval[index] ?? 0;
  }
}

export function isGauge(index: number): boolean {
  return IS_GAUGE[index] === true;
}
