import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Store } from 'mqtt';
import { TestCluster, until } from '../testing/test-cluster.js';

async function inCluster(work: (cluster: TestCluster) => Promise<void>): Promise<void> {
  const cluster = new TestCluster();
  try {
    await work(cluster);
  } finally {
    await cluster.close();
  }
}

describe('a core and two replicants', () => {
  it('carry messages of every QoS from any node to subscribers on any other', () =>
    inCluster(async (cluster) => {
      const nodes = [
        await cluster.add('core', 'core'),
        await cluster.add('one', 'replicant'),
        await cluster.add('two', 'replicant'),
      ];
      const boxes: string[][] = [];
      for (const node of nodes) {
        const client = await cluster.client(node);
        boxes.push(client.box);
        await client.mqtt.subscribeAsync('a/+', { qos: 2 });
      }
      await cluster.settled();
      const sent: string[] = [];
      for (const [index, node] of nodes.entries()) {
        const publisher = await cluster.client(node);
        for (const qos of [0, 1, 2] as const) {
          sent.push(`${index}/${qos}`);
          await publisher.mqtt.publishAsync(`a/${index}`, `${index}/${qos}`, { qos });
        }
      }
      await until(() => boxes.every((box) => box.length >= sent.length));
      for (const box of boxes) assert.deepEqual([...box].sort(), sent);
    }));

  it('keep the order of a publisher’s messages on a topic across nodes', () =>
    inCluster(async (cluster) => {
      await cluster.add('core', 'core');
      const one = await cluster.add('one', 'replicant');
      const two = await cluster.add('two', 'replicant');
      const subscriber = await cluster.client(two);
      const { box } = subscriber;
      await subscriber.mqtt.subscribeAsync('t', { qos: 1 });
      await cluster.settled();
      const publisher = await cluster.client(one);
      const sent = Array.from({ length: 2000 }, (_, n) => String(n));
      await Promise.all(sent.map((text) => publisher.mqtt.publishAsync('t', text, { qos: 1 })));
      await until(() => box.length >= sent.length);
      assert.deepEqual(box, sent);
    }));

  it('give a client that connects elsewhere its session, and end its old connection', () =>
    inCluster(async (cluster) => {
      const core = await cluster.add('core', 'core');
      const one = await cluster.add('one', 'replicant');
      const two = await cluster.add('two', 'replicant');
      const lasting = { clientId: 'c', clean: false, properties: { sessionExpiryInterval: 60 } };
      const first = await cluster.client(one, lasting);
      await first.mqtt.subscribeAsync('t', { qos: 1 });
      await cluster.settled();
      await first.mqtt.endAsync(true);
      await until(() => one.stats().gauges['live_connections.count'] === 0);
      const publisher = await cluster.client(core);
      await publisher.mqtt.publishAsync('t', 'while away', { qos: 1 });
      const second = await cluster.client(two, lasting);
      await until(() => one.stats().gauges['sessions.count'] === 0);
      await cluster.settled();
      await publisher.mqtt.publishAsync('t', 'after', { qos: 1 });
      await until(() => second.box.includes('after'));
      assert.deepEqual(second.box, ['while away', 'after']);
      const third = await cluster.client(core, { ...lasting, clean: true });
      await until(() => second.disconnects.length > 0);
      assert.deepEqual(second.disconnects, [0x8e]);
      await until(() => two.stats().gauges['sessions.count'] === 0);
      assert.equal(third.mqtt.connected, true);
    }));

  it('lose and double nothing for a client that goes from node to node while all of them publish', () =>
    inCluster(async (cluster) => {
      const nodes = [
        await cluster.add('core', 'core'),
        await cluster.add('one', 'replicant'),
        await cluster.add('two', 'replicant'),
      ];
      const lasting = {
        clientId: 'c',
        clean: false,
        properties: { sessionExpiryInterval: 60 },
        // QoS 2 messages that it has and that are not released yet: MQTT.js gives them out when they are.
        incomingStore: new Store({ clean: false }),
      };
      let mover = await cluster.client(nodes[0]!, lasting);
      await mover.mqtt.subscribeAsync('t/#', { qos: 2 });
      await cluster.settled();
      const publishers = await Promise.all(nodes.map((node) => cluster.client(node)));
      const boxes = [mover.box];
      let publishing = true;
      const sent: string[] = [];
      const work = publishers.map(async ({ mqtt }, who) => {
        for (let n = 0; publishing && n < 2000; n++) {
          const text = `${who} ${n}`;
          await mqtt.publishAsync(`t/${who}`, text, { qos: 2 });
          sent.push(text);
        }
      });
      for (let turn = 1; turn <= 12; turn++) {
        const had = mover.box.length;
        await until(() => mover.box.length > had);
        await mover.mqtt.endAsync(true);
        mover = await cluster.client(nodes[turn % 3]!, lasting);
        boxes.push(mover.box);
      }
      publishing = false;
      await Promise.all(work);
      await until(() => boxes.flat().length >= sent.length);
      const got = boxes.flat();
      assert.deepEqual([...got].sort(), [...sent].sort());
      for (const who of [0, 1, 2]) {
        const numbers = got.flatMap((text) => {
          const [from, number] = text.split(' ').map(Number);
          return from === who ? [number!] : [];
        });
        assert.deepEqual(
          numbers,
          [...numbers].sort((a, b) => a - b),
        );
      }
    }));

  it('deliver each message of a shared group to one member in the whole cluster', () =>
    inCluster(async (cluster) => {
      const core = await cluster.add('core', 'core');
      const one = await cluster.add('one', 'replicant');
      const two = await cluster.add('two', 'replicant');
      const boxes: string[][] = [];
      for (const node of [core, one, two]) {
        const member = await cluster.client(node);
        boxes.push(member.box);
        await member.mqtt.subscribeAsync('$share/g/t', { qos: 1 });
      }
      await cluster.settled();
      const publisher = await cluster.client(one);
      const sent = Array.from({ length: 300 }, (_, n) => String(n));
      for (const text of sent) await publisher.mqtt.publishAsync('t', text, { qos: 1 });
      await until(() => boxes.flat().length >= sent.length);
      assert.deepEqual(
        boxes.flat().sort((a, b) => Number(a) - Number(b)),
        sent,
      );
      for (const box of boxes) assert.equal(box.length, 100);
    }));

  it('have one set of retained messages', () =>
    inCluster(async (cluster) => {
      const core = await cluster.add('core', 'core');
      const one = await cluster.add('one', 'replicant');
      const two = await cluster.add('two', 'replicant');
      const publisher = await cluster.client(one);
      await publisher.mqtt.publishAsync('state/1', 'on', { qos: 1, retain: true });
      await publisher.mqtt.publishAsync('state/2', 'off', { qos: 1, retain: true });
      await publisher.mqtt.publishAsync('state/2', '', { qos: 1, retain: true });
      for (const node of [core, one, two]) {
        const subscriber = await cluster.client(node);
        const { box } = subscriber;
        await subscriber.mqtt.subscribeAsync('state/#', { qos: 1 });
        await until(() => box.length >= 1);
        assert.deepEqual(box, ['on']);
      }
    }));
});
