import type { PublishPacket } from '../mod.js';
import { hex } from './hex.js';
import { type GoodEntry, good, readOnly } from './table.js';

const base: PublishPacket = {
  type: 'publish',
  topic: 'a/b',
  payload: hex('"hi"'),
  qos: 0,
  retain: false,
  dup: false,
};
const ackProperties = { reasonString: 'e', userProperties: [['k', 'v']] as [string, string][] };
const ACK_PROPERTIES = '0b 1f 0001 "e" 26 0001 "k" 0001 "v"';

/** PUBLISH and its four acknowledgements. */
export const GOOD_PUBLISH: readonly GoodEntry[] = [
  good('PUBLISH QoS 0', 4, 'MQTT 3.1.1 §3.3', '30 07 0003 "a/b" "hi"', base),
  good('PUBLISH of MQTT 3.1', 3, 'MQTT 3.1 §3.3', '31 07 0003 "a/b" "hi"', {
    ...base,
    retain: true,
  }),
  good('PUBLISH QoS 1, sent again, retained', 4, '[MQTT-3.3.1-1]', '3b 09 0003 "a/b" 000a "hi"', {
    ...base,
    qos: 1,
    dup: true,
    retain: true,
    packetId: 10,
  }),
  good('PUBLISH QoS 2 without payload', 4, '[MQTT-2.3.1-1]', '34 07 0003 "a/b" ffff', {
    ...base,
    qos: 2,
    packetId: 65_535,
    payload: hex(''),
  }),
  good(
    'PUBLISH whose topic is not ASCII',
    4,
    '[MQTT-3.3.2-1]',
    '30 0d 000b "a/" c3a9 e282ac f09f9880',
    { ...base, topic: 'a/é€😀', payload: hex('') },
  ),
  good('PUBLISH to a topic of separators', 4, 'MQTT 3.1.1 §4.7.1.1', '30 05 0002 "//" 00', {
    ...base,
    topic: '//',
    payload: hex('00'),
  }),
  good(
    'PUBLISH with the longest remaining length of one byte',
    4,
    'MQTT 3.1.1 §2.2.3',
    '30 7f 0003 "a/b" 61*122',
    { ...base, payload: hex('61*122') },
  ),
  good(
    'PUBLISH with the shortest remaining length of two bytes',
    4,
    'MQTT 3.1.1 §2.2.3',
    '30 8001 0003 "a/b" 61*123',
    { ...base, payload: hex('61*123') },
  ),
  good(
    'PUBLISH with the longest remaining length of two bytes',
    4,
    'MQTT 3.1.1 §2.2.3',
    '30 ff7f 0003 "a/b" 61*16378',
    { ...base, payload: hex('61*16378') },
  ),
  good(
    'PUBLISH with the shortest remaining length of three bytes',
    5,
    'MQTT 5 §1.5.5',
    '30 808001 0003 "a/b" 00 61*16378',
    { ...base, payload: hex('61*16378') },
  ),
  readOnly(
    'PUBLISH whose remaining length is longer than it need be, which 3.1.1 does not forbid',
    4,
    'MQTT 3.1.1 §2.2.3',
    '30 8700 0003 "a/b" "hi"',
    base,
  ),
  good('PUBLISH of MQTT 5', 5, '[MQTT-2.2.2-1]', '30 08 0003 "a/b" 00 "hi"', base),
  good(
    'PUBLISH with every property',
    5,
    'MQTT 5 §3.3.2.3',
    `32 34 0003 "a/b" 0001
      2a 01 01 02 0000000a 03 0001 "t" 08 0003 "r/s" 09 0001 07 0b 01 0b 8001 23 0005
      26 0001 "k" 0001 "v" 26 0001 "k" 0000
      "hi"`,
    {
      ...base,
      qos: 1,
      packetId: 1,
      properties: {
        payloadFormatIndicator: 1,
        messageExpiryInterval: 10,
        contentType: 't',
        responseTopic: 'r/s',
        correlationData: hex('07'),
        subscriptionIdentifiers: [1, 128],
        topicAlias: 5,
        userProperties: [
          ['k', 'v'],
          ['k', ''],
        ],
      },
    },
  ),
  good(
    'PUBLISH with a topic alias in place of its topic',
    5,
    'MQTT 5 §3.3.2.3.4',
    '30 08 0000 03 23 0001 "hi"',
    { ...base, topic: '', properties: { topicAlias: 1 } },
  ),
  good(
    'PUBLISH with a property length of two bytes',
    5,
    'MQTT 5 §2.2.2.1',
    '30 d501 0003 "a/b" ce01 26 0001 "k" 00c8 61*200',
    { ...base, payload: hex(''), properties: { userProperties: [['k', 'a'.repeat(200)]] } },
  ),
  good(
    'PUBLISH with the smallest and largest numbers properties may have',
    5,
    'MQTT 5 §2.2.2.2',
    '30 18 0003 "a/b" 12 01 00 02 ffffffff 09 0000 0b ffffff7f 23 ffff',
    {
      ...base,
      payload: hex(''),
      properties: {
        payloadFormatIndicator: 0,
        messageExpiryInterval: 0xffff_ffff,
        correlationData: hex(''),
        subscriptionIdentifiers: [268_435_455],
        topicAlias: 65_535,
      },
    },
  ),
  readOnly(
    'PUBLISH whose properties stand in another order',
    5,
    'MQTT 5 §2.2.2.2',
    '30 0d 0003 "a/b" 07 02 00000001 01 01',
    {
      ...base,
      payload: hex(''),
      properties: { payloadFormatIndicator: 1, messageExpiryInterval: 1 },
    },
  ),
  ...(
    [
      ['puback', '40', 0x10],
      ['pubrec', '50', 0x97],
      ['pubrel', '62', 0x92],
      ['pubcomp', '70', 0x92],
    ] as const
  ).flatMap(([type, first, reasonCode], index) => {
    const name = type.toUpperCase();
    const section = `§3.${4 + index}`;
    const code = reasonCode.toString(16);
    const ack = { type, packetId: 258, reasonCode } as const;
    const success = { ...ack, reasonCode: 0 };
    return [
      good(`${name} of MQTT 3.1`, 3, `MQTT 3.1 ${section}`, `${first} 02 0102`, success),
      good(`${name} of MQTT 3.1.1`, 4, `MQTT 3.1.1 ${section}`, `${first} 02 0102`, success),
      good(`${name} of success`, 5, `MQTT 5 ${section}.2.1`, `${first} 02 0102`, success),
      good(
        `${name} with a reason code`,
        5,
        `MQTT 5 ${section}.2.1`,
        `${first} 03 0102 ${code}`,
        ack,
      ),
      good(
        `${name} with every property`,
        5,
        `MQTT 5 ${section}.2.2`,
        `${first} 0f 0102 ${code} ${ACK_PROPERTIES}`,
        { ...ack, properties: ackProperties },
      ),
      readOnly(
        `${name} that spells success out`,
        5,
        `MQTT 5 ${section}.2.1`,
        `${first} 03 0102 00`,
        success,
      ),
      readOnly(
        `${name} that spells an empty property list out`,
        5,
        `MQTT 5 ${section}.2.2.1`,
        `${first} 04 0102 ${code} 00`,
        ack,
      ),
    ];
  }),
  readOnly('PUBREL of MQTT 3.1, sent again', 3, 'MQTT 3.1 §3.6', '6a 02 0102', {
    type: 'pubrel',
    packetId: 258,
    reasonCode: 0,
  }),
];
