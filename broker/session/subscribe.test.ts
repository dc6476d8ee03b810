import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ProtocolVersion, reasonName } from '../../wire/mod.js';
import { SimulatedNode } from '../testing/simulation.js';

describe('SUBSCRIBE', () => {
  it('answers each filter, and UNSUBSCRIBE likewise', () => {
    const client = new SimulatedNode().connected('c');
    const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    client.send({
      type: 'subscribe',
      packetId: 7,
      subscriptions: [
        { filter: 'a', qos: 0, ...options },
        { filter: 'b/+', qos: 1, ...options },
        { filter: `${'x/'.repeat(128)}x`, qos: 1, ...options },
        { filter: '$share/g/a', qos: 2, ...options },
      ],
    });
    client.send({ type: 'unsubscribe', packetId: 8, filters: ['a', 'c', '$share/g/a'] });
    assert.deepEqual(client.received, [
      { type: 'suback', packetId: 7, reasonCodes: [0, 1, 0x8f, 2] },
      { type: 'unsuback', packetId: 8, reasonCodes: [0, 0x11, 0] },
    ]);
  });

  it('puts a new subscription in place of one with the same filter', () => {
    const simulated = new SimulatedNode();
    const client = simulated.connected('c');
    client.subscribe('t', 0);
    client.subscribe('t', 1);
    simulated.connected('p').publish('t', 'x', { qos: 1, packetId: 1 });
    assert.deepEqual(
      client.take('publish').map(({ qos }) => qos),
      [1],
    );
    assert.equal(simulated.node.router.subscriptions, 1);
  });

  it('sends a message once to a client with overlapping filters, with all their identifiers', () => {
    const simulated = new SimulatedNode();
    const client = simulated.connected('c');
    client.subscribe('a/+', 0, {}, 5);
    client.subscribe('a/#', 1, {}, 300);
    client.subscribe('a/b', 0);
    simulated.connected('p').publish('a/b', 'x', { qos: 2, packetId: 1 });
    const [publish, ...others] = client.take('publish');
    assert.deepEqual(others, []);
    assert.equal(publish?.qos, 1);
    assert.deepEqual([...(publish?.properties?.subscriptionIdentifiers ?? [])].sort(), [300, 5]);
  });

  it('with No Local keeps a client from its own messages, unless another filter asks for them', () => {
    const simulated = new SimulatedNode();
    const client = simulated.connected('c');
    client.subscribe('a', 1, { noLocal: true }, 1);
    client.publish('a', 'own');
    simulated.connected('p').publish('a', 'other');
    assert.deepEqual(client.takePayloads(), ['other']);
    client.subscribe('+', 0, {}, 2);
    client.publish('a', 'own', { qos: 1, packetId: 1 });
    const [publish] = client.take('publish');
    assert.deepEqual([publish?.qos, publish?.properties?.subscriptionIdentifiers], [0, [2]]);
  });

  it('with No Local keeps from a client what it had retained, and its own will', () => {
    const simulated = new SimulatedNode();
    const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 60 } };
    const will = { topic: 'w', payload: Buffer.from('bye'), qos: 1, retain: true } as const;
    const first = simulated.connected('c', { ...lasting, will });
    first.publish('a', 'own', { retain: true });
    simulated.connected('p').publish('b', 'other', { retain: true });
    first.subscribe('+', 1, { noLocal: true });
    assert.deepEqual(first.takePayloads(), ['other']);
    first.drop();
    const second = simulated.connected('c', lasting);
    assert.deepEqual(second.takePayloads(), []);
    second.send({ type: 'disconnect', reasonCode: 0 });
    const third = simulated.connected('c');
    third.subscribe('+', 1, { noLocal: true });
    assert.deepEqual(third.takePayloads(), ['other'], 'by client identifier, not by session');
    third.subscribe('+', 1);
    assert.deepEqual(third.takePayloads().sort(), ['bye', 'other', 'own']);
  });

  it('with No Local on a shared subscription is a protocol error', () => {
    const client = new SimulatedNode().connected('c');
    const filter = Buffer.from('$share/g/a');
    client.sendBytes(
      Buffer.from([0x82, filter.length + 6, 0, 1, 0, 0, filter.length, ...filter, 4]),
    );
    assert.equal(client.take('disconnect')[0]?.reasonCode, 0x82);
  });

  it('does not let a client see $ topics by a wildcard in the first level', () => {
    const simulated = new SimulatedNode();
    const client = simulated.connected('c');
    for (const filter of ['#', '+/x']) client.subscribe(filter);
    simulated.connected('p').publish('$other/x', 'x');
    assert.deepEqual(client.takePayloads(), []);
  });
});

