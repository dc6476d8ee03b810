import type { Subscription } from '../mod.js';
import { type GoodEntry, good, readOnly } from './table.js';

function asks(filter: string, qos: 0 | 1 | 2, options: Partial<Subscription> = {}): Subscription {
  const off = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  return { filter, qos, ...off, ...options };
}

const user = { userProperties: [['k', 'v']] as [string, string][] };
const ackProperties = { reasonString: 'e', ...user };
const ACK_PROPERTIES = '0b 1f 0001 "e" 26 0001 "k" 0001 "v"';

/** SUBSCRIBE to AUTH. */
export const GOOD_SUBSCRIBE: readonly GoodEntry[] = [
  good('SUBSCRIBE', 4, 'MQTT 3.1.1 §3.8', '82 08 0001 0003 "a/b" 01', {
    type: 'subscribe',
    packetId: 1,
    subscriptions: [asks('a/b', 1)],
  }),
  good('SUBSCRIBE with wildcards', 4, 'MQTT 3.1.1 §4.7.1', '82 0c 0001 0001 "#" 00 0003 "+/b" 02', {
    type: 'subscribe',
    packetId: 1,
    subscriptions: [asks('#', 0), asks('+/b', 2)],
  }),
  good(
    'SUBSCRIBE to $share before MQTT 5, where it is a name like any other',
    4,
    'MQTT 3.1.1 §4.7.2',
    '82 0d 0001 0008 "$share/g" 00',
    { type: 'subscribe', packetId: 1, subscriptions: [asks('$share/g', 0)] },
  ),
  good('SUBSCRIBE of MQTT 3.1', 3, 'MQTT 3.1 §3.8', '82 08 0001 0003 "a/b" 01', {
    type: 'subscribe',
    packetId: 1,
    subscriptions: [asks('a/b', 1)],
  }),
  readOnly('SUBSCRIBE of MQTT 3.1, sent again', 3, 'MQTT 3.1 §3.8', '8a 08 0001 0003 "a/b" 01', {
    type: 'subscribe',
    packetId: 1,
    subscriptions: [asks('a/b', 1)],
  }),
  good('SUBSCRIBE with every option', 5, 'MQTT 5 §3.8.3.1', '82 09 0001 00 0003 "a/b" 2e', {
    type: 'subscribe',
    packetId: 1,
    subscriptions: [asks('a/b', 2, { noLocal: true, retainAsPublished: true, retainHandling: 2 })],
  }),
  good(
    'SUBSCRIBE with every property',
    5,
    'MQTT 5 §3.8.2.1',
    '82 15 0001 0c 0b ffffff7f 26 0001 "k" 0001 "v" 0003 "a/b" 10',
    {
      type: 'subscribe',
      packetId: 1,
      subscriptions: [asks('a/b', 0, { retainHandling: 1 })],
      properties: { subscriptionIdentifiers: [268_435_455], ...user },
    },
  ),
  good(
    'SUBSCRIBE to a shared subscription',
    5,
    '[MQTT-4.8.2-2]',
    '82 12 0001 00 000c "$share/g/a/#" 01',
    { type: 'subscribe', packetId: 1, subscriptions: [asks('$share/g/a/#', 1)] },
  ),
  good('SUBACK', 4, 'MQTT 3.1.1 §3.9.3', '90 06 ffff 00 01 02 80', {
    type: 'suback',
    packetId: 65_535,
    reasonCodes: [0, 1, 2, 0x80],
  }),
  readOnly(
    'SUBACK whose remaining length is longer than it need be, which 3.1.1 does not forbid',
    4,
    'MQTT 3.1.1 §2.2.3',
    '90 8300 0001 02',
    { type: 'suback', packetId: 1, reasonCodes: [2] },
  ),
  good('SUBACK of MQTT 3.1', 3, 'MQTT 3.1 §3.9', '90 03 0001 02', {
    type: 'suback',
    packetId: 1,
    reasonCodes: [2],
  }),
  good('SUBACK of MQTT 5', 5, '[MQTT-3.9.3-2]', '90 06 0001 00 02 87 a2', {
    type: 'suback',
    packetId: 1,
    reasonCodes: [2, 0x87, 0xa2],
  }),
  good('SUBACK with every property', 5, 'MQTT 5 §3.9.2.1', `90 0f 0001 ${ACK_PROPERTIES} 00`, {
    type: 'suback',
    packetId: 1,
    reasonCodes: [0],
    properties: ackProperties,
  }),
  good('UNSUBSCRIBE', 4, 'MQTT 3.1.1 §3.10', 'a2 0a 0001 0003 "a/b" 0001 "#"', {
    type: 'unsubscribe',
    packetId: 1,
    filters: ['a/b', '#'],
  }),
  good('UNSUBSCRIBE of MQTT 3.1', 3, 'MQTT 3.1 §3.10', 'a2 07 0001 0003 "a/b"', {
    type: 'unsubscribe',
    packetId: 1,
    filters: ['a/b'],
  }),
  readOnly('UNSUBSCRIBE of MQTT 3.1, sent again', 3, 'MQTT 3.1 §3.10', 'aa 07 0001 0003 "a/b"', {
    type: 'unsubscribe',
    packetId: 1,
    filters: ['a/b'],
  }),
  good('UNSUBSCRIBE of MQTT 5', 5, 'MQTT 5 §3.10', 'a2 08 0001 00 0003 "a/b"', {
    type: 'unsubscribe',
    packetId: 1,
    filters: ['a/b'],
  }),
  good(
    'UNSUBSCRIBE with every property',
    5,
    'MQTT 5 §3.10.2.1',
    'a2 0f 0001 07 26 0001 "k" 0001 "v" 0003 "a/b"',
    { type: 'unsubscribe', packetId: 1, filters: ['a/b'], properties: user },
  ),
  good('UNSUBACK', 4, 'MQTT 3.1.1 §3.11', 'b0 02 0001', {
    type: 'unsuback',
    packetId: 1,
    reasonCodes: [],
  }),
  good('UNSUBACK of MQTT 3.1', 3, 'MQTT 3.1 §3.11', 'b0 02 0001', {
    type: 'unsuback',
    packetId: 1,
    reasonCodes: [],
  }),
  good('UNSUBACK of MQTT 5', 5, '[MQTT-3.11.3-1]', 'b0 05 0001 00 00 11', {
    type: 'unsuback',
    packetId: 1,
    reasonCodes: [0, 0x11],
  }),
  good('UNSUBACK with every property', 5, 'MQTT 5 §3.11.2.1', `b0 0f 0001 ${ACK_PROPERTIES} 8f`, {
    type: 'unsuback',
    packetId: 1,
    reasonCodes: [0x8f],
    properties: ackProperties,
  }),
  ...([3, 4, 5] as const).flatMap((version) => [
    good(`PINGREQ of version ${version}`, version, 'MQTT 5 §3.12', 'c0 00', { type: 'pingreq' }),
    good(`PINGRESP of version ${version}`, version, 'MQTT 5 §3.13', 'd0 00', { type: 'pingresp' }),
    good(`DISCONNECT of version ${version}`, version, 'MQTT 5 §3.14', 'e0 00', {
      type: 'disconnect',
      reasonCode: 0,
    }),
  ]),
  good('DISCONNECT with a reason code', 5, 'MQTT 5 §3.14.2.1', 'e0 01 04', {
    type: 'disconnect',
    reasonCode: 4,
  }),
  readOnly('DISCONNECT that spells normal out', 5, 'MQTT 5 §3.14.2.1', 'e0 01 00', {
    type: 'disconnect',
    reasonCode: 0,
  }),
  readOnly('DISCONNECT with an empty property list', 5, 'MQTT 5 §3.14.2.2', 'e0 02 8e 00', {
    type: 'disconnect',
    reasonCode: 0x8e,
  }),
  good(
    'DISCONNECT with every property',
    5,
    'MQTT 5 §3.14.2.2',
    'e0 16 9d 14 11 00000000 1c 0001 "s" 1f 0001 "e" 26 0001 "k" 0001 "v"',
    {
      type: 'disconnect',
      reasonCode: 0x9d,
      properties: { sessionExpiryInterval: 0, serverReference: 's', ...ackProperties },
    },
  ),
  good('AUTH of success, all left out', 5, 'MQTT 5 §3.15.2.1', 'f0 00', {
    type: 'auth',
    reasonCode: 0,
  }),
  readOnly('AUTH of success with an empty property list', 5, 'MQTT 5 §3.15.2.1', 'f0 02 00 00', {
    type: 'auth',
    reasonCode: 0,
  }),
  good('AUTH with a method', 5, 'MQTT 5 §3.15', 'f0 06 18 04 15 0001 "M"', {
    type: 'auth',
    reasonCode: 0x18,
    properties: { authenticationMethod: 'M' },
  }),
  good(
    'AUTH with every property',
    5,
    'MQTT 5 §3.15.2.2',
    'f0 15 19 13 15 0001 "M" 16 0001 ff 1f 0001 "e" 26 0001 "k" 0001 "v"',
    {
      type: 'auth',
      reasonCode: 0x19,
      properties: {
        authenticationMethod: 'M',
        authenticationData: Uint8Array.of(0xff),
        ...ackProperties,
      },
    },
  ),
];
