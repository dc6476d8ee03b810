import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EmbeddedStore } from '../../store/mod.js';
import { WriteBatcher } from './write-batcher.js';

it('a lease that is gone fails the writes on it, not the others of the batch', async () => {
  const store = new EmbeddedStore();
  const batcher = new WriteBatcher(store);
  const [gone, good] = [await store.lease(1000, () => {}), await store.lease(1000, () => {})];
  await gone.revoke();
  const value = Buffer.from('x');
  const results = await Promise.allSettled(
    [good, gone, good].map(({ id: lease }, n) =>
      batcher.write({ operations: [{ put: `k/${n}`, value, lease }] }),
    ),
  );
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  const { entries } = await store.read('k/');
  assert.deepEqual(
    entries.map(({ key }) => key),
    ['k/0', 'k/2'],
  );
});
