import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode, type Packet, type ProtocolVersion, type Qos } from '../../wire/mod.js';
import { SimulatedNode } from '../testing/simulation.js';

/** `puback`, `pubrel 0x92`, …: what was received, without identifiers. */
function brief(packets: Packet[]): string[] {
  return packets.map((packet) =>
    'reasonCode' in packet && packet.reasonCode !== 0
      ? `${packet.type} 0x${packet.reasonCode.toString(16)}`
      : packet.type,
  );
}

describe('a PUBLISH from a client', () => {
  /** Version, QoS, is there a subscriber, answer. */
  const cases: [ProtocolVersion, Qos, boolean, string[]][] = [
    [4, 0, true, []],
    [4, 1, true, ['puback']],
    [4, 2, true, ['pubrec']],
    [4, 1, false, ['puback']],
    [5, 0, false, []],
    [5, 1, true, ['puback']],
    [5, 2, true, ['pubrec']],
    [5, 1, false, ['puback 0x10']],
    [5, 2, false, ['pubrec 0x10']],
  ];
  for (const [version, qos, subscribed, answer] of cases) {
    const whether = subscribed ? 'with' : 'without';
    it(`of QoS ${qos} in version ${version} ${whether} subscriber is answered by [${answer}]`, () => {
      const simulated = new SimulatedNode();
      const subscriber = simulated.connected('s');
      if (subscribed) subscriber.subscribe('t', 0);
      const client = simulated.connected('p', { protocolVersion: version });
      client.publish('t', 'x', { qos, ...(qos > 0 ? { packetId: 5 } : {}) });
      assert.deepEqual(brief(client.received), answer);
      assert.equal(subscriber.takePayloads().length, subscribed ? 1 : 0);
    });
  }

  it('of QoS 2 is routed once however often it is sent before PUBREL, and again after it', () => {
    const simulated = new SimulatedNode();
    const subscriber = simulated.connected('s');
    subscriber.subscribe('t', 0);
    const client = simulated.connected('p');
    client.publish('t', 'x', { qos: 2, packetId: 9 });
    client.publish('t', 'x', { qos: 2, packetId: 9, dup: true });
    client.send({ type: 'pubrel', packetId: 9, reasonCode: 0 });
    client.send({ type: 'pubrel', packetId: 9, reasonCode: 0 });
    client.publish('t', 'y', { qos: 2, packetId: 9 });
    assert.deepEqual(brief(client.received), [
      'pubrec',
      'pubrec',
      'pubcomp',
      'pubcomp 0x92',
      'pubrec',
    ]);
    assert.deepEqual(subscriber.takePayloads(), ['x', 'y']);
  });

  it('to the topics of the node itself is refused', () => {
    const simulated = new SimulatedNode();
    const subscriber = simulated.connected('s');
    subscriber.subscribe('$SYS/#', 0);
    const client = simulated.connected('p');
    client.publish('$SYS/brokers', 'me', { retain: true });
    client.publish('$SYS', 'me', { qos: 1, packetId: 1 });
    client.publish('$SYSTEM/ok', 'me', { qos: 1, packetId: 2 });
    assert.deepEqual(brief(client.received), ['puback 0x87', 'puback 0x10']);
    assert.deepEqual(subscriber.received, []);
    assert.equal(simulated.node.router.retained.count, 0);
  });

  it('of too many levels is refused', () => {
    const client = new SimulatedNode().connected('p');
    client.publish(`${'a/'.repeat(200)}a`, 'x', { qos: 1, packetId: 1 });
    assert.deepEqual(brief(client.received), ['puback 0x90']);
  });

  it('may name its topic by an alias set before, also set again', () => {
    const simulated = new SimulatedNode();
    const subscriber = simulated.connected('s');
    subscriber.subscribe('#', 0);
    const client = simulated.connected('p');
    const properties = { topicAlias: 3 };
    client.publish('long/topic', '1', { properties });
    client.publish('', '2', { properties: { topicAlias: 3, userProperties: [['k', 'v']] } });
    client.publish('other', '3', { properties });
    client.publish('', '4', { properties });
    const got = subscriber.take('publish');
    assert.deepEqual(
      got.map(({ topic, payload }) => `${topic} ${Buffer.from(payload)}`),
      ['long/topic 1', 'long/topic 2', 'other 3', 'other 4'],
    );
    assert.deepEqual(
      got.map(({ properties: each }) => each),
      [undefined, { userProperties: [['k', 'v']] }, undefined, undefined],
    );
  });

  it('of QoS 2 that was routed before still sets the alias it brings', () => {
    const simulated = new SimulatedNode();
    const subscriber = simulated.connected('s');
    subscriber.subscribe('#', 0);
    const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 60 } };
    const first = simulated.connected('p', lasting);
    first.publish('t', '1', { qos: 2, packetId: 1 });
    first.drop();
    const second = simulated.connected('p', lasting);
    const properties = { topicAlias: 1 };
    second.publish('t', '1', { qos: 2, packetId: 1, dup: true, properties });
    second.publish('', '2', { qos: 2, packetId: 2, properties });
    assert.deepEqual(brief(second.received), ['pubrec', 'pubrec']);
    assert.deepEqual(subscriber.takePayloads(), ['1', '2']);
  });

  for (const [what, alias, code] of [
    ['not set on this connection', 4, 0x82],
    ['above the maximum', 11, 0x94],
  ] as const) {
    it(`by an alias ${what} ends the connection with 0x${code.toString(16)}`, () => {
      const client = new SimulatedNode({ topicAliasMaximum: 10 }).connected('p');
      client.publish('', 'x', { properties: { topicAlias: alias } });
      assert.equal(client.take('disconnect')[0]?.reasonCode, code);
      assert.equal(client.closed, true);
    });
  }

  it('of QoS 2 beyond the receive maximum ends an MQTT 5 connection with 0x93', () => {
    const client = new SimulatedNode({ receiveMaximum: 2 }).connected('p');
    for (let packetId = 1; packetId <= 3; packetId++)
      client.publish('t', 'x', { qos: 2, packetId });
    assert.deepEqual(brief(client.received), ['pubrec 0x10', 'pubrec 0x10', 'disconnect 0x93']);
  });
});

