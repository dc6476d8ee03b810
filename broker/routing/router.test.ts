import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Qos, topicMatches } from '../../wire/mod.js';
import { createCounters, NO_SUBSCRIBERS } from './counters.js';
import { Message } from './message.js';
import type { Route } from './route-table.js';
import { HELD, type RoutedPublisher, Router, TOO_DEEP } from './router.js';
import { type Publisher, type Subscriber, Subscription } from './subscription.js';

class Recorder implements Subscriber {
  readonly clientId = 'recorder';
  readonly reach = 'node';
  online = true;
  congested = false;
  readonly got: { topic: string; qos: Qos; identifiers: readonly number[] }[] = [];
  readonly waiting: Publisher[] = [];

  deliver(message: Message, { qos, identifiers }: Subscription): void {
    this.got.push({ topic: message.topicName, qos, identifiers: identifiers ?? [] });
  }

  isFull(): boolean {
    return false;
  }

  awaitRelief(publisher: Publisher): void {
    this.waiting.push(publisher);
  }
}

class Source implements RoutedPublisher {
  lastRoute: Route | undefined = undefined;
  resumed = 0;

  resume(): void {
    this.resumed++;
  }
}

function router(maxTopicLevels = 128): { router: Router; counters: Float64Array } {
  const counters = createCounters();
  const options = {
    sharedStrategy: 'round_robin' as const,
    random: () => 0,
    maxTopicLevels,
    maxRoutes: 1024,
  };
  return { router: new Router(counters, options), counters };
}

function wants(to: Subscriber, filter: string, qos: Qos = 0, identifier = 0): Subscription {
  return new Subscription(to, filter, {
    qos,
    noLocal: false,
    retainAsPublished: false,
    identifier,
  });
}

function says(topic: string, retain = false): Message {
  const message = Message.of(topic, Buffer.from('x'), 2, retain, 0);
  message.fromClient = true;
  return message;
}

describe('router', () => {
  it('delivers as a walk over all subscriptions would, whatever its memory of routes', () => {
    const level = fc.constantFrom('a', 'b', 'c');
    const topic = fc.array(level, { minLength: 1, maxLength: 3 }).map((all) => all.join('/'));
    const filter = fc.oneof(
      topic,
      fc
        .array(fc.constantFrom('a', 'b', '+'), { minLength: 1, maxLength: 3 })
        .map((all) => all.join('/')),
      topic.map((text) => `${text}/#`),
    );
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), who: fc.nat(2), text: filter }),
      fc.record({ kind: fc.constant('remove' as const), who: fc.nat(2), text: filter }),
      fc.record({ kind: fc.constant('publish' as const), who: fc.nat(2), text: topic }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { router: routes } = router();
        const subscribers = [new Recorder(), new Recorder(), new Recorder()];
        const sources = [new Source(), new Source(), new Source()];
        const model = subscribers.map(() => new Set<string>());
        for (const { kind, who, text } of steps) {
          if (kind === 'add') {
            routes.subscribe(wants(subscribers[who]!, text));
            model[who]!.add(text);
          } else if (kind === 'remove') {
            assert.equal(routes.unsubscribe(subscribers[who]!, text), model[who]!.delete(text));
          } else {
            const expected = model.map((filters) =>
              [...filters].some((own) => topicMatches(own, text)) ? 1 : 0,
            );
            const before = subscribers.map(({ got }) => got.length);
            const count = routes.publish(says(text), sources[who]!);
            assert.deepEqual(
              subscribers.map(({ got }, index) => got.length - before[index]!),
              expected,
            );
            assert.equal(
              count,
              expected.reduce<number>((sum, each) => sum + each, 0),
            );
          }
        }
        const total = model.reduce((sum, filters) => sum + filters.size, 0);
        assert.equal(routes.subscriptions, total);
      }),
      { numRuns: 500 },
    );
  });

  it('merges overlapping subscriptions into one delivery: highest QoS, all identifiers', () => {
    const { router: routes } = router();
    const to = new Recorder();
    routes.subscribe(wants(to, 'a/+', 1, 7));
    routes.subscribe(wants(to, 'a/b', 0, 9));
    routes.subscribe(wants(to, '#', 2));
    assert.equal(routes.publish(says('a/b'), new Source()), 1);
    const [delivery] = to.got;
    assert.equal(delivery?.qos, 2);
    assert.deepEqual([...(delivery?.identifiers ?? [])].sort(), [7, 9]);
  });

  it('finds the routes of more topics than it has places for', () => {
    const { router: routes } = router();
    const to = new Recorder();
    const source = new Source();
    for (let device = 0; device < 3000; device += 2) routes.subscribe(wants(to, `d/${device}`));
    for (let round = 0; round < 2; round++) {
      for (let device = 0; device < 3000; device++) {
        assert.equal(routes.publish(says(`d/${device}`), source), device % 2 === 0 ? 1 : 0);
      }
    }
    assert.equal(to.got.length, 3000);
  });

  it('tells a publisher of a new subscriber though its route was pushed out of the memory', () => {
    const { router: routes } = router();
    const source = new Source();
    assert.equal(routes.publish(says('mine'), source), 0);
    // More topics than there are places, published by somebody else.
    const other = new Source();
    for (let device = 0; device < 20_000; device++) routes.publish(says(`d/${device}`), other);
    routes.subscribe(wants(new Recorder(), 'mine'));
    assert.equal(routes.publish(says('mine'), source), 1);
  });

  it('counts a message that nobody subscribed to', () => {
    const { router: routes, counters } = router();
    assert.equal(routes.publish(says('a'), new Source()), 0);
    assert.equal(counters[NO_SUBSCRIBERS], 1);
  });

  it('does nothing while a subscriber wants publishers to wait, not even retain', () => {
    const { router: routes } = router();
    const slow = new Recorder();
    const quick = new Recorder();
    routes.subscribe(wants(slow, 'a'));
    routes.subscribe(wants(quick, 'a'));
    slow.congested = true;
    routes.pressure.congested = 1;
    const source = new Source();
    assert.equal(routes.publish(says('a', true), source), HELD);
    assert.deepEqual([slow.got, quick.got], [[], []]);
    assert.equal(routes.retained.count, 0);
    assert.deepEqual(slow.waiting, [source]);
    assert.equal(routes.publish(says('a', true), undefined), 2, 'the node itself does not wait');
  });

  it('does not make a client wait for itself', () => {
    const { router: routes } = router();
    const self = new Recorder();
    self.congested = true;
    routes.pressure.congested = 1;
    routes.subscribe(wants(self, 'a'));
    const message = says('a');
    message.publisher = self;
    assert.equal(routes.publish(message, new Source()), 1);
  });

  it('refuses topics and filters of too many levels', () => {
    const { router: routes } = router(3);
    assert.equal(routes.subscribe(wants(new Recorder(), 'a/b/c')), true);
    assert.equal(routes.subscribe(wants(new Recorder(), 'a/b/c/#')), undefined);
    assert.equal(routes.publish(says('a/b/c/d', true), new Source()), TOO_DEEP);
    assert.equal(routes.retained.count, 0);
  });
});

