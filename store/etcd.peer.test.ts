import { after, before, describe } from 'node:test';
import { EtcdStore } from './mod.js';
import { storeContract } from './testing/contract.js';
import { type EtcdCluster, startCluster } from './testing/etcd-cluster.js';

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
