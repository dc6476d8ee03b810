import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunningBroker } from '../broker.js';
import { TestCluster, until } from '../testing/test-cluster.js';
import { NODES } from './keys.js';

/** The database takes it for gone: its lease ends, though it keeps it. */
async function takeForGone(core: RunningBroker, name: string): Promise<void> {
  const { store } = core.cluster!.options.database!;
  const { entries } = await store.read(`${NODES}${name}`);
  await store.revoke(entries[0]!.lease!);
}

/** A core, and replicants `one` and `two` with a client that subscribed to everything on `two`. */
async function scene(
  work: (
    cluster: TestCluster,
    core: RunningBroker,
    one: RunningBroker,
    two: RunningBroker,
  ) => Promise<void>,
): Promise<void> {
  const cluster = new TestCluster();
  try {
    const core = await cluster.add('core', 'core');
    await work(
      cluster,
      core,
      await cluster.add('one', 'replicant'),
      await cluster.add('two', 'replicant'),
    );
  } finally {
    await cluster.close();
  }
}

describe('a replicant that is taken for gone though it is there', () => {
  it('enters again as soon as it has something to write', () =>
    scene(async (cluster, core, one, two) => {
      const { mqtt, box } = await cluster.client(two);
      await mqtt.subscribeAsync('a', { qos: 1 });
      await cluster.settled();
      await takeForGone(core, two.nodeName);
      await until(() => [...one.cluster!.replica.up()].length === 2);
      await mqtt.subscribeAsync('b', { qos: 1 }).catch(() => undefined);
      await until(() => [...one.cluster!.replica.up()].length === 3);
      await cluster.settled();
      const publisher = await cluster.client(one);
      for (const topic of ['a', 'b']) await publisher.mqtt.publishAsync(topic, topic, { qos: 1 });
      await until(() => box.length === 2);
      assert.deepEqual(two.cluster!.alarms, []);
    }));

  it('does not take new QoS 2 messages for those of before that were never released', () =>
    scene(async (cluster, core, one, two) => {
      const { mqtt, box } = await cluster.client(two);
      await mqtt.subscribeAsync('t', { qos: 2 });
      await cluster.settled();
      const publisher = await cluster.client(one);
      // What comes back is lost: the message stays unreleased.
      one.cluster!.links.get(two.nodeName)!.frame = () => true;
      const first = publisher.mqtt.publishAsync('t', 'first', { qos: 2 });
      await until(() => box.length === 1);
      await takeForGone(core, two.nodeName);
      await first;
      await mqtt.subscribeAsync('other', { qos: 0 }).catch(() => undefined);
      await until(() => [...one.cluster!.replica.up()].length === 3);
      await cluster.settled();
      await publisher.mqtt.publishAsync('t', 'second', { qos: 2 });
      await until(() => box.length === 2);
      assert.deepEqual(box, ['first', 'second']);
    }));
});
