import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { topicMatches } from '../../wire/mod.js';
import { createCounters } from './counters.js';
import { Message } from './message.js';
import type { Route } from './route-table.js';
import { groupKey, type LocalRoutes, type RoutedPublisher, Router } from './router.js';
import { type Publisher, type Subscriber, Subscription } from './subscription.js';

const OPTIONS = { qos: 1, noLocal: false, retainAsPublished: true, identifier: 0 } as const;

/** A session, another node, or a member of a group. */
class Recorder implements Subscriber {
  readonly clientId: string;
  readonly reach: 'node' | 'cluster';
  online = true;
  congested = false;
  got = 0;

  constructor(clientId: string, reach: 'node' | 'cluster') {
    this.clientId = clientId;
    this.reach = reach;
  }

  deliver(): void {
    this.got++;
  }

  isFull(): boolean {
    return false;
  }

  awaitRelief(_publisher: Publisher): void {
    throw new Error('nobody is congested here');
  }
}

class Source implements RoutedPublisher {
  lastRoute: Route | undefined = undefined;
  resume(): void {}
}

/** What other nodes would know of this one. */
class Announced implements LocalRoutes {
  readonly filters = new Set<string>();
  readonly members = new Set<string>();

  added(filter: string): void {
    assert.ok(!this.filters.has(filter));
    this.filters.add(filter);
  }

  removed(filter: string): void {
    assert.ok(this.filters.delete(filter));
  }

  joined(group: string, filter: string, { clientId }: Subscriber): void {
    const member = `${groupKey(group, filter)} ${clientId}`;
    assert.ok(!this.members.has(member));
    this.members.add(member);
  }

  left(group: string, filter: string, { clientId }: Subscriber): void {
    assert.ok(this.members.delete(`${groupKey(group, filter)} ${clientId}`));
  }
}

/** Few, so that a topic's remembered route is often the wrong one if it is not forgotten in time. */
const arbitraryTopic = fc.constantFrom('a', 'b', 'a/b', '$a');
const arbitraryFilter = fc.constantFrom('a', 'b', 'a/b', '$a', 'a/#', '+', '#', '+/b', '$a/#');
const who = fc.nat(2);
const group = fc.constantFrom('g', 'h');
const step = fc.oneof(
  fc.record({ kind: fc.constantFrom('subscribe', 'unsubscribe'), who, filter: arbitraryFilter }),
  fc.record({ kind: fc.constantFrom('add remote', 'remove remote'), who, filter: arbitraryFilter }),
  fc.record({
    kind: fc.constantFrom('join', 'leave', 'join remote', 'leave remote'),
    who,
    group,
    filter: arbitraryFilter,
  }),
  fc.record({ kind: fc.constantFrom('publish', 'publish local'), who, filter: arbitraryTopic }),
);

/** The router beside sets that say what it must do. */
class Scene {
  readonly announced = new Announced();
  readonly router: Router;
  readonly sessions = [0, 1, 2].map((n) => new Recorder(`s${n}`, 'node'));
  readonly nodes = [0, 1, 2].map((n) => new Recorder(`n${n}`, 'cluster'));
  readonly #links = this.nodes.map((node) => new Subscription(node, '', OPTIONS));
  readonly #sources = [new Source(), new Source(), new Source()];
  readonly #local = [new Set<string>(), new Set<string>(), new Set<string>()];
  readonly #remote = [new Set<string>(), new Set<string>(), new Set<string>()];
  readonly #groups = new Map<string, { filter: string; members: Set<Recorder> }>();
  readonly #members = new Map<string, Recorder>();

  constructor() {
    this.router = new Router(createCounters(), {
      sharedStrategy: 'round_robin',
      random: () => 0,
      maxTopicLevels: 128,
      maxRoutes: 1024,
    });
    this.router.localRoutes = this.announced;
  }

