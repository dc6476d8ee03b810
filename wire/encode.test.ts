import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type ConnectPacket,
  encode,
  MqttError,
  type Packet,
  type ProtocolVersion,
  type PublishPacket,
  type Qos,
  type SubscribePacket,
} from './mod.js';

const nothing = new Uint8Array(0);
const connect: ConnectPacket = {
  type: 'connect',
  protocolVersion: 5,
  cleanStart: true,
  keepAliveSeconds: 60,
  clientId: 'a',
};
const will = { topic: 'w', payload: nothing, qos: 0, retain: false } as const;
const publish: PublishPacket = {
  type: 'publish',
  topic: 'a',
  payload: nothing,
  qos: 0,
  retain: false,
  dup: false,
};
const subscribe: SubscribePacket = {
  type: 'subscribe',
  packetId: 1,
  subscriptions: [
    { filter: 'a', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 },
  ],
};
const long = 'x'.repeat(65_536);

/** Values a caller in JavaScript, or a careless one, might bring. */
function wrong<T>(value: unknown): T {
  return value as T;
}

const impossible: [name: string, version: ProtocolVersion, packet: Packet, clause: string][] = [
  ['a version that is none', 5, { ...connect, protocolVersion: wrong(6) }, '[MQTT-3.1.2-2]'],
  ['a keep alive of 65,536 s', 5, { ...connect, keepAliveSeconds: 65_536 }, 'MQTT 5 §1.5'],
  ['a keep alive of half a second', 5, { ...connect, keepAliveSeconds: 0.5 }, 'MQTT 5 §1.5'],
  [
    'a keep alive that is no number',
    5,
    { ...connect, keepAliveSeconds: Number.NaN },
    'MQTT 5 §1.5',
  ],
  ['a client id with U+0000', 5, { ...connect, clientId: 'a\0' }, '[MQTT-1.5.4-2]'],
  ['a client id with a lone surrogate', 5, { ...connect, clientId: '\ud800' }, '[MQTT-1.5.4-1]'],
  ['a client id of 65,536 bytes', 5, { ...connect, clientId: long }, 'MQTT 5 §1.5.4'],
  [
    'a password of 65,536 bytes',
    5,
    { ...connect, password: new Uint8Array(65_536) },
    'MQTT 5 §1.5.4',
  ],
  [
    'a password without user name before MQTT 5',
    4,
    { ...connect, protocolVersion: 4, password: nothing },
    '[MQTT-3.1.2-22]',
  ],
  ['a will of QoS 3', 5, { ...connect, will: { ...will, qos: wrong(3) } }, '[MQTT-3.1.2-12]'],
  ['a will of QoS 4', 5, { ...connect, will: { ...will, qos: wrong(4) } }, '[MQTT-3.1.2-12]'],
  ['a will without topic', 5, { ...connect, will: { ...will, topic: '' } }, '[MQTT-4.7.3-1]'],
  ['a will for a wildcard', 5, { ...connect, will: { ...will, topic: 'a/#' } }, '[MQTT-4.7.0-1]'],
  ['receive maximum 0', 5, { ...connect, properties: { receiveMaximum: 0 } }, 'MQTT 5 §2.2.2.2'],
  [
    'receive maximum 65,536',
    5,
    { ...connect, properties: { receiveMaximum: 65_536 } },
    'MQTT 5 §1.5',
  ],
  [
    'a session expiry of 2³² s',
    5,
    { ...connect, properties: { sessionExpiryInterval: 2 ** 32 } },
    'MQTT 5 §1.5',
  ],
  [
    'authentication data without method',
    5,
    { ...connect, properties: { authenticationData: nothing } },
    'MQTT 5 §3.1.2.11.10',
  ],
  [
    'a property of another packet',
    5,
    { ...connect, properties: wrong({ topicAlias: 1 }) },
    'MQTT 5 §2.2.2.2',
  ],
  [
    'return code 6',
    4,
    { type: 'connack', sessionPresent: false, reasonCode: 6 },
    'MQTT 3.1.1 §3.2.2.3',
  ],
  [
    'a CONNACK that refuses with a session',
    5,
    { type: 'connack', sessionPresent: true, reasonCode: 0x87 },
    '[MQTT-3.2.2-6]',
  ],
  [
    'a CONNACK with a code of DISCONNECT',
    5,
    { type: 'connack', sessionPresent: false, reasonCode: 0x8e },
    '[MQTT-3.2.2-8]',
  ],
  ['a PUBLISH of QoS 3', 4, { ...publish, qos: wrong<Qos>(3), packetId: 1 }, '[MQTT-3.3.1-4]'],
  ['a PUBLISH of QoS 5', 4, { ...publish, qos: wrong<Qos>(5), packetId: 1 }, '[MQTT-3.3.1-4]'],
  ['a PUBLISH of QoS 0 with DUP', 4, { ...publish, dup: true }, '[MQTT-3.3.1-2]'],
  ['a PUBLISH of QoS 1 without packet id', 4, { ...publish, qos: 1 }, '[MQTT-2.3.1-1]'],
  ['a packet id of 65,536', 4, { ...publish, qos: 1, packetId: 65_536 }, 'MQTT 3.1.1 §1.5'],
  ['a PUBLISH to a wildcard', 5, { ...publish, topic: 'a/+' }, '[MQTT-3.3.2-2]'],
  ['a PUBLISH to nothing', 4, { ...publish, topic: '' }, '[MQTT-4.7.3-1]'],
  ['a PUBLISH to nothing without alias', 5, { ...publish, topic: '' }, 'MQTT 5 §3.3.2.1'],
  ['topic alias 0', 5, { ...publish, properties: { topicAlias: 0 } }, '[MQTT-3.3.2-8]'],
  [
    'a response to a wildcard',
    5,
    { ...publish, properties: { responseTopic: '#' } },
    '[MQTT-3.3.2-14]',
  ],
  [
    'subscription identifier 0',
    5,
    { ...publish, properties: { subscriptionIdentifiers: [0] } },
    'MQTT 5 §2.2.2.2',
  ],
  [
    'subscription identifier 268,435,456',
    5,
    { ...publish, properties: { subscriptionIdentifiers: [268_435_456] } },
    'MQTT 5 §1.5',
  ],
  [
    'a user property of 65,536 bytes',
    5,
    { ...publish, properties: { userProperties: [['k', long]] } },
    'MQTT 5 §1.5.4',
  ],
  [
    'a PUBACK with packet id 0',
    4,
    { type: 'puback', packetId: 0, reasonCode: 0 },
    '[MQTT-2.3.1-6]',
  ],
  [
    'a PUBREL with a code of PUBACK',
    5,
    { type: 'pubrel', packetId: 1, reasonCode: 0x97 },
    '[MQTT-3.6.2-1]',
  ],
  ['a SUBSCRIBE without filters', 4, { ...subscribe, subscriptions: [] }, '[MQTT-3.8.3-3]'],
  ['a SUBSCRIBE with packet id 0', 5, { ...subscribe, packetId: 0 }, '[MQTT-2.2.1-3]'],
  [
    'a subscription of QoS 3',
    5,
    { ...subscribe, subscriptions: [{ ...subscribe.subscriptions[0]!, qos: wrong<Qos>(3) }] },
    'MQTT 5 §3.8.3.1',
  ],
  [
    'retain handling 3',
    5,
    { ...subscribe, subscriptions: [{ ...subscribe.subscriptions[0]!, retainHandling: wrong(3) }] },
    'MQTT 5 §3.8.3.1',
  ],
  [
    'no local on a shared subscription',
    5,
    {
      ...subscribe,
      subscriptions: [{ ...subscribe.subscriptions[0]!, filter: '$share/g/a', noLocal: true }],
    },
    '[MQTT-3.8.3-4]',
  ],
  [
    'two subscription identifiers in SUBSCRIBE',
    5,
    { ...subscribe, properties: { subscriptionIdentifiers: [1, 2] } },
    'MQTT 5 §2.2.2.2',
  ],
  ['a SUBACK without codes', 4, { type: 'suback', packetId: 1, reasonCodes: [] }, '[MQTT-3.8.4-5]'],
  ['a SUBACK with code 3', 4, { type: 'suback', packetId: 1, reasonCodes: [3] }, '[MQTT-3.9.3-2]'],
  ['a SUBACK with code 3', 5, { type: 'suback', packetId: 1, reasonCodes: [3] }, '[MQTT-3.9.3-2]'],
  [
    'an UNSUBSCRIBE without filters',
    5,
    { type: 'unsubscribe', packetId: 1, filters: [] },
    '[MQTT-3.10.3-2]',
  ],
  [
    'an UNSUBACK without codes',
    5,
    { type: 'unsuback', packetId: 1, reasonCodes: [] },
    '[MQTT-3.11.3-2]',
  ],
  ['a DISCONNECT with code 5', 5, { type: 'disconnect', reasonCode: 5 }, '[MQTT-3.14.2-1]'],
  ['an AUTH before MQTT 5', 4, { type: 'auth', reasonCode: 0 }, 'MQTT 3.1.1 §2.2.1'],
  [
    'an AUTH that goes on without method',
    5,
    { type: 'auth', reasonCode: 0x18 },
    'MQTT 5 §3.15.2.2.2',
  ],
  [
    'an AUTH with properties but no method',
    5,
    { type: 'auth', reasonCode: 0, properties: { reasonString: 'e' } },
    'MQTT 5 §3.15.2.2.2',
  ],
];

