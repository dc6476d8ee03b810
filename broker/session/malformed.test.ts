import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encode, type ProtocolVersion } from '../../wire/mod.js';
import { SimulatedNode } from '../testing/simulation.js';

describe('a client that breaks the protocol', () => {
  const cases: [string, number[], number][] = [
    ['a reserved packet type', [0x00, 0], 0x81],
    ['QoS 3', [0x36, 5, 0, 1, 0x61, 0, 0], 0x81],
    ['wrong flags', [0x80, 6, 0, 1, 0, 0, 1, 0x61, 0], 0x81],
    ['a remaining length without end', [0x30, 0xff, 0xff, 0xff, 0xff, 0x01], 0x81],
    ['a packet above the maximum', [0x30, 0x80, 0x80, 0x80, 0x01], 0x95],
    ['a topic with a wildcard', [0x30, 5, 0, 2, 0x61, 0x23, 0], 0x90],
    ['invalid UTF-8', [0x30, 5, 0, 2, 0xc3, 0x28, 0], 0x81],
    ['packet identifier 0', [0x32, 6, 0, 1, 0x61, 0, 0, 0], 0x81],
    ['a CONNACK', [0x20, 3, 0, 0, 0], 0x82],
    ['an AUTH out of the blue', [0xf0, 0], 0x82],
    ['a subscription identifier in PUBLISH', [0x30, 6, 0, 1, 0x61, 2, 0x0b, 1], 0x82],
  ];
  for (const [what, bytes, code] of cases) {
    it(`is told 0x${code.toString(16)} and closed in MQTT 5, and closed before: ${what}`, () => {
      for (const version of [5, 4] as ProtocolVersion[]) {
        const simulated = new SimulatedNode();
        const bystander = simulated.connected('b');
        bystander.subscribe('#', 1);
        const client = simulated.connected('c', { protocolVersion: version });
        client.sendBytes(Buffer.from(bytes));
        if (version === 4 && !client.closed) {
          // Some of these bytes say something else in 3.1.1.
          continue;
        }
        assert.equal(client.closed, true);
        const [disconnect] = client.take('disconnect');
        assert.equal(disconnect?.reasonCode, version === 5 ? code : undefined);
        if (version === 5) assert.ok((disconnect?.properties?.reasonString ?? '').length > 5);
        assert.deepEqual(client.received, []);
        assert.equal(simulated.node.sessions.connected, 1);
        simulated.connected('p').publish('t', 'still here');
        assert.deepEqual(bystander.takePayloads(), ['still here']);
      }
    });
  }

  it('is not told the reason in more bytes than it takes', () => {
    const simulated = new SimulatedNode();
    const client = simulated.connected('c', { properties: { maximumPacketSize: 20 } });
    client.sendBytes(Buffer.from([0x30, 5, 0, 2, 0xc3, 0x28, 0]));
    assert.deepEqual(client.received, [{ type: 'disconnect', reasonCode: 0x81 }]);
  });

  it('by any bytes harms nobody but itself', () => {
    const valid = [
      encode(
        {
          type: 'publish',
          topic: 'a/b',
          payload: Buffer.from('x'),
          qos: 1,
          packetId: 4,
          retain: true,
          dup: false,
          properties: { topicAlias: 2, contentType: 'c', userProperties: [['a', 'b']] },
        },
        5,
      ),
      encode(
        {
          type: 'subscribe',
          packetId: 3,
          subscriptions: [
            { filter: '+/b', qos: 2, noLocal: false, retainAsPublished: true, retainHandling: 1 },
          ],
          properties: { subscriptionIdentifiers: [4] },
        },
        5,
      ),
      encode({ type: 'unsubscribe', packetId: 6, filters: ['+/b'] }, 5),
      encode({ type: 'pubrel', packetId: 9, reasonCode: 0x92 }, 5),
      encode({ type: 'disconnect', reasonCode: 4, properties: { reasonString: 'x' } }, 5),
      encode(
        {
          type: 'connect',
          protocolVersion: 5,
          cleanStart: false,
          keepAliveSeconds: 3,
          clientId: 'c',
          will: { topic: 'w', payload: Buffer.alloc(2), qos: 1, retain: false },
          properties: { sessionExpiryInterval: 5, receiveMaximum: 2 },
        },
        5,
      ),
    ];
    const mutation = fc.record({
      packet: fc.nat(valid.length - 1),
      changes: fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 3 }),
      cut: fc.nat(80),
    });
    fc.assert(
      fc.property(
        fc.array(mutation, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        (mutations, isConnected) => {
          const simulated = new SimulatedNode();
          const bystander = simulated.connected('bystander');
          bystander.subscribe('quiet', 0);
          const client = isConnected ? simulated.connected('c') : simulated.client();
          for (const { packet, changes, cut } of mutations) {
            const bytes = Buffer.from(valid[packet]!);
            for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
            client.sendBytes(cut < bytes.length && cut > 60 ? bytes.subarray(0, cut) : bytes);
          }
          client.drop();
          simulated.pass(10_000);
          simulated.connected('p').publish('quiet', 'ok');
          assert.equal(bystander.takePayloads().at(-1), 'ok');
          assert.equal(bystander.closed, false);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