describe('shared group', () => {
  it('takes turns, in each group on its own', () => {
    const { router: routes } = router();
    const members = [new Recorder(), new Recorder(), new Recorder()];
    for (const member of members) routes.subscribe(wants(member, 'a'), 'g');
    const other = new Recorder();
    routes.subscribe(wants(other, 'a'), 'h');
    for (let round = 0; round < 6; round++) {
      assert.equal(routes.publish(says('a'), new Source()), 2);
    }
    assert.deepEqual(
      members.map(({ got }) => got.length),
      [2, 2, 2],
    );
    assert.equal(other.got.length, 6);
    assert.equal(routes.sharedSubscriptions, 4);
  });

  it('prefers members with room to congested ones, and those to members that are away', () => {
    const { router: routes } = router();
    const [away, slow, quick] = [new Recorder(), new Recorder(), new Recorder()];
    for (const member of [away, slow, quick]) routes.subscribe(wants(member!, 'a'), 'g');
    away!.online = false;
    slow!.congested = true;
    routes.pressure.congested = 1;
    for (let round = 0; round < 3; round++) routes.publish(says('a'), new Source());
    assert.equal(quick!.got.length, 3);
    quick!.online = false;
    assert.equal(routes.publish(says('a'), new Source()), HELD);
    slow!.online = false;
    slow!.congested = false;
    assert.equal(routes.publish(says('a'), new Source()), 1);
    assert.equal(away!.got.length + slow!.got.length + quick!.got.length, 4);
  });

  it('goes on when members leave, and ends with the last', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(4), fc.boolean()), { maxLength: 30 }), (steps) => {
        const { router: routes } = router();
        const members = Array.from({ length: 5 }, () => new Recorder());
        const there = new Set<number>();
        for (const [who, joins] of steps) {
          if (joins) {
            assert.equal(routes.subscribe(wants(members[who]!, 'a'), 'g'), !there.has(who));
            there.add(who);
          } else assert.equal(routes.unsubscribe(members[who]!, 'a', 'g'), there.delete(who));
          for (const member of members) member.got.length = 0;
          for (const _ of there) routes.publish(says('a'), new Source());
          const expected = members.map((_, index) => (there.has(index) ? 1 : 0));
          assert.deepEqual(
            members.map(({ got }) => got.length),
            expected,
          );
        }
        assert.equal(routes.filters, there.size > 0 ? 1 : 0);
      }),
    );
  });
});
