import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type ConnackPacket,
  type ConnectPacket,
  encode,
  type ProtocolVersion,
} from '../../wire/mod.js';
import { SimulatedNode } from '../testing/simulation.js';

const VERSIONS: ProtocolVersion[] = [3, 4, 5];

describe('CONNECT', () => {
  it('is accepted in all three versions', () => {
    for (const version of VERSIONS) {
      const client = new SimulatedNode().client(version);
      const connack = client.connect('c1');
      assert.equal(connack?.type, 'connack');
      assert.deepEqual([connack.reasonCode, connack.sessionPresent], [0, false]);
    }
  });

  it('tells an MQTT 5 client the limits of the node', () => {
    const simulated = new SimulatedNode({
      maximumPacketSize: 5000,
      receiveMaximum: 7,
      topicAliasMaximum: 3,
    });
    const connack = simulated.client().connect('') as ConnackPacket;
    assert.deepEqual(connack.properties, {
      maximumPacketSize: 5000,
      receiveMaximum: 7,
      topicAliasMaximum: 3,
      assignedClientIdentifier: 'auto-1',
    });
  });

  it('of a client that takes no packet as large as the answer opens no session', () => {
    const simulated = new SimulatedNode();
    const client = simulated.client();
    const connack = client.connect('c', {
      properties: { maximumPacketSize: 8, sessionExpiryInterval: 60 },
    }) as ConnackPacket;
    assert.equal(connack.reasonCode, 0x95);
    assert.equal(client.closed, true);
    assert.equal(simulated.node.sessions.count, 0);
  });

  it('gives a client without identifier one of its own', () => {
    const simulated = new SimulatedNode();
    const ids = [simulated.client(), simulated.client()].map(
      (client) => (client.connect('') as ConnackPacket).properties?.assignedClientIdentifier,
    );
    assert.equal(new Set(ids).size, 2);
    assert.equal((simulated.client(4).connect('') as ConnackPacket).reasonCode, 0);
    assert.equal(simulated.node.sessions.connected, 3);
  });

  const refusals: [string, ProtocolVersion, string, Partial<ConnectPacket>, number][] = [
    ['no identifier for a session that is to last, 3.1.1', 4, '', { cleanStart: false }, 2],
    ['no identifier, 3.1', 3, '', {}, 2],
    [
      'an authentication method',
      5,
      'c',
      { properties: { authenticationMethod: 'SCRAM-SHA-1' } },
      0x8c,
    ],
    [
      'a will for a topic of the node itself',
      5,
      'c',
      { will: { topic: '$SYS/x', payload: Buffer.alloc(0), qos: 0, retain: false } },
      0x87,
    ],
  ];
  for (const [what, version, clientId, options, code] of refusals) {
    it(`is refused with code ${code}: ${what}`, () => {
      const simulated = new SimulatedNode();
      const client = simulated.client(version);
      const connack = client.connect(clientId, options) as ConnackPacket;
      assert.deepEqual([connack.type, connack.reasonCode], ['connack', code]);
      assert.equal(client.closed, true);
      assert.equal(simulated.node.sessions.count, 0);
    });
  }

  it('of an unknown version is refused in the form of the nearest one', () => {
    for (const [level, answer] of [
      [6, [0x20, 3, 0, 0x84, 0]],
      [2, [0x20, 2, 0, 1]],
    ] as const) {
      const client = new SimulatedNode().client(level > 5 ? 5 : 4);
      const bytes = encode(
        {
          type: 'connect',
          protocolVersion: 4,
          cleanStart: true,
          keepAliveSeconds: 0,
          clientId: 'c',
        },
        4,
      );
      bytes[8] = level;
      client.sendBytes(bytes);
      const [connack] = client.take('connack');
      assert.equal(connack?.reasonCode, answer[3]);
      assert.equal(client.closed, true);
    }
  });

  it('must be the first packet', () => {
    for (const first of [
      encode({ type: 'pingreq' }, 5),
      encode(
        {
          type: 'publish',
          topic: 't',
          payload: Buffer.alloc(3),
          qos: 0,
          retain: false,
          dup: false,
        },
        5,
      ),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    ]) {
      const client = new SimulatedNode().client();
      client.sendBytes(first);
      assert.equal(client.closed, true);
      assert.deepEqual(client.received, []);
    }
  });

  it('may not come twice', () => {
    const client = new SimulatedNode().connected('c');
    client.connect('c');
    assert.equal(client.closed, true);
  });

  it('may be followed by packets in the same chunk, before its answer', () => {
    const simulated = new SimulatedNode();
    const client = simulated.client(4);
    client.sendBytes(
      Buffer.concat([
        encode(
          {
            type: 'connect',
            protocolVersion: 4,
            cleanStart: true,
            keepAliveSeconds: 0,
            clientId: 'c',
          },
          4,
        ),
        encode({ type: 'pingreq' }, 4),
        encode({ type: 'disconnect', reasonCode: 0 }, 4),
      ]),
    );
    assert.deepEqual(
      client.received.map(({ type }) => type),
      ['connack', 'pingresp'],
    );
    assert.equal(client.closed, true);
  });

  it('that does not come is waited for no longer than the connect timeout', () => {
    const simulated = new SimulatedNode({ connectTimeoutMs: 15_000 });
    const silent = simulated.client();
    const slow = simulated.client();
    slow.sendBytes(Buffer.from([0x10, 60, 0, 4]));
    simulated.pass(14_000);
    assert.deepEqual([silent.closed, slow.closed], [false, false]);
    simulated.pass(2000);
    assert.deepEqual([silent.closed, slow.closed], [true, true]);
  });
});

describe('a client identifier that connects again', () => {
  it('takes the session over: the old connection is told 0x8E and closed', async () => {
    const simulated = new SimulatedNode();
    for (const version of VERSIONS) {
      const old = simulated.connected(`c${version}`, { protocolVersion: version });
      const young = simulated.connected(`c${version}`, { protocolVersion: version });
      assert.deepEqual(
        old.received,
        version === 5 ? [{ type: 'disconnect', reasonCode: 0x8e }] : [],
      );
      assert.deepEqual([old.closed, young.closed], [true, false]);
      await Promise.resolve();
      assert.equal(simulated.node.sessions.get(`c${version}`)?.online, true);
    }
    assert.equal(simulated.node.sessions.connected, 3);
  });

  it('gets the session of the old connection if that was to last, and a new one otherwise', () => {
    for (const [expiry, present] of [
      [100, true],
      [0, false],
    ] as const) {
      const simulated = new SimulatedNode();
      const properties = { sessionExpiryInterval: expiry };
      simulated.connected('c', { properties, cleanStart: false });
      const connack = simulated.client().connect('c', { cleanStart: false }) as ConnackPacket;
      assert.equal(connack.sessionPresent, present);
    }
  });
});
