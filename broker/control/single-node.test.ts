import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ReasonCode } from '../../wire/mod.js';
import { SimulatedNode } from '../testing/simulation.js';
import { controlled } from './testing/controlled.js';

const KEPT = { cleanStart: false, properties: { sessionExpiryInterval: 60 } };

it('a client is known by what its CONNECT said and what has happened since', () => {
  const simulated = new SimulatedNode();
  const control = controlled(simulated);
  const atStartMs = simulated.nowMs;
  const client = simulated.connected('c', { ...KEPT, username: 'u', keepAliveSeconds: 30 });
  client.subscribe('t', 1);
  client.publish('t', 'to myself', { qos: 2, packetId: 7 });
  client.take('publish');
  simulated.pass(1000);
  client.drop();
  const publisher = simulated.connected('p', { protocolVersion: 4 });
  publisher.publish('t', 'kept', { qos: 1, packetId: 1 });
  publisher.publish('t', 'not kept');
  assert.deepEqual(control.client('c'), {
    clientId: 'c',
    username: 'u',
    peer: '192.0.2.1:1883',
    protocol: 5,
    cleanStart: false,
    keepAliveSeconds: 30,
    sessionExpirySeconds: 60,
    subscriptions: 1,
    inflight: 1,
    awaitingRelease: 1,
    delivered: 1,
    queued: 1,
    dropped: 1,
    connected: false,
    createdAtMs: 5000 + atStartMs,
    connectedAtMs: 5000 + atStartMs,
    disconnectedAtMs: 6000 + atStartMs,
  });
  assert.equal(control.client('p')?.protocol, 4);
  assert.deepEqual(
    [...control.clients()].map(({ clientId }) => clientId),
    ['c', 'p'],
  );
  assert.equal(control.client('nobody'), undefined);

  const again = simulated.connected('c', KEPT);
  assert.equal(again.takePayloads().length, 2, 'what was in flight, and what was queued');
  const info = control.client('c');
  assert.equal(info?.createdAtMs, 5000 + atStartMs);
  assert.equal(info?.connectedAtMs, 6000 + atStartMs);
  assert.equal(info?.disconnectedAtMs, undefined);
  assert.equal(info?.username, undefined);
  assert.equal(info?.delivered, 3);
});

it('a client that is kicked is told so, its session ends, its will is published', () => {
  const simulated = new SimulatedNode();
  const control = controlled(simulated);
  const witness = simulated.connected('w');
  witness.subscribe('will/#');
  const will = (topic: string) => ({
    topic,
    payload: Buffer.from(topic),
    qos: 0 as const,
    retain: false,
  });
  const online = simulated.connected('on', { ...KEPT, will: will('will/on') });
  const old = simulated.connected('old', { protocolVersion: 4, will: will('will/old') });
  simulated
    .connected('off', {
      ...KEPT,
      will: { ...will('will/off'), properties: { willDelayInterval: 30 } },
    })
    .drop();
  for (const clientId of ['on', 'old', 'off']) {
    assert.equal(control.kick(clientId), true);
    assert.equal(control.client(clientId), undefined);
    assert.equal(control.kick(clientId), false);
  }
  simulated.settle();
  assert.deepEqual(
    online.take('disconnect').map(({ reasonCode }) => reasonCode),
    [ReasonCode.ADMINISTRATIVE_ACTION],
  );
  assert.deepEqual(old.received, [], 'before MQTT 5 there is no way to say so');
  assert.deepEqual([online.closed, old.closed], [true, true]);
  assert.deepEqual(witness.takePayloads(), ['will/on', 'will/old', 'will/off']);
  assert.equal(simulated.node.sessions.connected, 1);
});

it('subscriptions are remembered as the client made them', () => {
  const simulated = new SimulatedNode();
  const control = controlled(simulated);
  const a = simulated.connected('a');
  a.subscribe('x/+', 2, { noLocal: true, retainHandling: 2 });
  a.subscribe('$share/g/y', 1, { retainAsPublished: true, retainHandling: 1 });
  const b = simulated.connected('b');
  b.subscribe('y');
  b.subscribe('$share/only/z/#');
  const ofA = [
    {
      clientId: 'a',
      filter: 'x/+',
      qos: 2,
      noLocal: true,
      retainHandling: 2,
      retainAsPublished: false,
    },
    {
      clientId: 'a',
      filter: '$share/g/y',
      qos: 1,
      noLocal: false,
      retainHandling: 1,
      retainAsPublished: true,
    },
  ];
  assert.deepEqual([...control.subscriptions('a')], ofA);
  assert.equal([...control.subscriptions()].length, 4);
  assert.deepEqual([...control.subscriptions('nobody')], []);
  assert.deepEqual(
    [...control.routes()].map(({ filter, node }) => `${filter} ${node}`).sort(),
    ['$share/g/y', '$share/only/z/#', 'x/+', 'y'].map((filter) => `${filter} n1@127.0.0.1`),
  );
});

