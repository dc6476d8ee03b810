/** A core as a follower sees it, without sockets: what goes either way arrives, in order, when the test says so. */
import { CallError, LOG_TOPIC, parseJson } from '../cluster/calls.js';
import { Feed, type FeedLimits, type LogEntry } from '../cluster/feed.js';
import type { CoreLink } from '../cluster/follower.js';
import type { Hello } from '../cluster/hello.js';
import { Replica, type ReplicaChange } from '../cluster/replica.js';
import { BalancedSink } from './balanced-sink.js';
import { type SimulatedClient, SimulatedNode } from './simulation.js';

/** Small, so that few entries are several pieces. */
export const SMALL: FeedLimits = { largestEntry: 2, snapshotBatch: 3, mostPendingBytes: 4000 };

export class FakeCore {
  readonly name: string;
  readonly replica: Replica;
  readonly feed: Feed;
  readonly simulated = new SimulatedNode();
  serving = true;
  readonly #sink = new BalancedSink();

  constructor(name: string, limits = SMALL) {
    this.name = name;
    this.replica = new Replica(this.#sink);
    this.feed = new Feed(this.replica, limits);
  }

  /** The store has changed. */
  change(changes: readonly ReplicaChange[]): void {
    for (const change of changes) this.replica.apply(change);
    this.#sink.matches(this.replica);
    this.feed.log(changes);
    this.simulated.settle();
  }

  /** The core has read its store anew. */
  reread(changes: readonly ReplicaChange[]): void {
    this.replica.reset(changes);
    this.feed.startOver();
    this.simulated.settle();
  }
}

/** A replicant's link to the core. */
export class FakeLinkToCore implements CoreLink {
  readonly hello: Hello;
  readonly core: FakeCore;
  isOpen = true;
  readonly client: SimulatedClient;
  readonly called: string[] = [];
  readonly #node: string;
  readonly #logged: (link: CoreLink, entry: LogEntry) => void;
  readonly #up: (() => void)[] = [];
  readonly #down: (() => void)[] = [];
  readonly #pending = new Set<(error: Error) => void>();

  constructor(core: FakeCore, node: string, logged: (link: CoreLink, entry: LogEntry) => void) {
    this.core = core;
    this.#node = node;
    this.#logged = logged;
    const { name } = core;
    this.hello = { name, guid: '1', role: 'core', cluster: 'test', protocol: 1 };
    this.client = core.simulated.client();
    this.client.channel.version = 5;
  }

  call(method: string, body: unknown): Promise<unknown> {
    this.called.push(method);
    return new Promise((resolve, reject) => {
      this.#pending.add(reject);
      this.#up.push(() => {
        let answer: () => void;
        try {
          const value: unknown = JSON.parse(JSON.stringify(this.#serve(method, body) ?? null));
          answer = () => resolve(value);
        } catch (error) {
          answer = () => reject(error);
        }
        this.#gather();
        this.#down.push(() => {
          this.#pending.delete(reject);
          answer();
        });
      });
    });
  }

  get idle(): boolean {
    this.#gather();
    return this.#up.length === 0 && this.#down.length === 0;
  }

  /** The next thing that is under way to the core arrives there. */
  up(): void {
    this.#up.shift()?.();
  }

  /** The next thing that is under way to the replicant arrives there. */
  down(): void {
    this.#gather();
    this.#down.shift()?.();
  }

  /** Nothing arrives any more, either way. */
  cut(): void {
    this.isOpen = false;
    this.#up.length = 0;
    this.#down.length = 0;
    this.core.feed.detach(this.client.channel);
    this.client.drop();
    for (const reject of this.#pending) reject(new CallError('LINK_LOST', 'cut'));
    this.#pending.clear();
  }

  #serve(method: string, body: unknown): unknown {
    const { feed, serving } = this.core;
    switch (method) {
      case 'load':
        return { role: 'core', followers: feed.followers, serving };
      case 'attach':
        return feed.attach(this.#node, this.client.channel, body as number);
      case 'snapshot':
        return feed.snapshot(this.#node, body as number);
      default:
        throw new Error(`no such call: ${method}`);
    }
  }

  /** Log entries take their place behind what was sent before them. */
  #gather(): void {
    this.core.simulated.settle();
    for (const { topic, payload } of this.client.take('publish')) {
      if (topic !== LOG_TOPIC) throw new Error(`unexpected: ${topic}`);
      this.#down.push(() => this.#logged(this, parseJson(payload) as LogEntry));
    }
  }
}
