import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { arbitraryFilter } from '../testing/arbitrary-topics.js';
import { BalancedSink, contentOf } from '../testing/balanced-sink.js';
import { MEMBERS, NODES, routeKey, shareKey } from './keys.js';
import { Replica, type ReplicaChange } from './replica.js';
import { piecesOf, Snapshot, type SnapshotPiece } from './snapshot.js';

const node = fc.constantFrom('a@1', 'b@2', 'c@3');
const entry: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  node.map((name) => [`${NODES}${name}`, JSON.stringify({ guid: name })] as const),
  node.map((name) => [`${MEMBERS}${name}`, JSON.stringify({ role: 'core', since: 1 })] as const),
  fc.tuple(node, arbitraryFilter).map(([name, filter]) => [routeKey(name, filter), ''] as const),
  fc
    .tuple(node, fc.nat(3))
    .map(([name, n]) => [shareKey(name, n, 'g', 'f'), `client-${n}`] as const),
);
const entries = fc.array(entry, { maxLength: 60, size: 'max' });

function replicaOf(changes: readonly ReplicaChange[]): { replica: Replica; sink: BalancedSink } {
  const sink = new BalancedSink();
  const replica = new Replica(sink);
  for (const change of changes) replica.apply(change);
  return { replica, sink };
}

/** All pieces as they pass between nodes. */
function allPiecesOf(replica: Replica, size: number): SnapshotPiece[] {
  const pieces: SnapshotPiece[] = [];
  const generator = piecesOf(replica, size);
  for (;;) {
    const { value, done } = generator.next();
    pieces.push(JSON.parse(JSON.stringify(value)) as SnapshotPiece);
    if (done === true) return pieces;
  }
}

function sizeOf({ entries: others, routes }: SnapshotPiece): number {
  return others.length + routes.reduce((sum, [, filters]) => sum + filters.length, 0);
}

describe('a snapshot in pieces', () => {
  it('makes of any other replica the same, and none of its pieces is larger than asked for', () => {
    fc.assert(
      fc.property(entries, entries, fc.integer({ min: 1, max: 20 }), (all, old, size) => {
        const { replica } = replicaOf(all);
        const pieces = allPiecesOf(replica, size);
        assert.ok(pieces.every((piece) => sizeOf(piece) <= size));
        const snapshot = new Snapshot();
        for (const piece of pieces) snapshot.add(piece);
        const other = replicaOf(old);
        other.replica.reset(snapshot);
        other.sink.matches(other.replica);
        assert.deepEqual(contentOf(other.replica), contentOf(replica));
        // What is taken in is the replica's own: it goes on changing.
        other.replica.apply([routeKey('a@1', 'later'), '']);
        other.sink.matches(other.replica);
        assert.equal(contentOf(replica).includes(`${routeKey('a@1', 'later')} = `), false);
      }),
    );
  });
});