it('a subscription added by hand gets retained and new messages until it is taken away', () => {
  const simulated = new SimulatedNode();
  const control = controlled(simulated);
  const client = simulated.connected('c');
  const publisher = simulated.connected('p');
  publisher.publish('a/b', 'retained', { retain: true });
  assert.equal(control.subscribe('c', 'a/#', 1), true);
  publisher.publish('a/c', 'new');
  simulated.settle();
  assert.deepEqual(client.takePayloads(), ['retained', 'new']);
  assert.equal(control.subscribe('c', 'a/#/b', 1), false);
  assert.equal(control.subscribe('c', Array(200).fill('x').join('/'), 1), false, 'too deep');
  assert.equal(control.subscribe('nobody', 'a', 1), undefined);
  assert.equal(control.unsubscribe('c', 'a/#'), true);
  assert.equal(control.unsubscribe('c', 'a/#'), false);
  assert.equal(control.unsubscribe('nobody', 'a'), undefined);
  publisher.publish('a/c', 'newer');
  assert.deepEqual(client.takePayloads(), []);
  assert.deepEqual([...control.routes()], []);
});

it('retained messages are removed by filter or all at once', async () => {
  const simulated = new SimulatedNode();
  const { retained } = controlled(simulated);
  const publisher = simulated.connected('p');
  for (const topic of ['a/b', 'a/b/c', 'd', '/']) publisher.publish(topic, 'm', { retain: true });
  assert.deepEqual([...retained.topics()].sort(), ['/', 'a/b', 'a/b/c', 'd']);
  assert.equal(await retained.clean('a/#'), 2);
  assert.equal(await retained.clean('nothing/here'), 0);
  assert.deepEqual([...retained.topics()].sort(), ['/', 'd']);
  assert.equal(await retained.clean(), 2);
  assert.equal(retained.count(), 0);
});

it('counts keep their highest value', () => {
  const simulated = new SimulatedNode();
  const control = controlled(simulated);
  const kept = simulated.connected('kept', KEPT);
  kept.subscribe('a');
  kept.subscribe('$share/g/a');
  const brief = simulated.connected('brief');
  control.stats();
  brief.drop();
  kept.drop();
  const { gauges } = control.stats();
  const counts = Object.entries(gauges).filter(([name]) => /\.(count|max)$/.test(name));
  assert.deepEqual(Object.fromEntries(counts), {
    'channels.count': 1,
    'channels.max': 2,
    'connections.count': 1,
    'connections.max': 2,
    'delayed.count': 0,
    'delayed.max': 0,
    'live_connections.count': 0,
    'live_connections.max': 2,
    'retained.count': 0,
    'retained.max': 0,
    'sessions.count': 1,
    'sessions.max': 2,
    'suboptions.count': 2,
    'suboptions.max': 2,
    'subscribers.count': 1,
    'subscribers.max': 1,
    'subscriptions.count': 2,
    'subscriptions.max': 2,
    'subscriptions.shared.count': 1,
    'subscriptions.shared.max': 1,
    'topics.count': 1,
    'topics.max': 1,
  });
});

it('packets are counted by type, and the types add up', () => {
  const simulated = new SimulatedNode();
  const control = controlled(simulated);
  const client = simulated.connected('c');
  client.subscribe('t', 2);
  client.publish('t', 'x', { qos: 2, packetId: 1 });
  client.send({ type: 'pubrel', packetId: 1, reasonCode: 0 });
  client.send({ type: 'pubrec', packetId: 1, reasonCode: 0 });
  client.send({ type: 'pubcomp', packetId: 1, reasonCode: 0 });
  client.send({ type: 'pingreq' });
  client.send({ type: 'unsubscribe', packetId: 2, filters: ['t'] });
  client.send({ type: 'disconnect', reasonCode: 0 });
  const { counters } = control.stats();
  const counted = (direction: string): Record<string, number> =>
    Object.fromEntries(
      Object.entries(counters)
        .filter(([name, count]) => name.endsWith(`.${direction}`) && count > 0)
        .filter(([name]) => /^packets\.\w+\.\w+$/.test(name))
        .map(([name, count]) => [name.split('.')[1], count]),
    );
  const received = counted('received');
  assert.deepEqual(received, {
    connect: 1,
    publish: 1,
    pubrec: 1,
    pubrel: 1,
    pubcomp: 1,
    subscribe: 1,
    unsubscribe: 1,
    pingreq: 1,
    disconnect: 1,
  });
  assert.equal(counters['packets.received'], 9);
  const sent = counted('sent');
  assert.deepEqual(sent, {
    connack: 1,
    publish: 1,
    pubrec: 1,
    pubrel: 1,
    pubcomp: 1,
    suback: 1,
    unsuback: 1,
    pingresp: 1,
  });
  assert.equal(counters['packets.sent'], 8);
});
