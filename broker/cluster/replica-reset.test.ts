import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Replica, type ReplicaChange, type ReplicaSink } from './replica.js';

/** Writes down what it is told. */
function listened(): { replica: Replica; told: string[] } {
  const told: string[] = [];
  const sink: ReplicaSink = {
    nodeUp: (name) => told.push(`up ${name}`),
    nodeDown: (name) => told.push(`down ${name}`),
    routeAdded: (name, filter) => told.push(`+ ${name} ${filter}`),
    routeRemoved: (name, filter) => told.push(`- ${name} ${filter}`),
    shareAdded: () => undefined,
    markSeen: () => undefined,
    shareRemoved: () => undefined,
  };
  return { replica: new Replica(sink), told };
}

function node(name: string): ReplicaChange {
  const record = {
    guid: name,
    role: 'replicant',
    host: 'h',
    linkPort: 1,
    listeners: [],
    version: '1',
  };
  return [`r/node/${name}`, JSON.stringify(record)];
}

function route(name: string, filter: string): ReplicaChange {
  return [`r/route/${name}/${filter}`, ''];
}

/** A replica that knows three nodes, reset to a snapshot that knows the first. */
function resetTo(snapshot: readonly ReplicaChange[]): { replica: Replica; told: string[] } {
  const found = listened();
  for (const name of ['a', 'b', 'c']) {
    found.replica.apply(node(name));
    found.replica.apply(route(name, 'x'));
    found.replica.apply(route(name, 'y'));
  }
  found.told.length = 0;
  found.replica.reset(snapshot, (name) => name === 'b');
  return found;
}

const ONLY_A = [node('a'), route('a', 'x'), route('a', 'y')];

describe('a snapshot that lacks nodes which are known to be up', () => {
  it('takes away nothing of theirs, and all of the others', () => {
    const { replica, told } = resetTo(ONLY_A);
    assert.deepEqual(told, ['- c y', '- c x', 'down c']);
    assert.equal(replica.routeCount, 4);
  });

  it('takes away later what they have not announced again', () => {
    const { replica, told } = resetTo(ONLY_A);
    told.length = 0;
    replica.apply(node('b'));
    replica.apply(route('b', 'y'));
    replica.dropUnconfirmed();
    assert.deepEqual(told, ['- b x']);
    replica.dropUnconfirmed();
    assert.deepEqual(told, ['- b x']);
  });

  it('takes that away as soon as the node has marked that it has announced all, or at once if it has already', () => {
    const mark: ReplicaChange = ['r/mark/b', '7'];
    const later = resetTo(ONLY_A);
    later.told.length = 0;
    for (const change of [node('b'), route('b', 'y'), ['r/mark/a', '3'] as const]) {
      later.replica.apply(change);
    }
    assert.deepEqual(later.told, []);
    later.replica.apply(mark);
    assert.deepEqual(later.told, ['- b x']);
    const already = resetTo([...ONLY_A, node('b'), mark, route('b', 'y')]);
    assert.deepEqual(
      already.told.filter((line) => line.includes(' b')),
      ['- b x'],
    );
    assert.equal(already.replica.marks.get('b'), 7);
    already.replica.reset(ONLY_A);
    assert.equal(already.replica.marks.size, 0);
  });

  it('takes away everything later of those that never come back', () => {
    const { replica, told } = resetTo(ONLY_A);
    told.length = 0;
    replica.dropUnconfirmed();
    assert.deepEqual(told, ['- b y', '- b x', 'down b']);
    assert.deepEqual([...replica.nodes.keys()], ['a']);
  });

  it('keeps as well what it has in part', () => {
    const { told } = resetTo([node('b'), route('b', 'y')]);
    assert.ok(!told.some((line) => line.includes(' b')), told.join());
  });
});
