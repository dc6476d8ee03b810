import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EtcdStore } from './mod.js';
import { storeContract } from './testing/contract.js';
import { type EtcdCluster, startCluster } from './testing/etcd-cluster.js';
import { record } from './testing/recorder.js';

// The contract against real etcd (package etcd-server).
for (const size of [1, 3]) {
  describe(`etcd with ${size === 1 ? 'one member' : `${size} members`}`, () => {
    let cluster: EtcdCluster;
    let stores = 0;
    const open = (): Promise<EtcdStore> =>
      EtcdStore.open({ endpoints: cluster.endpoints, namespace: `test/${stores}/` });
    before(async () => {
      cluster = await startCluster(size);
    });
    after(() => cluster.stop());
    storeContract('etcd', {
      runs: size === 1 ? 40 : 15,
      open: () => {
        stores++;
        return open();
      },
      other: open,
    });
  });
}

describe('a watch of etcd that has much to catch up on', () => {
  it('gets it in messages cut anywhere and hands on whole revisions', async () => {
    const cluster = await startCluster(1);
    const store = await EtcdStore.open({ endpoints: cluster.endpoints });
    try {
      const value = Buffer.alloc(130_000, 'x');
      const revisions = 30;
      for (let round = 0; round < revisions; round++) {
        const operations = Array.from({ length: 7 }, (_, index) => ({ put: `k/${index}`, value }));
        await store.commit([{ operations }]);
      }
      // 27 MB, where a message has no more than 8 MiB: the recorder fails on a revision in two calls.
      const { recorder } = record(store, 'k/', 1);
      await recorder.until(() => recorder.all.length >= 7 * revisions);
      assert.equal(recorder.all.length, 7 * revisions);
      assert.equal(new Set(recorder.all.map(({ revision }) => revision)).size, revisions);
    } finally {
      await store.close();
      await cluster.stop();
    }
  });
});
