import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { topicMatches } from '../../wire/mod.js';
import { arbitraryFilter, arbitraryTopic } from '../testing/arbitrary-topics.js';
import { appendTo, countOf } from './subscribers.js';
import { type Subscriber, Subscription } from './subscription.js';
import { TopicTree } from './topic-tree.js';

function subscriber(): Subscriber {
  return {
    clientId: 'c',
    reach: 'node',
    online: true,
    congested: false,
    deliver() {},
    isFull: () => false,
    awaitRelief() {},
  };
}

function subscription(to: Subscriber, filter: string): Subscription {
  return new Subscription(to, filter, {
    qos: 0,
    noLocal: false,
    retainAsPublished: false,
    identifier: 0,
  });
}

describe('topic tree', () => {
  it('finds exactly the filters that match, whatever was added and removed before', () => {
    const subscribers = [subscriber(), subscriber(), subscriber()];
    const step = fc.record({
      who: fc.nat({ max: 2 }),
      filter: arbitraryFilter,
      add: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.array(arbitraryTopic, { minLength: 1, maxLength: 8 }),
        (steps, topics) => {
          const tree = new TopicTree();
          const model = new Map<string, Set<Subscriber>>();
          for (const { who, filter, add } of steps) {
            const to = subscribers[who]!;
            const known = model.get(filter) ?? new Set();
            model.set(filter, known);
            if (add) {
              const { first, replaced } = tree.add(subscription(to, filter));
              assert.equal(first, known.size === 0);
              assert.equal(replaced, known.has(to));
              known.add(to);
            } else {
              const { removed, last } = tree.remove(filter, to);
              assert.equal(removed, known.delete(to));
              assert.equal(last, removed && known.size === 0);
            }
          }
          const filters = [...model].filter(([, known]) => known.size > 0);
          assert.equal(tree.filters, filters.length);
          const listed = [...tree.entries()].map(([filter, all]) => `${filter} ${countOf(all)}`);
          const wanted = filters.map(([filter, known]) => `${filter} ${known.size}`);
          assert.deepEqual(listed.sort(), wanted.sort());
          for (const name of topics) {
            const found: Subscription[] = [];
            for (const all of tree.match(name)) appendTo(found, all);
            const expected = filters.flatMap(([filter, known]) =>
              topicMatches(filter, name) ? [...known].map((to) => `${filter} ${idOf(to)}`) : [],
            );
            const got = found.map(({ filter, subscriber: to }) => `${filter} ${idOf(to)}`);
            assert.deepEqual(got.sort(), expected.sort(), name);
          }
        },
      ),
      { numRuns: 500 },
    );
    function idOf(to: Subscriber): number {
      return subscribers.indexOf(to);
    }
  });

  it('is empty again when everything is removed', () => {
    fc.assert(
      fc.property(fc.array(arbitraryFilter, { maxLength: 30 }), (filters) => {
        const tree = new TopicTree();
        const to = subscriber();
        for (const filter of filters) tree.add(subscription(to, filter));
        for (const filter of filters) tree.remove(filter, to);
        assert.equal(tree.filters, 0);
        assert.equal(tree.hasWildcards, false);
        assert.deepEqual(tree, new TopicTree());
      }),
    );
  });

  it('keeps wildcards in the first level away from topics that begin with $', () => {
    const tree = new TopicTree();
    const to = subscriber();
    for (const filter of ['#', '+/a', '$SYS/#', '$SYS/+']) tree.add(subscription(to, filter));
    const found: Subscription[] = [];
    for (const all of tree.match('$SYS/a')) appendTo(found, all);
    assert.deepEqual(found.map(({ filter }) => filter).sort(), ['$SYS/#', '$SYS/+']);
  });
});
