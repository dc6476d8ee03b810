import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EmbeddedStore } from '../../store/mod.js';
import { BalancedSink } from '../testing/balanced-sink.js';
import { CallError } from './calls.js';
import { Core } from './core.js';
import { type NodeRecord, routeKey } from './keys.js';
import { Replica, type ReplicaChange } from './replica.js';

const NODE = 'r@h';

function record(guid: string): NodeRecord {
  return { guid, role: 'replicant', host: 'h', linkPort: 1, listeners: [], version: '1' };
}

/** A core and what its replica says. */
async function startCore(
  store: EmbeddedStore,
): Promise<{ core: Core; sink: BalancedSink; changes: ReplicaChange[] }> {
  const sink = new BalancedSink();
  const changes: ReplicaChange[] = [];
  const core = new Core(store, new Replica(sink), {
    changed: (all) => changes.push(...all),
    reread: () => {},
    retained: () => {},
    leaseLost: () => {},
    connected: () => {},
  });
  await core.start();
  return { core, sink, changes };
}

async function storedAt(store: EmbeddedStore, key: string): Promise<string | undefined> {
  const { entries } = await store.read(key);
  return entries.find((entry) => entry.key === key)?.value.toString();
}

describe('a node that enters again at the same core', () => {
  it('is not gone meanwhile, and what it says again stays when the rest goes', async () => {
    const store = new EmbeddedStore();
    const { core, sink, changes } = await startCore(store);
    await core.enter(NODE, record('1'));
    await core.write(NODE, [
      ['put', routeKey(NODE, 'kept'), ''],
      ['put', routeKey(NODE, 'stale'), ''],
      ['put', 'c/kept', `${NODE}|1|1`],
      ['put', 'c/stale', `${NODE}|1|2`],
    ]);
    await core.enter(NODE, record('1'));
    assert.equal(sink.routesRemoved, 0);
    assert.deepEqual(
      changes.filter(([, value]) => value === undefined),
      [],
      'nobody saw it go',
    );
    await core.write(NODE, [
      ['put', routeKey(NODE, 'kept'), ''],
      ['renew', 'c/kept', `${NODE}|1|1`],
    ]);
    await core.announced(NODE);
    assert.deepEqual([...sink.up.get(NODE)!.routes], ['kept']);
    assert.equal(await storedAt(store, 'c/kept'), `${NODE}|1|1`);
    assert.equal(await storedAt(store, 'c/stale'), undefined);
    await core.leave(NODE);
    assert.equal(sink.up.size, 0);
    assert.deepEqual((await store.read('')).entries, []);
  });

  it('leaves nothing behind when it goes before it has said all again', async () => {
    for (const go of ['leave', 'expel', 'close'] as const) {
      const store = new EmbeddedStore();
      const { core } = await startCore(store);
      await core.enter(NODE, record('1'));
      await core.write(NODE, [['put', routeKey(NODE, 'old'), '']]);
      await core.enter(NODE, record('1'));
      if (go === 'expel') await core.expel(NODE, '1');
      else if (go === 'leave') await core.leave(NODE);
      else await core.close();
      assert.deepEqual((await store.read('')).entries, [], go);
    }
  });

  it('has nothing of its earlier start', async () => {
    const store = new EmbeddedStore();
    const { core, sink } = await startCore(store);
    await core.enter(NODE, record('1'));
    await core.write(NODE, [['put', routeKey(NODE, 'old'), '']]);
    await core.enter(NODE, record('2'));
    assert.deepEqual([...sink.up.get(NODE)!.routes], []);
    assert.deepEqual([core.has(NODE, '1'), core.has(NODE, '2')], [false, true]);
  });
});

describe('a node that moves to another core', () => {
  it('keeps what it has said again there when the one before lets it go', async () => {
    const store = new EmbeddedStore();
    const [{ core: one }, { core: two, sink }] = [await startCore(store), await startCore(store)];
    await one.enter(NODE, record('1'));
    const claim = `${NODE}|1|1`;
    await one.write(NODE, [
      ['put', routeKey(NODE, 't'), ''],
      ['put', 'c/x', claim],
    ]);
    await two.enter(NODE, record('1'));
    await two.write(NODE, [['put', routeKey(NODE, 't'), '']]);
    assert.deepEqual(await two.write(NODE, [['add', 'c/x', claim]]), [claim]);
    await two.write(NODE, [['renew', 'c/x', claim]]);
    await one.leave(NODE);
    assert.deepEqual([...sink.up.get(NODE)!.routes], ['t']);
    assert.equal(await storedAt(store, 'c/x'), claim);
  });
});

describe('a write', () => {
  it('answers with what was there, and does what its kind says', async () => {
    const store = new EmbeddedStore();
    const { core } = await startCore(store);
    await core.enter(NODE, record('1'));
    const outcomes = await core.write(NODE, [
      ['add', 'c/x', 'one'],
      ['add', 'c/x', 'two'],
      ['put', 'c/x', 'three'],
      ['delete', 'c/x', 'two'],
      ['renew', 'c/x', 'two'],
      ['put', 'c/x', 'four'],
      ['delete', 'c/x', 'four'],
      ['renew', 'c/x', 'four'],
      ['keep', 't/x', 'retained'],
    ]);
    assert.deepEqual(outcomes.slice(0, 1), [null]);
    assert.deepEqual(outcomes.slice(2), ['one', null, null, 'three', 'four', null, null]);
    assert.equal(await storedAt(store, 'c/x'), undefined);
    await core.leave(NODE);
    assert.equal(await storedAt(store, 't/x'), 'retained');
  });

  it('of a node that has not entered here is refused', async () => {
    const { core } = await startCore(new EmbeddedStore());
    await assert.rejects(
      core.write(NODE, [['put', 'c/x', 'y']]),
      (error) => error instanceof CallError && error.code === 'NOT_ENTERED',
    );
  });
});
