import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { EmbeddedStore } from '../../store/mod.js';
import { Core, type CoreOwner } from './core.js';
import { DATABASE, type NodeRecord } from './keys.js';
import { Replica, type ReplicaSink } from './replica.js';

const NODE = 'one@host';
const ROUTES = [`r/route/${NODE}/a`, `r/route/${NODE}/b`];
const CLAIM = `${NODE}|1|1`;

function record(guid: string): NodeRecord {
  return { guid, role: 'replicant', host: 'host', linkPort: 1, listeners: [], version: '1' };
}

/** Nobody listens. */
function deaf<T extends object>(): T {
  return new Proxy({} as T, { get: () => () => undefined });
}

/** A core where the node has entered, with two routes and a client. */
async function entered(
  store = new EmbeddedStore(),
): Promise<{ core: Core; keys: () => Promise<string[]> }> {
  const core = new Core(store, new Replica(deaf<ReplicaSink>()), deaf<CoreOwner>());
  await core.start();
  await core.enter(NODE, record('1'));
  await core.write(NODE, [
    ...ROUTES.map((key) => ['put', key, ''] as const),
    ['put', 'c/x', CLAIM],
  ]);
  return { core, keys: () => keysIn(store) };
}

async function keysIn(store: EmbeddedStore): Promise<string[]> {
  const { entries } = await store.read('');
  return entries
    .map(({ key }) => key)
    .filter((key) => key !== DATABASE)
    .sort();
}

const ALL = ['c/x', `r/node/${NODE}`, ...ROUTES];

describe('a node that enters again', () => {
  it('is sent to as before until it has announced what it has now', async () => {
    const { core, keys } = await entered();
    await core.enter(NODE, record('1'));
    assert.deepEqual(await keys(), ALL);
    await core.write(NODE, [
      ['put', ROUTES[1]!, ''],
      ['renew', 'c/x', CLAIM],
    ]);
    await core.announced(NODE);
    assert.deepEqual(await keys(), ['c/x', `r/node/${NODE}`, ROUTES[1]]);
  });

  it('has nothing of an earlier start of it', async () => {
    const { core, keys } = await entered();
    await core.enter(NODE, record('2'));
    assert.deepEqual(await keys(), [`r/node/${NODE}`]);
  });

  it('leaves with everything, though it never announced', async () => {
    const { core, keys } = await entered();
    await core.enter(NODE, record('1'));
    await core.enter(NODE, record('1'));
    await core.leave(NODE);
    assert.deepEqual(await keys(), []);
  });

  it('is expelled with everything, though it never announced', async () => {
    const { core, keys } = await entered();
    await core.enter(NODE, record('1'));
    await core.expel(NODE, '1');
    assert.deepEqual(await keys(), []);
  });

  it('keeps what it has when its core stops in order, and its store with it, to enter elsewhere', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fleetgauge-reenter-'));
    try {
      const path = join(folder, 'store');
      const store = await EmbeddedStore.open(path);
      const { core } = await entered(store);
      await core.enter('core@host', { ...record('0'), role: 'core' });
      await core.close('core@host');
      await store.close();
      const again = await EmbeddedStore.open(path);
      const there = [...ALL.slice(0, 1), 'r/member/core@host', ...ALL.slice(1)];
      assert.deepEqual(await keysIn(again), there);
      await again.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('does not take a client again that is somebody else’s now', async () => {
    const { core } = await entered();
    await core.enter('two@host', { ...record('3') });
    await core.write('two@host', [['put', 'c/x', 'two@host|2|1']]);
    assert.deepEqual(await core.write(NODE, [['renew', 'c/x', CLAIM]]), ['two@host|2|1']);
    assert.deepEqual(await core.write('two@host', [['renew', 'c/x', 'two@host|2|1']]), [null]);
  });
});