describe('a message to a client', () => {
  it('has the lower of the QoS it was published with and subscribed to', () => {
    for (const published of [0, 1, 2] as const) {
      for (const granted of [0, 1, 2] as const) {
        const simulated = new SimulatedNode();
        const subscriber = simulated.connected('s');
        assert.equal(subscriber.subscribe('t', granted), granted);
        const client = simulated.connected('p');
        client.publish('t', 'x', { qos: published, ...(published > 0 ? { packetId: 1 } : {}) });
        const [publish] = subscriber.take('publish');
        assert.equal(publish?.qos, Math.min(published, granted));
      }
    }
  });

  it('of QoS 2 goes through PUBREC, PUBREL and PUBCOMP, each for the identifier it has', () => {
    const simulated = new SimulatedNode();
    const subscriber = simulated.connected('s');
    subscriber.subscribe('t', 2);
    simulated.connected('p').publish('t', 'x', { qos: 2, packetId: 1 });
    const [publish] = subscriber.take('publish');
    const packetId = publish!.packetId!;
    subscriber.send({ type: 'pubrec', packetId, reasonCode: 0 });
    assert.deepEqual(subscriber.take('pubrel'), [{ type: 'pubrel', packetId, reasonCode: 0 }]);
    const session = simulated.node.sessions.get('s');
    assert.equal(session?.inflight, 1);
    subscriber.send({ type: 'pubcomp', packetId, reasonCode: 0 });
    assert.equal(session?.inflight, 0);
    subscriber.send({ type: 'pubrec', packetId, reasonCode: 0 });
    assert.deepEqual(brief(subscriber.received), ['pubrel 0x92']);
  });

  it('that the client refuses by PUBREC is over', () => {
    const simulated = new SimulatedNode();
    const subscriber = simulated.connected('s');
    subscriber.subscribe('t', 2);
    simulated.connected('p').publish('t', 'x', { qos: 2, packetId: 1 });
    const [publish] = subscriber.take('publish');
    subscriber.send({ type: 'pubrec', packetId: publish!.packetId!, reasonCode: 0x97 });
    assert.deepEqual(subscriber.received, []);
    assert.equal(simulated.node.sessions.get('s')?.inflight, 0);
  });

  it('is not disturbed by acknowledgements nobody waits for', () => {
    const simulated = new SimulatedNode();
    const client = simulated.connected('s');
    for (const type of ['puback', 'pubcomp'] as const) {
      client.send({ type, packetId: 77, reasonCode: 0 });
    }
    assert.deepEqual([client.received, client.closed], [[], false]);
  });

  it('never exceeds what the client takes: receive maximum and packet size', () => {
    const simulated = new SimulatedNode({ maxInflight: 100 });
    const properties = { receiveMaximum: 3, maximumPacketSize: 40 };
    const subscriber = simulated.connected('s', { properties });
    subscriber.subscribe('t', 1);
    const client = simulated.connected('p');
    for (let packetId = 1; packetId <= 10; packetId++) {
      client.publish('t', packetId === 5 ? 'x'.repeat(50) : `${packetId}`, { qos: 1, packetId });
    }
    const got: string[] = [];
    for (;;) {
      const publishes = subscriber.take('publish');
      if (publishes.length === 0) break;
      assert.ok(publishes.length <= 3);
      for (const { payload, packetId } of publishes) {
        got.push(Buffer.from(payload).toString());
        subscriber.send({ type: 'puback', packetId: packetId!, reasonCode: 0 });
      }
    }
    assert.deepEqual(got, ['1', '2', '3', '4', '6', '7', '8', '9', '10']);
    assert.equal(simulated.node.sessions.get('s')?.inflight, 0);
  });

  it('that expired while it waited is dropped, one that did not has the rest of its time', () => {
    const simulated = new SimulatedNode();
    const lasting = { properties: { sessionExpiryInterval: 1000 }, cleanStart: false };
    simulated.connected('s', lasting).subscribe('t', 1);
    simulated.node.sessions.get('s')?.connection?.takenOver(simulated.nowMs);
    const client = simulated.connected('p');
    for (const [packetId, messageExpiryInterval] of [
      [1, 10],
      [2, 60],
    ] as const) {
      const properties = { messageExpiryInterval };
      client.publish('t', `${packetId}`, { qos: 1, packetId, properties });
    }
    simulated.pass(20_000);
    const [publish, ...others] = simulated.connected('s', lasting).take('publish');
    assert.deepEqual(others, []);
    assert.equal(Buffer.from(publish!.payload).toString(), '2');
    assert.equal(publish?.properties?.messageExpiryInterval, 40);
  });
});

