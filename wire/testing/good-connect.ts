import { hex } from './hex.js';
import { type GoodEntry, good, readOnly } from './table.js';

const base = { type: 'connect', cleanStart: true, keepAliveSeconds: 60, clientId: 'a' } as const;

/** CONNECT in all versions and CONNACK. */
export const GOOD_CONNECT: readonly GoodEntry[] = [
  good(
    'CONNECT with client id only',
    4,
    'MQTT 3.1.1 §3.1',
    '10 0d 0004 "MQTT" 04 02 003c 0001 "a"',
    { ...base, protocolVersion: 4 },
  ),
  good(
    'CONNECT of MQTT 3.1, under its old name',
    3,
    'MQTT 3.1 §3.1',
    '10 0f 0006 "MQIsdp" 03 02 003c 0001 "a"',
    { ...base, protocolVersion: 3 },
  ),
  readOnly(
    'CONNECT whose remaining length is longer than it need be, which 3.1.1 does not forbid',
    4,
    'MQTT 3.1.1 §2.2.3',
    '10 8d00 0004 "MQTT" 04 02 003c 0001 "a"',
    { ...base, protocolVersion: 4 },
  ),
  good('CONNECT of MQTT 5', 5, 'MQTT 5 §3.1', '10 0e 0004 "MQTT" 05 02 003c 00 0001 "a"', {
    ...base,
    protocolVersion: 5,
  }),
  good(
    'CONNECT with an empty client id',
    4,
    '[MQTT-3.1.3-6]',
    '10 0c 0004 "MQTT" 04 02 003c 0000',
    { ...base, protocolVersion: 4, clientId: '' },
  ),
  good(
    'CONNECT with an empty client id and a session to keep, which is for the broker to refuse',
    4,
    '[MQTT-3.1.3-8]',
    '10 0c 0004 "MQTT" 04 00 003c 0000',
    { ...base, protocolVersion: 4, clientId: '', cleanStart: false },
  ),
  good(
    'CONNECT with will, user name and password',
    4,
    '[MQTT-3.1.3-1]',
    '10 1f 0004 "MQTT" 04 f6 ffff 0003 "dev" 0003 "w/t" 0002 "by" 0001 "u" 0002 "pw"',
    {
      type: 'connect',
      protocolVersion: 4,
      cleanStart: true,
      keepAliveSeconds: 65_535,
      clientId: 'dev',
      will: { topic: 'w/t', payload: hex('"by"'), qos: 2, retain: true },
      username: 'u',
      password: hex('"pw"'),
    },
  ),
  good(
    'CONNECT with a will of no bytes and an empty user name',
    4,
    'MQTT 3.1.1 §3.1.3.3',
    '10 14 0004 "MQTT" 04 84 003c 0001 "a" 0001 "w" 0000 0000',
    {
      ...base,
      protocolVersion: 4,
      cleanStart: false,
      will: { topic: 'w', payload: hex(''), qos: 0, retain: false },
      username: '',
    },
  ),
  good(
    'CONNECT of MQTT 3.1 with will, user name and password',
    3,
    'MQTT 3.1 §3.1',
    '10 1b 0006 "MQIsdp" 03 cc 003c 0001 "a" 0001 "w" 0001 "!" 0001 "u" 0001 "p"',
    {
      ...base,
      protocolVersion: 3,
      cleanStart: false,
      will: { topic: 'w', payload: hex('"!"'), qos: 1, retain: false },
      username: 'u',
      password: hex('"p"'),
    },
  ),
  readOnly(
    'CONNECT of MQTT 3.1 whose flagged user name is missing',
    3,
    'MQTT 3.1 §3.1',
    '10 0f 0006 "MQIsdp" 03 82 003c 0001 "a"',
    { ...base, protocolVersion: 3 },
  ),
  readOnly(
    'CONNECT of MQTT 3.1 whose unused flags are set',
    3,
    'MQTT 3.1 §3.1',
    '10 0f 0006 "MQIsdp" 03 3b 003c 0001 "a"',
    { ...base, protocolVersion: 3 },
  ),
  good(
    'CONNECT with every property',
    5,
    'MQTT 5 §3.1.2.11',
    `10 3d 0004 "MQTT" 05 02 003c
      2f 11 0000000a 15 0005 "SCRAM" 16 0002 0102 17 00 19 01 21 0014 22 000a
      26 0001 "k" 0001 "v" 26 0001 "k" 0001 "w" 27 00010000
      0001 "a"`,
    {
      ...base,
      protocolVersion: 5,
      properties: {
        sessionExpiryInterval: 10,
        authenticationMethod: 'SCRAM',
        authenticationData: hex('0102'),
        requestProblemInformation: false,
        requestResponseInformation: true,
        receiveMaximum: 20,
        topicAliasMaximum: 10,
        userProperties: [
          ['k', 'v'],
          ['k', 'w'],
        ],
        maximumPacketSize: 65_536,
      },
    },
  ),
  good(
    'CONNECT with a will of every property',
    5,
    'MQTT 5 §3.1.3.2',
    `10 38 0004 "MQTT" 05 0e 003c 00 0001 "a"
      23 01 01 02 0000003c 03 0004 "text" 08 0001 "r" 09 0002 cafe 18 00000005 26 0001 "k" 0001 "v"
      0001 "w" 0001 "!"`,
    {
      ...base,
      protocolVersion: 5,
      will: {
        topic: 'w',
        payload: hex('"!"'),
        qos: 1,
        retain: false,
        properties: {
          payloadFormatIndicator: 1,
          messageExpiryInterval: 60,
          contentType: 'text',
          responseTopic: 'r',
          correlationData: hex('cafe'),
          willDelayInterval: 5,
          userProperties: [['k', 'v']],
        },
      },
    },
  ),
  good(
    'CONNECT with a password and no user name',
    5,
    'MQTT 5 §3.1.2.9',
    '10 12 0004 "MQTT" 05 42 003c 00 0001 "a" 0002 "pw"',
    { ...base, protocolVersion: 5, password: hex('"pw"') },
  ),
  good(
    'client id of two-, three- and four-byte characters',
    5,
    '[MQTT-1.5.4-1]',
    '10 16 0004 "MQTT" 05 02 003c 00 0009 c3a9 e282ac f09f9880',
    { ...base, protocolVersion: 5, clientId: 'é€😀' },
  ),
  good(
    'a byte order mark stays in its string',
    5,
    '[MQTT-1.5.4-3]',
    '10 11 0004 "MQTT" 05 02 003c 00 0004 efbbbf "a"',
    { ...base, protocolVersion: 5, clientId: '\ufeffa' },
  ),
  good('CONNACK that accepts', 4, 'MQTT 3.1.1 §3.2', '20 02 00 00', {
    type: 'connack',
    sessionPresent: false,
    reasonCode: 0,
  }),
  good('CONNACK with session present', 4, '[MQTT-3.2.2-2]', '20 02 01 00', {
    type: 'connack',
    sessionPresent: true,
    reasonCode: 0,
  }),
  good('CONNACK that refuses', 4, 'MQTT 3.1.1 §3.2.2.3', '20 02 00 05', {
    type: 'connack',
    sessionPresent: false,
    reasonCode: 5,
  }),
  good('CONNACK of MQTT 3.1', 3, 'MQTT 3.1 §3.2', '20 02 00 02', {
    type: 'connack',
    sessionPresent: false,
    reasonCode: 2,
  }),
  readOnly('CONNACK of MQTT 3.1, whose first byte is reserved', 3, 'MQTT 3.1 §3.2', '20 02 01 00', {
    type: 'connack',
    sessionPresent: false,
    reasonCode: 0,
  }),
  good('CONNACK of MQTT 5', 5, 'MQTT 5 §3.2', '20 03 01 00 00', {
    type: 'connack',
    sessionPresent: true,
    reasonCode: 0,
  }),
  good('CONNACK of MQTT 5 that refuses', 5, '[MQTT-3.2.2-8]', '20 03 00 9f 00', {
    type: 'connack',
    sessionPresent: false,
    reasonCode: 0x9f,
  }),
  good(
    'CONNACK with every property',
    5,
    'MQTT 5 §3.2.2.3',
    `20 41 00 00
      3e 11 00000e10 12 0002 "id" 13 001e 15 0001 "M" 16 0001 ff 1a 0001 "i" 1c 0001 "s" 1f 0002 "ok"
      21 0064 22 0005 24 01 25 00 26 0001 "k" 0001 "v" 27 00001000 28 00 29 00 2a 01`,
    {
      type: 'connack',
      sessionPresent: false,
      reasonCode: 0,
      properties: {
        sessionExpiryInterval: 3600,
        assignedClientIdentifier: 'id',
        serverKeepAlive: 30,
        authenticationMethod: 'M',
        authenticationData: hex('ff'),
        responseInformation: 'i',
        serverReference: 's',
        reasonString: 'ok',
        receiveMaximum: 100,
        topicAliasMaximum: 5,
        maximumQos: 1,
        retainAvailable: false,
        userProperties: [['k', 'v']],
        maximumPacketSize: 4096,
        wildcardSubscriptionAvailable: false,
        subscriptionIdentifierAvailable: false,
        sharedSubscriptionAvailable: true,
      },
    },
  ),
];
