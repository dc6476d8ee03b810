import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunningBroker } from '../broker.js';
import { FailingStore } from '../testing/failing-store.js';
import { TestCluster, until } from '../testing/test-cluster.js';
import { routeKey } from './keys.js';

interface Scene {
  cluster: TestCluster;
  store: FailingStore;
  core: RunningBroker;
  replicant: RunningBroker;
  /** Filters that the core knows this node to have, `$share/…` included. */
  known(node: RunningBroker): string[];
}

async function scene(work: (scene: Scene) => Promise<void>): Promise<void> {
  const cluster = new TestCluster();
  try {
    const store = new FailingStore();
    const core = await cluster.add('core', 'core', {}, {}, store);
    const replicant = await cluster.add('one', 'replicant');
    await cluster.settled();
    const known = ({ nodeName }: RunningBroker): string[] =>
      [...core.cluster!.replica.routes()]
        .filter(({ node }) => node === nodeName)
        .map(({ filter }) => filter)
        .sort();
    await work({ cluster, store, core, replicant, known });
  } finally {
    await cluster.close();
  }
}

describe('what a node has subscribers of', () => {
  for (const mode of ['lost', 'unsaid'] as const) {
    it(`is known to the others though writing it failed at first (${mode})`, () =>
      scene(async ({ cluster, store, core, replicant, known }) => {
        const [here, there] = [await cluster.client(core), await cluster.client(replicant)];
        for (const { mqtt } of [here, there]) {
          await mqtt.subscribeAsync(['old', '$share/g/old'], { qos: 1 });
        }
        await cluster.settled();
        store.mode = mode;
        for (const { mqtt } of [here, there]) {
          await mqtt.subscribeAsync(['new', '$share/g/new'], { qos: 1 });
          await mqtt.unsubscribeAsync(['old', '$share/g/old']);
        }
        await until(() => store.failures > 4);
        for (const node of [core, replicant]) {
          assert.match(node.cluster!.alarms.join(), /a write to the cluster failed/);
        }
        store.mode = 'works';
        await until(() => cluster.nodes.every(({ cluster: part }) => part!.alarms.length === 0));
        for (const node of [core, replicant]) {
          assert.deepEqual(known(node), ['$share/g/new', 'new']);
        }
      }));
  }

  it('is said again when the database has lost it for whatever reason, and taken out when it has too much', () =>
    scene(async ({ cluster, store, core, replicant, known }) => {
      const { mqtt } = await cluster.client(replicant);
      await mqtt.subscribeAsync('wanted', { qos: 1 });
      await cluster.settled();
      await store.commit([
        {
          operations: [
            { delete: routeKey(replicant.nodeName, 'wanted') },
            { put: routeKey(replicant.nodeName, 'not'), value: Buffer.alloc(0) },
          ],
        },
      ]);
      await until(() => known(replicant).join() === 'not');
      await until(() => known(replicant).join() === 'wanted');
      assert.deepEqual(core.cluster!.alarms, []);
    }));
});

describe('a retained message that the database does not take', () => {
  it('is refused to its publisher if he can hear it, counted, and shown until a write works again', () =>
    scene(async ({ cluster, store, core, replicant }) => {
      const { mqtt } = await cluster.client(replicant);
      store.mode = 'lost';
      await assert.rejects(
        mqtt.publishAsync('t', 'x', { qos: 1, retain: true }),
        (error: Error & { code?: number }) => error.code === 0x83,
      );
      await mqtt.publishAsync('t', 'x', { qos: 0, retain: true });
      const dropped = (): number | undefined =>
        replicant.stats().drops['messages.dropped.not_retained'];
      await until(() => dropped() === 2);
      assert.match(replicant.cluster!.alarms.join(), /a write to the cluster failed/);
      store.mode = 'works';
      await mqtt.publishAsync('t', 'y', { qos: 1, retain: true });
      assert.deepEqual([...core.cluster!.alarms, ...replicant.cluster!.alarms], []);
      assert.equal(dropped(), 2);
    }));
});

describe('the claim of a session that is over', () => {
  it('does not stay when taking it out failed at first', () =>
    scene(async ({ cluster, store, replicant }) => {
      const { mqtt } = await cluster.client(replicant, { clientId: 'x' });
      const claims = async (): Promise<string[]> =>
        (await store.read('c/')).entries.map(({ key }) => key);
      assert.deepEqual(await claims(), ['c/x']);
      store.mode = 'lost';
      await mqtt.endAsync();
      await until(() => store.failures > 1);
      store.mode = 'works';
      for (let n = 0; n < 200 && (await claims()).length > 0; n++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.deepEqual(await claims(), []);
    }));
});

describe('a node whose record cannot be written when its listeners open', () => {
  it('is up all the same, and found with them a little later', () =>
    scene(async ({ store, core, replicant }) => {
      const listeners = (): string[] =>
        core.cluster!.replica.nodes.get(replicant.nodeName)!.record!.listeners;
      const before = listeners();
      store.mode = 'lost';
      await replicant.cluster!.listening();
      store.mode = 'works';
      await until(() => replicant.cluster!.alarms.length === 0);
      assert.deepEqual(listeners(), before);
    }));
});