describe('retained messages', () => {
  function withRetained(): SimulatedNode {
    const simulated = new SimulatedNode();
    const client = simulated.connected('p');
    client.publish('a/1', 'one', { retain: true, qos: 1, packetId: 1 });
    client.publish('a/2', 'old', { retain: true });
    client.publish('a/2', 'two', { retain: true });
    client.publish('a/3', 'three', { retain: true });
    client.publish('a/3', '', { retain: true });
    return simulated;
  }

  it('come with a new subscription, the last of each topic, marked as retained', () => {
    for (const version of [3, 4, 5] as ProtocolVersion[]) {
      const client = withRetained().connected('c', { protocolVersion: version });
      client.subscribe('a/+', 2);
      const got = client.take('publish').map(({ topic, qos, retain, payload }) => {
        return `${topic} ${qos} ${retain} ${Buffer.from(payload)}`;
      });
      assert.deepEqual(got.sort(), ['a/1 1 true one', 'a/2 0 true two']);
    }
  });

  it('come as Retain Handling says', () => {
    for (const [retainHandling, first, second] of [
      [0, 2, 2],
      [1, 2, 0],
      [2, 0, 0],
    ] as const) {
      const client = withRetained().connected('c');
      client.subscribe('a/#', 0, { retainHandling });
      assert.equal(client.takePayloads().length, first);
      client.subscribe('a/#', 0, { retainHandling });
      assert.equal(client.takePayloads().length, second);
    }
  });

  it('do not come with a shared subscription', () => {
    const client = withRetained().connected('c');
    client.subscribe('$share/g/a/#');
    assert.deepEqual(client.takePayloads(), []);
  });

  it('are marked only when they come from the store, or the subscription asks for the mark', () => {
    const simulated = new SimulatedNode();
    const [plain, marked] = [simulated.connected('a'), simulated.connected('b')];
    plain.subscribe('t');
    marked.subscribe('t', 0, { retainAsPublished: true });
    simulated.connected('p').publish('t', 'x', { retain: true });
    assert.deepEqual(
      [plain, marked].map((client) => client.take('publish')[0]?.retain),
      [false, true],
    );
  });

  it('in great numbers go out as fast as the client takes them, newer ones behind them', () => {
    const simulated = new SimulatedNode({ pauseBytes: 2000, maxQueued: 10 });
    const publisher = simulated.connected('p');
    for (let index = 0; index < 500; index++) {
      publisher.publish(`t/${String(index).padStart(4, '0')}`, 'x'.repeat(100), { retain: true });
    }
    const client = simulated.connected('c');
    client.blocked = true;
    client.send({
      type: 'subscribe',
      packetId: 1,
      subscriptions: [
        { filter: 't/#', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 },
      ],
    });
    assert.ok(client.channel.outbox.pendingBytes < 3000);
    publisher.publish('t/0499', 'new');
    for (let round = 0; round < 200; round++) {
      client.unblock();
      client.blocked = round % 2 === 0;
    }
    client.unblock();
    const payloads = client.takePayloads();
    assert.equal(payloads.length, 501);
    assert.equal(payloads.at(-1), 'new');
  });

  it('that wait for acknowledgements do not let QoS 0 messages overtake one another', () => {
    const simulated = new SimulatedNode();
    const publisher = simulated.connected('p');
    for (const topic of ['r/1', 'r/2']) {
      publisher.publish(topic, topic, { qos: 1, packetId: 1, retain: true });
    }
    const client = simulated.connected('c', { properties: { receiveMaximum: 1 } });
    client.subscribe('#', 1);
    publisher.publish('t', 'in between', { qos: 1, packetId: 1 });
    publisher.publish('t', 'A');
    const got: string[] = [];
    for (let round = 0; round < 4; round++) {
      for (const { payload, packetId } of client.take('publish')) {
        got.push(Buffer.from(payload).toString());
        if (packetId !== undefined) client.send({ type: 'puback', packetId, reasonCode: 0 });
        if (got.length === 1) publisher.publish('t', 'B');
      }
    }
    assert.deepEqual(got, ['r/1', 'r/2', 'in between', 'A', 'B']);
  });
});

describe('shared subscriptions', () => {
  it('take turns, with the options of the member that is chosen', () => {
    const simulated = new SimulatedNode();
    const members = [simulated.connected('a'), simulated.connected('b')];
    members[0]!.subscribe('$share/g/t/+', 0, {}, 11);
    members[1]!.subscribe('$share/g/t/+', 1, {}, 12);
    const publisher = simulated.connected('p');
    for (let packetId = 1; packetId <= 4; packetId++) {
      publisher.publish('t/x', `${packetId}`, { qos: 1, packetId });
    }
    const got = members.map((member) =>
      member
        .take('publish')
        .map(({ qos, properties }) => `${qos} ${properties?.subscriptionIdentifiers}`),
    );
    assert.deepEqual(got, [
      ['0 11', '0 11'],
      ['1 12', '1 12'],
    ]);
  });

  it('give what a leaving member did not acknowledge to another one', () => {
    const simulated = new SimulatedNode({ maxInflight: 2 });
    const [leaves, stays] = [simulated.connected('a'), simulated.connected('b')];
    leaves.subscribe('$share/g/t', 1);
    const publisher = simulated.connected('p');
    for (let packetId = 1; packetId <= 5; packetId++) {
      publisher.publish('t', `${packetId}`, { qos: 1, packetId });
    }
    const [first] = leaves.take('publish');
    stays.subscribe('$share/g/t', 1);
    leaves.send({ type: 'puback', packetId: first!.packetId!, reasonCode: 0 });
    leaves.drop();
    const got: string[] = [];
    for (let round = 0; round < 5; round++) {
      for (const { payload, packetId } of stays.take('publish')) {
        got.push(Buffer.from(payload).toString());
        stays.send({ type: 'puback', packetId: packetId!, reasonCode: 0 });
      }
    }
    assert.deepEqual(got, ['2', '3', '4', '5']);
  });

  it('do not give away what a member may have had of QoS 2', () => {
    const simulated = new SimulatedNode();
    const [leaves, stays] = [simulated.connected('a'), simulated.connected('b')];
    leaves.subscribe('$share/g/t', 2);
    simulated.connected('p').publish('t', 'x', { qos: 2, packetId: 1 });
    stays.subscribe('$share/g/t', 2);
    leaves.drop();
    assert.deepEqual(stays.takePayloads(), []);
  });

  it('are ordinary filters by name only: the message comes with the topic it was published to', () => {
    const simulated = new SimulatedNode();
    const client = simulated.connected('c', { protocolVersion: 4 });
    assert.equal(client.subscribe('$share/g/t', 1), 1, reasonName(1));
    simulated.connected('p').publish('t', 'x');
    assert.deepEqual(
      client.take('publish').map(({ topic }) => topic),
      ['t'],
    );
  });
});
