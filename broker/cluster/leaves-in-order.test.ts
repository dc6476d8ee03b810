import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TestCluster, until } from '../testing/test-cluster.js';
import { NODES, ROUTES } from './keys.js';

it('a replicant that stops in order has left the cluster before it ends', async () => {
  const cluster = new TestCluster();
  try {
    const core = await cluster.add('core', 'core');
    const one = await cluster.add('one', 'replicant');
    const two = await cluster.add('two', 'replicant');
    const { mqtt } = await cluster.client(two);
    await mqtt.subscribeAsync('t', { qos: 1 });
    await cluster.settled();
    const { store } = core.cluster!.options.database!;
    const routes = async () =>
      (await store.read(ROUTES)).entries.filter(({ key }) => key.includes(two.nodeName)).length;
    assert.equal(await routes(), 1);
    await two.close();
    // No other end of it is looked for yet: nobody was refused, no lease has run out.
    assert.deepEqual((await store.read(`${NODES}${two.nodeName}`)).entries, []);
    assert.equal(await routes(), 0);
    for (const node of [core, one]) {
      await until(() => ![...node.cluster!.replica.up()].some(([name]) => name === two.nodeName));
    }
    // Its core may be gone first, as when a whole cluster stops: it does not wait for an answer then.
    await core.close();
    const beganMs = performance.now();
    await one.close();
    assert.ok(performance.now() - beganMs < 1900, `${performance.now() - beganMs} ms`);
  } finally {
    await cluster.close();
  }
});
