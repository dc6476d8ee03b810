import assert from 'node:assert/strict';
import { it } from 'node:test';
import { freePort, TestCluster, until } from '../testing/test-cluster.js';
import { NODES } from './keys.js';

it('a core that the others took for gone enters again, though they have no link to it any more', async () => {
  const cluster = new TestCluster();
  try {
    const ports = new Map<string, number>();
    const add = async (name: string) => {
      const linkPort = await freePort();
      ports.set(`${name}@127.0.0.1`, linkPort);
      return cluster.add(name, 'core', {
        linkPort,
        addressOf: (node) => ({ name: node, host: '127.0.0.1', port: ports.get(node) ?? 0 }),
      });
    };
    const [one, two, three] = [await add('one'), await add('two'), await add('three')];
    const { mqtt, box } = await cluster.client(three);
    await mqtt.subscribeAsync('t', { qos: 1 });
    await cluster.settled();
    const { store } = one.cluster!.options.database!;
    const { entries } = await store.read(`${NODES}${three.nodeName}`);
    await store.revoke(entries[0]!.lease!);
    await until(() => [one, two].every((node) => !node.cluster!.links.get(three.nodeName)));
    await until(() => three.cluster!.alarms.length === 0);
    await cluster.settled();
    const publisher = await cluster.client(two);
    await publisher.mqtt.publishAsync('t', 'again', { qos: 1 });
    assert.deepEqual(box, ['again']);
  } finally {
    await cluster.close();
  }
});
