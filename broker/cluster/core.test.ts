import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EmbeddedStore } from '../../store/mod.js';
import { BalancedSink } from '../testing/balanced-sink.js';
import { CallError } from './calls.js';
import { Core } from './core.js';
import { type NodeRecord, routeKey } from './keys.js';
import { Replica } from './replica.js';

const NODE = 'r@h';

function record(guid: string): NodeRecord {
  return { guid, role: 'replicant', host: 'h', linkPort: 1, listeners: [], version: '1' };
}

/** A core and what its replica says. */
async function startCore(store: EmbeddedStore): Promise<{ core: Core; sink: BalancedSink }> {
  const sink = new BalancedSink();
  const core = new Core(store, new Replica(sink), {
    changed: () => {},
    reread: () => {},
    retained: () => {},
    retainedTopics: () => [],
    leaseLost: () => {},
    connected: () => {},
  });
  await core.start();
  return { core, sink };
}

async function storedAt(store: EmbeddedStore, key: string): Promise<string | undefined> {
  const { entries } = await store.read(key);
  return entries.find((entry) => entry.key === key)?.value.toString();
}

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
    const steps = [
      [['add', 'c/x', 'one'], null],
      [['add', 'c/x', 'two'], 'one'],
      [['put', 'c/x', 'three'], 'one'],
      [['delete', 'c/x', 'two'], null],
      [['renew', 'c/x', 'two'], 'three'],
      [['renew', 'c/x', 'three'], null],
      [['put', 'c/x', 'four'], 'three'],
      [['delete', 'c/x', 'four'], 'four'],
      [['renew', 'c/x', 'four'], null],
      [['keep', 't/x', 'retained'], null],
    ] as const;
    for (const [write, outcome] of steps) {
      assert.deepEqual(await core.write(NODE, [write]), [outcome], write.join(' '));
    }
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
