import { type CounterName, namedCounters } from './routing/mod.js';
import type { Node } from './session/mod.js';

/** What the node holds now, under EMQX's names; of each `….count` also its highest, `….max`. */
export type BrokerGauges = Counts & Record<MaxName, number> & OwnGauges;

interface Counts {
  /** Sessions, those of clients that are away included: so EMQX counts its `connections`, too. */
  'channels.count': number;
  'connections.count': number;
  /** Always 0: there is no delayed publishing. */
  'delayed.count': number;
  'live_connections.count': number;
  'retained.count': number;
  'sessions.count': number;
  'suboptions.count': number;
  /** Subscriptions other than those in shared groups. */
  'subscribers.count': number;
  'subscriptions.count': number;
  'subscriptions.shared.count': number;
  'topics.count': number;
}

type CountName = keyof Counts;
type MaxName = CountName extends `${infer Name}.count` ? `${Name}.max` : never;

/** What EMQX does not have. */
interface OwnGauges {
  'retained.bytes': number;
  /** Subscribers that publishers wait for now. */
  'subscribers.congested': number;
  /** Bytes on their way to clients and not taken by the kernel. */
  'output.pending_bytes': number;
}

export interface BrokerStats {
  gauges: BrokerGauges;
  counters: Record<CounterName, number>;
  /** Messages and deliveries that came to nothing, by reason; only those that happened. */
  drops: Record<string, number>;
}

/** The highest counts since the node started, as far as `sample` saw them. */
export class Peaks {
  readonly #highest = new Map<string, number>();

  /** Looks at the counts; to be called a few times a second. */
  sample(node: Node): void {
    this.#raise(countsOf(node));
  }

  /** The counts and their highest values, these included. */
  of(counts: Counts): Counts & Record<MaxName, number> {
    this.#raise(counts);
    const named = Object.entries(counts).flatMap(([name, count]) => [
      [name, count],
      [name.replace(/count$/, 'max'), this.#highest.get(name)],
    ]);
    return Object.fromEntries(named);
  }

  #raise(counts: Counts): void {
    for (const [name, count] of Object.entries(counts)) {
      if (count > (this.#highest.get(name) ?? -1)) this.#highest.set(name, count);
    }
  }
}

export function statsOf(node: Node, peaks: Peaks): BrokerStats {
  const { router, turn } = node;
  const counters = namedCounters(node.counters);
  const gauges: BrokerGauges = {
    ...peaks.of(countsOf(node)),
    'retained.bytes': router.retained.heldBytes,
    'subscribers.congested': router.pressure.congested,
    'output.pending_bytes': turn.pool.outstandingBytes,
  };
  const drops: Record<string, number> = {};
  for (const [name, count] of Object.entries(counters)) {
    if (/\.dropped\./.test(name) && count > 0) drops[name] = count;
  }
  return { gauges, counters, drops };
}

function countsOf({ router, sessions }: Node): Counts {
  return {
    'channels.count': sessions.count,
    'connections.count': sessions.count,
    'delayed.count': 0,
    'live_connections.count': sessions.connected,
    'retained.count': router.retained.count,
    'sessions.count': sessions.count,
    'suboptions.count': router.subscriptions,
    'subscribers.count': router.subscriptions - router.sharedSubscriptions,
    'subscriptions.count': router.subscriptions,
    'subscriptions.shared.count': router.sharedSubscriptions,
    'topics.count': router.filters,
  };
}