describe('encode refuses', () => {
  for (const [name, version, packet, clause] of impossible) {
    it(`${name} (${version}), ${clause}`, () => {
      assert.throws(() => encode(packet, version), { name: 'MqttError', clause });
    });
  }

  it('a payload that no remaining length can tell', () => {
    // Zeroed memory is only reserved by the system until it is touched.
    const payload = Buffer.alloc(268_435_456);
    assert.throws(() => encode({ ...publish, payload }, 4), {
      name: 'MqttError',
      code: 'PACKET_TOO_LARGE',
    });
  });

  it('and goes on well with the next packet', () => {
    assert.throws(() => encode({ ...publish, topic: '#' }, 4), MqttError);
    assert.deepEqual(encode({ type: 'pingreq' }, 4), Uint8Array.of(0xc0, 0));
  });
});

describe('encode writes', () => {
  it('empty property lists as none', () => {
    const plain = encode(publish, 5);
    assert.deepEqual(encode({ ...publish, properties: {} }, 5), plain);
    const empty = { userProperties: [], subscriptionIdentifiers: [] };
    assert.deepEqual(encode({ ...publish, properties: empty }, 5), plain);
  });

  it('strings and binary data of up to 65,535 bytes', () => {
    const clientId = 'x'.repeat(65_535);
    const password = new Uint8Array(65_535);
    const bytes = encode({ ...connect, clientId, password }, 5);
    assert.equal(bytes.length, 1 + 3 + 11 + 2 + 65_535 + 2 + 65_535);
  });

  it('a large packet, and gives its scratch memory back', () => {
    const payload = new Uint8Array(3_000_000).fill(7);
    const bytes = encode({ ...publish, payload }, 4);
    assert.equal(bytes.length, 1 + 4 + 3 + payload.length);
    assert.deepEqual(bytes.subarray(0, 8), Uint8Array.of(0x30, 0xc3, 0x8d, 0xb7, 0x01, 0, 1, 0x61));
    assert.equal(bytes.buffer.byteLength, bytes.length);
  });
});