it('one chunk cut anywhere means the same', () => {
  const stream = Buffer.concat([
    encode(
      { type: 'connect', protocolVersion: 5, cleanStart: true, keepAliveSeconds: 0, clientId: 'c' },
      5,
    ),
    encode(
      {
        type: 'subscribe',
        packetId: 1,
        subscriptions: [
          { filter: '#', qos: 2, noLocal: false, retainAsPublished: false, retainHandling: 0 },
        ],
      },
      5,
    ),
    ...[0, 1, 2].map((qos) =>
      encode(
        {
          type: 'publish',
          topic: `a/${qos}`,
          payload: Buffer.alloc(200, qos),
          qos: qos as Qos,
          retain: false,
          dup: false,
          ...(qos > 0 ? { packetId: qos } : {}),
        },
        5,
      ),
    ),
    encode({ type: 'pingreq' }, 5),
  ]);
  const whole = new SimulatedNode().client();
  whole.sendBytes(stream);
  const expected = whole.received;
  assert.equal(expected.length, 8);
  for (const size of [1, 2, 3, 7, 50, 199]) {
    const client = new SimulatedNode().client();
    for (let at = 0; at < stream.length; at += size) {
      client.sendBytes(stream.subarray(at, at + size));
    }
    assert.deepEqual(
      new Set(client.received.map(describePacket)),
      new Set(expected.map(describePacket)),
    );
  }
});

function describePacket(packet: Packet): string {
  return JSON.stringify(packet);
}
