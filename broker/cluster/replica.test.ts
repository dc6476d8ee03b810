import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { arbitraryFilter } from '../testing/arbitrary-topics.js';
import { BalancedSink, contentOf } from '../testing/balanced-sink.js';
import { MEMBERS, NODES, type NodeRecord, parseReplicaKey, routeKey, shareKey } from './keys.js';
import { Replica, type ReplicaChange } from './replica.js';

function record(guid: string): string {
  const base: NodeRecord = {
    guid,
    role: 'replicant',
    host: 'h',
    linkPort: 1,
    listeners: [],
    version: '1',
  };
  return JSON.stringify(base);
}

const node = fc.constantFrom('a@1', 'b@2');
/** A member's number stands for one session and its group. */
const share = fc.record({ number: fc.integer({ min: 1, max: 4 }), node }).map((all) => {
  const { node: name, number } = all;
  return [shareKey(name, number, `g${number % 2}`, `f/${number}`), `client-${number}`] as const;
});
const put = fc.oneof(
  fc
    .tuple(node, fc.constantFrom('1', '2'))
    .map(([name, guid]) => [`${NODES}${name}`, record(guid)] as const),
  fc.tuple(node, arbitraryFilter).map(([name, filter]) => [routeKey(name, filter), ''] as const),
  fc
    .tuple(node, fc.constantFrom('x', '/', 'a/#'))
    .map(([name, filter]) => [routeKey(name, filter), ''] as const),
  share,
  node.map((name) => [`${MEMBERS}${name}`, JSON.stringify({ role: 'core', since: 1 })] as const),
);
const change: fc.Arbitrary<ReplicaChange> = fc
  .tuple(put, fc.boolean())
  .map(([[key, value], isThere]) => [key, isThere ? value : undefined]);
const changes = fc.array(change, { maxLength: 60, size: 'max' });

function replicaOf(sink: BalancedSink, all: Iterable<ReplicaChange>): Replica {
  const replica = new Replica(sink);
  for (const each of all) {
    replica.apply(each);
    sink.matches(replica);
  }
  return replica;
}

function storeOf(all: Iterable<ReplicaChange>): Map<string, string> {
  const store = new Map<string, string>();
  for (const [key, value] of all) {
    if (value === undefined) store.delete(key);
    else store.set(key, value);
  }
  return store;
}

describe('a replica', () => {
  it('has after any changes what the store has, and said of up nodes just that', () => {
    fc.assert(
      fc.property(changes, (all) => {
        const replica = replicaOf(new BalancedSink(), all);
        const store = [...storeOf(all)].map(([key, value]) => `${key} = ${value}`).sort();
        assert.deepEqual(contentOf(replica), store);
      }),
      { numRuns: 500 },
    );
  });

  it('does not mind changes that come twice, or old ones that newer ones follow', () => {
    fc.assert(
      fc.property(changes, fc.nat(60), (all, from) => {
        const sink = new BalancedSink();
        const replica = replicaOf(sink, all);
        const before = contentOf(replica);
        for (const each of all.slice(from)) {
          replica.apply(each);
          sink.matches(replica);
        }
        assert.deepEqual(contentOf(replica), before);
      }),
    );
  });

  it('takes a snapshot in place of whatever it had', () => {
    fc.assert(
      fc.property(changes, changes, (old, all) => {
        const sink = new BalancedSink();
        const replica = replicaOf(sink, old);
        replica.reset(storeOf(all));
        sink.matches(replica);
        assert.deepEqual(
          contentOf(replica),
          contentOf(replicaOf(new BalancedSink(), storeOf(all))),
        );
        const { routesRemoved } = sink;
        replica.reset(storeOf(all));
        assert.equal(sink.routesRemoved, routesRemoved, 'the same again changes nothing');
      }),
    );
  });

  it('takes back what a node had when it goes, and gives it again to its next start', () => {
    const sink = new BalancedSink();
    const replica = new Replica(sink);
    replica.apply([routeKey('a@1', 'early'), '']);
    assert.equal(sink.up.size, 0);
    replica.apply([`${NODES}a@1`, record('1')]);
    replica.apply([shareKey('a@1', 7, 'g', 'f'), 'client']);
    assert.deepEqual([...sink.up.get('a@1')!.routes], ['early']);
    replica.apply([`${NODES}a@1`, record('2')]);
    const { record: now, routes, shares } = sink.up.get('a@1')!;
    assert.deepEqual([now.guid, sink.routesRemoved], ['2', 1]);
    assert.deepEqual([...routes], ['early']);
    assert.deepEqual([...shares], [[7, { group: 'g', filter: 'f', clientId: 'client' }]]);
    replica.apply([`${NODES}a@1`, undefined]);
    assert.equal(sink.up.size, 0);
    assert.equal(replica.routeCount, 1, 'until its lease ends, too');
  });

  it('keeps a member when another of the same number, of an earlier start, goes late', () => {
    const sink = new BalancedSink();
    const replica = new Replica(sink);
    replica.apply([`${NODES}a@1`, record('1')]);
    replica.apply([shareKey('a@1', 1, 'old', 'f'), 'client']);
    replica.apply([`${NODES}a@1`, record('2')]);
    replica.apply([shareKey('a@1', 1, 'new', 'f'), 'client']);
    replica.apply([shareKey('a@1', 1, 'old', 'f'), undefined]);
    sink.matches(replica);
    assert.deepEqual(sink.up.get('a@1')!.shares.get(1)?.group, 'new');
  });
});

describe('a key of the replica', () => {
  it('is read as it was written', () => {
    const name = fc.constantFrom('a@1.2.3.4', 'core-1@host.example');
    const groupName = fc.string({ minLength: 1 }).filter((text) => !/[/+#]/.test(text));
    fc.assert(
      fc.property(name, fc.nat(), groupName, arbitraryFilter, (to, number, group, filter) => {
        const route = parseReplicaKey(routeKey(to, filter));
        assert.deepEqual(route, { kind: 'route', node: to, filter });
        const member = parseReplicaKey(shareKey(to, number, group, filter));
        assert.deepEqual(member, { kind: 'share', node: to, number, group, filter });
        assert.deepEqual(parseReplicaKey(`${NODES}${to}`), { kind: 'node', node: to });
        assert.deepEqual(parseReplicaKey(`${MEMBERS}${to}`), { kind: 'member', node: to });
      }),
    );
    assert.equal(parseReplicaKey('c/client'), undefined);
  });
});
