import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConnackPacket, ConnectPacket } from '../../wire/mod.js';
import { namedCounters } from '../routing/mod.js';
import { type SimulatedClient, SimulatedNode } from '../testing/simulation.js';

const LASTING: Partial<ConnectPacket> = {
  cleanStart: false,
  properties: { sessionExpiryInterval: 60 },
};

function publish(to: SimulatedNode, from: number, count: number, qos: 1 | 2 = 1): void {
  const publisher = to.connected(`publisher-${from}`);
  for (let n = from; n < from + count; n++) publisher.publish('t', `${n}`, { qos, packetId: n });
}

function texts(client: SimulatedClient): string[] {
  return client
    .take('publish')
    .map(({ payload, dup }) => `${Buffer.from(payload)}${dup ? ' dup' : ''}`);
}

describe('a session', () => {
  it('resumed sends again what was not acknowledged, in order, then what came meanwhile', () => {
    const simulated = new SimulatedNode();
    const first = simulated.connected('c', LASTING);
    first.subscribe('t', 1);
    publish(simulated, 1, 3);
    const [one, two, three] = first.take('publish');
    first.send({ type: 'puback', packetId: two!.packetId!, reasonCode: 0 });
    first.drop();
    publish(simulated, 4, 2);
    const second = simulated.client();
    const connack = second.connect('c', LASTING) as ConnackPacket;
    assert.equal(connack.sessionPresent, true);
    const again = [...second.received] as { packetId?: number }[];
    assert.deepEqual(texts(second), ['1 dup', '3 dup', '4', '5']);
    assert.equal(again[0]?.packetId, one!.packetId);
    assert.equal(again[1]?.packetId, three!.packetId);
  });

  it('resumed sends PUBREL again for what the client has received', () => {
    const simulated = new SimulatedNode();
    const first = simulated.connected('c', LASTING);
    first.subscribe('t', 2);
    publish(simulated, 1, 2, 2);
    const [one, two] = first.take('publish');
    first.send({ type: 'pubrec', packetId: one!.packetId!, reasonCode: 0 });
    first.drop();
    const second = simulated.connected('c', LASTING);
    assert.deepEqual(
      second.received.map((packet) => [packet.type, 'packetId' in packet && packet.packetId]),
      [
        ['pubrel', one!.packetId],
        ['publish', two!.packetId],
      ],
    );
  });

  it('resumed by a client that takes fewer at a time sends no more than that', () => {
    const simulated = new SimulatedNode();
    const first = simulated.connected('c', LASTING);
    first.subscribe('t', 1);
    publish(simulated, 1, 9);
    first.drop();
    const properties = { sessionExpiryInterval: 60, receiveMaximum: 2 };
    const second = simulated.connected('c', { cleanStart: false, properties });
    const got: string[] = [];
    for (;;) {
      const publishes = second.take('publish');
      if (publishes.length === 0) break;
      assert.ok(publishes.length <= 2);
      for (const { payload, packetId } of publishes) {
        got.push(Buffer.from(payload).toString());
        second.send({ type: 'puback', packetId: packetId!, reasonCode: 0 });
      }
    }
    assert.deepEqual(got, ['1', '2', '3', '4', '5', '6', '7', '8', '9']);
  });

  it('remembers which QoS 2 messages of the client it has routed', () => {
    const simulated = new SimulatedNode();
    const subscriber = simulated.connected('s');
    subscriber.subscribe('t', 0);
    const first = simulated.connected('c', LASTING);
    first.publish('t', 'once', { qos: 2, packetId: 4 });
    first.drop();
    const second = simulated.connected('c', LASTING);
    second.publish('t', 'once', { qos: 2, packetId: 4, dup: true });
    assert.deepEqual(subscriber.takePayloads(), ['once']);
  });

  it('ends with its connection unless the client wants it to last', () => {
    const simulated = new SimulatedNode();
    for (const options of [{}, { protocolVersion: 4 as const }]) {
      const client = simulated.connected('c', options);
      client.subscribe('t', 1);
      client.drop();
      assert.equal(simulated.node.sessions.count, 0);
      assert.equal(simulated.node.router.subscriptions, 0);
    }
  });

  it('expires, and with it everything it holds', () => {
    const simulated = new SimulatedNode();
    const client = simulated.connected('c', LASTING);
    client.subscribe('t', 1);
    client.drop();
    publish(simulated, 1, 3);
    simulated.pass(59_000);
    assert.equal(simulated.node.sessions.get('c')?.queued, 3);
    simulated.pass(2000);
    assert.equal(simulated.node.sessions.get('c'), undefined);
    assert.equal(simulated.node.router.subscriptions, 0);
    assert.equal(namedCounters(simulated.counters)['delivery.dropped.session_end'], 3);
  });

  it('that expired a moment ago is not resumed', () => {
    const simulated = new SimulatedNode();
    simulated.connected('c', LASTING).drop();
    simulated.nowMs += 60_000;
    const connack = simulated.client().connect('c', LASTING) as ConnackPacket;
    assert.equal(connack.sessionPresent, false);
  });

  it('of 3.1.1 without Clean Session lasts as long as the node says', () => {
    const simulated = new SimulatedNode({ sessionExpirySeconds: 100 });
    simulated.connected('c', { protocolVersion: 4, cleanStart: false }).drop();
    simulated.pass(99_000);
    assert.equal(simulated.node.sessions.count, 1);
    simulated.pass(2000);
    assert.equal(simulated.node.sessions.count, 0);
  });

  it('lasts for ever if asked to', () => {
    const simulated = new SimulatedNode();
    const properties = { sessionExpiryInterval: 0xffffffff };
    simulated.connected('c', { properties, cleanStart: false }).drop();
    simulated.nowMs += 1e12;
    simulated.node.tick(simulated.nowMs);
    assert.equal(simulated.node.sessions.count, 1);
  });

  it('can be given another expiry by DISCONNECT, but not one it never had', () => {
    const simulated = new SimulatedNode();
    const client = simulated.connected('c', LASTING);
    client.send({ type: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 0 } });
    assert.equal(simulated.node.sessions.count, 0);
    const other = simulated.connected('d');
    other.send({ type: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 5 } });
    assert.equal(other.take('disconnect')[0]?.reasonCode, 0x82);
    assert.equal(simulated.node.sessions.count, 0);
  });

  it('is thrown away by a clean start', () => {
    const simulated = new SimulatedNode();
    const first = simulated.connected('c', LASTING);
    first.subscribe('t', 1);
    first.drop();
    publish(simulated, 1, 1);
    const connack = simulated.client().connect('c') as ConnackPacket;
    assert.equal(connack.sessionPresent, false);
    assert.equal(simulated.node.router.subscriptions, 0);
  });

  it('that is away keeps no more than it may: the oldest go, and are counted', () => {
    const simulated = new SimulatedNode({ maxQueued: 5, queueQos0: false });
    const client = simulated.connected('c', LASTING);
    client.subscribe('t', 1);
    client.drop();
    publish(simulated, 1, 8);
    simulated.connected('q').publish('t', 'qos 0');
    const counters = namedCounters(simulated.counters);
    assert.equal(counters['delivery.dropped.queue_full'], 3);
    assert.equal(counters['delivery.dropped.offline'], 1);
    assert.equal(counters['delivery.dropped'], 4);
    assert.deepEqual(texts(simulated.connected('c', LASTING)), ['4', '5', '6', '7', '8']);
  });

  it('that is away keeps QoS 0 messages if the node is told to, and no more bytes than it may', () => {
    const simulated = new SimulatedNode({ queueQos0: true, maxQueuedBytes: 3 * 101 });
    const client = simulated.connected('c', LASTING);
    client.subscribe('t', 1);
    client.drop();
    const publisher = simulated.connected('p');
    for (let n = 0; n < 5; n++) publisher.publish('t', `${n}`.repeat(100));
    const payloads = simulated.connected('c', LASTING).takePayloads();
    assert.deepEqual(
      payloads.map((text) => text[0]),
      ['2', '3', '4'],
    );
  });
});