  go(kind: string, index: number, filter: string, name: string): void {
    const { router } = this;
    const session = this.sessions[index]!;
    const node = this.nodes[index]!;
    switch (kind) {
      case 'subscribe': {
        const isNew = router.subscribe(new Subscription(session, filter, OPTIONS));
        assert.equal(isNew, !this.#local[index]!.has(filter));
        this.#local[index]!.add(filter);
        break;
      }
      case 'unsubscribe':
        assert.equal(router.unsubscribe(session, filter), this.#local[index]!.delete(filter));
        break;
      case 'add remote':
        router.addRemote(this.#links[index]!, filter);
        this.#remote[index]!.add(filter);
        break;
      case 'remove remote':
        router.removeRemote(node, filter);
        this.#remote[index]!.delete(filter);
        break;
      case 'join':
        router.subscribe(new Subscription(session, filter, OPTIONS), name);
        this.#group(name, filter).add(session);
        break;
      case 'leave': {
        const left = router.unsubscribe(session, filter, name);
        assert.equal(left, this.#group(name, filter).delete(session));
        break;
      }
      case 'join remote': {
        const member = this.#member(index, name, filter);
        router.addRemoteMember(name, new Subscription(member, filter, OPTIONS));
        this.#group(name, filter).add(member);
        break;
      }
      case 'leave remote': {
        const member = this.#member(index, name, filter);
        router.removeRemoteMember(name, filter, member);
        this.#group(name, filter).delete(member);
        break;
      }
      case 'publish':
        this.#publish(filter, this.#sources[index]!);
        break;
      case 'publish local':
        this.#publishLocal(filter, this.#sources[index]!);
        break;
    }
    this.#checkAnnounced();
  }

  #publish(topic: string, source: Source): void {
    const message = Message.of(topic, Buffer.from('x'), 1, false, 0);
    const got = this.#got();
    const count = this.router.publish(message, source);
    const groups = [...this.#groups.values()].filter(
      ({ filter, members }) => members.size > 0 && topicMatches(filter, topic),
    );
    const sessions = this.#matching(this.#local, topic);
    const nodes = this.#matching(this.#remote, topic);
    assert.equal(count, sessions.length + nodes.length + groups.length);
    const fromGroups = new Map<Recorder, number>();
    let total = 0;
    for (const [recorder, before] of got) {
      const own = [...sessions.map((n) => this.sessions[n]), ...nodes.map((n) => this.nodes[n])];
      const more = recorder.got - before - (own.includes(recorder) ? 1 : 0);
      assert.ok(more >= 0, `${recorder.clientId} gets its copy`);
      fromGroups.set(recorder, more);
      total += more;
    }
    assert.equal(total, groups.length, 'one member of each group');
    for (const [recorder, more] of fromGroups) {
      assert.ok(more <= groups.filter(({ members }) => members.has(recorder)).length);
    }
  }

  /** From another node: to the sessions of this one only, and not by way of groups. */
  #publishLocal(topic: string, source: Source): void {
    const got = this.#got();
    const count = this.router.publishLocal(
      Message.of(topic, Buffer.from('x'), 1, false, 0),
      source,
    );
    const sessions = this.#matching(this.#local, topic);
    assert.equal(count, sessions.length);
    for (const [recorder, before] of got) {
      const isOne = sessions.some((n) => this.sessions[n] === recorder);
      assert.equal(recorder.got - before, isOne ? 1 : 0, recorder.clientId);
    }
  }

  #checkAnnounced(): void {
    const filters = new Set(this.#local.flatMap((filters) => [...filters]));
    assert.deepEqual([...this.announced.filters].sort(), [...filters].sort());
    const members = [...this.#groups].flatMap(([key, { members: all }]) =>
      [...all].filter(({ reach }) => reach === 'node').map(({ clientId }) => `${key} ${clientId}`),
    );
    assert.deepEqual([...this.announced.members].sort(), members.sort());
    const plain = this.#local.reduce((sum, { size }) => sum + size, 0);
    assert.equal(this.router.subscriptions, plain + members.length);
    assert.equal(this.router.sharedSubscriptions, members.length);
  }

  #matching(filters: readonly Set<string>[], topic: string): number[] {
    return [0, 1, 2].filter((n) => [...filters[n]!].some((filter) => topicMatches(filter, topic)));
  }

  #got(): [Recorder, number][] {
    const all = [...this.sessions, ...this.nodes, ...this.#members.values()];
    return all.map((recorder) => [recorder, recorder.got]);
  }

  #group(name: string, filter: string): Set<Recorder> {
    const key = groupKey(name, filter);
    const known = this.#groups.get(key) ?? { filter, members: new Set() };
    this.#groups.set(key, known);
    return known.members;
  }

  #member(index: number, name: string, filter: string): Recorder {
    const key = `${index} ${groupKey(name, filter)}`;
    const known = this.#members.get(key) ?? new Recorder(`m${key}`, 'cluster');
    this.#members.set(key, known);
    return known;
  }
}

describe('a router with subscriptions of other nodes', () => {
  it('gives each message to exactly those who want it, and one from another node to nobody outside', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }), (steps) => {
        const scene = new Scene();
        for (const next of steps) {
          scene.go(next.kind, next.who, next.filter, 'group' in next ? next.group : '');
        }
      }),
      { numRuns: 600 },
    );
  });
});
