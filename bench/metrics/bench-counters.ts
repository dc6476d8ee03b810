import { type CounterName, type Counters, counter } from '../../results/mod.js';

/**
 * emqtt-bench's counters, by its names and in the order in which it prints them: a row a second on the
 * console, and a counter each for Prometheus. Those of QUIC are not there.
 */
export interface BenchCounter {
  readonly name: string;
  readonly help: string;
  /** What it is the sum of. */
  readonly of: readonly CounterName[];
  /** And what is taken off: a part of the above. */
  readonly less?: CounterName;
}

export const BENCH_COUNTERS: readonly BenchCounter[] = [
  {
    name: 'recv',
    help: 'Messages received, of this run and of others',
    of: ['deliveriesReceived', 'deliveriesForeign'],
  },
  { name: 'sub', help: 'Subscriptions that the target granted', of: ['subscribed'] },
  { name: 'sub_fail', help: 'Subscriptions that were refused', of: ['subscribesFailed'] },
  { name: 'pub', help: 'Messages sent, each once at every QoS', of: ['publishesSent'] },
  {
    name: 'pub_fail',
    help: 'Messages that failed: refused, never answered, or due on a device without a connection',
    of: ['publishesFailed'],
  },
  {
    name: 'pub_overrun',
    help: 'Messages sent so late that the next one was due already',
    of: ['publishesOverrun'],
  },
  {
    name: 'pub_succ',
    help: 'Messages acknowledged, those of pub_nosub not among them',
    of: ['publishesAcked'],
    less: 'publishesUnmatched',
  },
  {
    name: 'pub_nosub',
    help: 'Messages acknowledged with "no matching subscribers" (0x10)',
    of: ['publishesUnmatched'],
  },
  {
    name: 'connect_succ',
    help: 'Connects that succeeded, those of reconnects among them',
    of: ['connectsSucceeded'],
  },
  {
    name: 'connect_fail',
    help: 'Connects that failed, each attempt',
    of: ['connectsFailed'],
  },
  {
    name: 'connect_retried',
    help: 'Attempts of a first connect after one that failed',
    of: ['connectsRetried'],
  },
  {
    name: 'reconnect_succ',
    help: 'Devices that came back after they lost their connection',
    of: ['reconnects'],
  },
];

/** Its value, given all counters of a second or of a run. */
export function benchCount({ of, less }: BenchCounter, counters: Counters): number {
  const sum = of.reduce((total, name) => total + counter(counters, name), 0);
  return less === undefined ? sum : sum - counter(counters, less);
}
