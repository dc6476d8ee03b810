import { type BadEntry, bad } from './table.js';

const BAD = 'MALFORMED_PACKET';
const WRONG = 'PROTOCOL_ERROR';
const FILTER = 'TOPIC_FILTER_INVALID';
const PROPERTY = 'MQTT 5 §2.2.2.2';
const SHORT_4 = 'MQTT 3.1.1 §2.2.3';
const SHORT_5 = 'MQTT 5 §2.1.4';

/** Refusals of SUBSCRIBE to AUTH. */
export const BAD_SUBSCRIBE: readonly BadEntry[] = [
  bad('SUBSCRIBE of nothing', 4, BAD, SHORT_4, '82 00'),
  bad('SUBSCRIBE with packet id 0', 4, BAD, '[MQTT-2.3.1-1]', '82 08 0000 0003 "a/b" 01'),
  bad('SUBSCRIBE with packet id 0', 5, BAD, '[MQTT-2.2.1-3]', '82 09 0000 00 0003 "a/b" 01'),
  bad('SUBSCRIBE without a filter', 4, WRONG, '[MQTT-3.8.3-3]', '82 02 0001'),
  bad('SUBSCRIBE without a filter', 5, WRONG, '[MQTT-3.8.3-2]', '82 03 0001 00'),
  bad('SUBSCRIBE without properties', 5, BAD, '[MQTT-2.2.2-1]', '82 02 0001'),
  bad('SUBSCRIBE cut in the filter', 4, BAD, SHORT_4, '82 06 0001 0003 "a/"'),
  bad('SUBSCRIBE cut before the options', 4, BAD, SHORT_4, '82 07 0001 0003 "a/b"'),
  bad('SUBSCRIBE with QoS 3', 4, BAD, '[MQTT-3-8.3-4]', '82 08 0001 0003 "a/b" 03'),
  bad('SUBSCRIBE with QoS 3', 5, BAD, 'MQTT 5 §3.8.3.1', '82 09 0001 00 0003 "a/b" 03'),
  bad('SUBSCRIBE with options before MQTT 5', 4, BAD, '[MQTT-3-8.3-4]', '82 08 0001 0003 "a/b" 04'),
  bad('SUBSCRIBE with a reserved bit', 5, BAD, '[MQTT-3.8.3-5]', '82 09 0001 00 0003 "a/b" 40'),
  bad(
    'SUBSCRIBE with the other reserved bit',
    5,
    BAD,
    '[MQTT-3.8.3-5]',
    '82 09 0001 00 0003 "a/b" 80',
  ),
  bad('retain handling 3', 5, WRONG, 'MQTT 5 §3.8.3.1', '82 09 0001 00 0003 "a/b" 30'),
  bad(
    'no local on a shared subscription',
    5,
    WRONG,
    '[MQTT-3.8.3-4]',
    '82 10 0001 00 000a "$share/g/a" 04',
  ),
  bad('an empty filter', 4, FILTER, '[MQTT-4.7.3-1]', '82 05 0001 0000 00'),
  bad('filter a/#/b', 4, FILTER, '[MQTT-4.7.1-2]', '82 0a 0001 0005 "a/#/b" 00'),
  bad('filter a#', 5, FILTER, '[MQTT-4.7.1-1]', '82 08 0001 00 0002 "a#" 00'),
  bad('filter a+', 4, FILTER, '[MQTT-4.7.1-3]', '82 07 0001 0002 "a+" 00'),
  bad('filter +a/b', 5, FILTER, '[MQTT-4.7.1-2]', '82 0a 0001 00 0004 "+a/b" 00'),
  bad(
    'a second filter that is bad',
    4,
    FILTER,
    '[MQTT-4.7.1-2]',
    '82 0b 0001 0001 "a" 00 0002 "##" 00',
  ),
  bad('share group is empty', 5, FILTER, '[MQTT-4.8.2-1]', '82 0f 0001 00 0009 "$share//a" 00'),
  bad(
    'share group is all there is',
    5,
    FILTER,
    '[MQTT-4.8.2-2]',
    '82 0e 0001 00 0008 "$share/g" 00',
  ),
  bad('shared filter is empty', 5, FILTER, '[MQTT-4.8.2-2]', '82 0f 0001 00 0009 "$share/g/" 00'),
  bad(
    'share group has a wildcard',
    5,
    FILTER,
    '[MQTT-4.8.2-2]',
    '82 10 0001 00 000a "$share/+/a" 00',
  ),
  bad('shared filter is bad', 5, FILTER, '[MQTT-4.7.1-1]', '82 11 0001 00 000b "$share/g/a#" 00'),
  bad(
    'two subscription identifiers',
    5,
    WRONG,
    PROPERTY,
    '82 0d 0001 04 0b 01 0b 02 0003 "a/b" 00',
  ),
  bad('subscription identifier 0', 5, WRONG, PROPERTY, '82 0b 0001 02 0b 00 0003 "a/b" 00'),
  bad('reason string in SUBSCRIBE', 5, BAD, PROPERTY, '82 0c 0001 03 1f 0000 0003 "a/b" 00'),

  bad('SUBACK with packet id 0', 4, BAD, '[MQTT-2.3.1-7]', '90 03 0000 00'),
  bad('SUBACK with packet id 0', 5, BAD, '[MQTT-2.2.1-6]', '90 04 0000 00 00'),
  bad('SUBACK without a code', 4, WRONG, '[MQTT-3.8.4-5]', '90 02 0001'),
  bad('SUBACK without a code', 5, WRONG, '[MQTT-3.8.4-6]', '90 03 0001 00'),
  bad('SUBACK with code 3', 4, BAD, '[MQTT-3.9.3-2]', '90 03 0001 03'),
  bad('SUBACK with a code of MQTT 5', 4, BAD, '[MQTT-3.9.3-2]', '90 03 0001 87'),
  bad('SUBACK with code 3', 5, WRONG, '[MQTT-3.9.3-2]', '90 04 0001 00 03'),
  bad('SUBACK with a subscription identifier', 5, BAD, PROPERTY, '90 06 0001 02 0b 01 00'),

  bad('UNSUBSCRIBE with packet id 0', 4, BAD, '[MQTT-2.3.1-1]', 'a2 07 0000 0003 "a/b"'),
  bad('UNSUBSCRIBE without a filter', 4, WRONG, '[MQTT-3.10.3-2]', 'a2 02 0001'),
  bad('UNSUBSCRIBE without a filter', 5, WRONG, '[MQTT-3.10.3-2]', 'a2 03 0001 00'),
  bad('UNSUBSCRIBE cut in the filter', 5, BAD, SHORT_5, 'a2 07 0001 00 0003 "a/"'),
  bad('UNSUBSCRIBE with a bad filter', 4, FILTER, '[MQTT-4.7.1-2]', 'a2 06 0001 0002 "a#"'),
  bad('UNSUBSCRIBE with an empty filter', 4, FILTER, '[MQTT-4.7.3-1]', 'a2 04 0001 0000'),

  bad('UNSUBACK with packet id 0', 4, BAD, '[MQTT-2.3.1-7]', 'b0 02 0000'),
  bad('UNSUBACK with a code before MQTT 5', 4, BAD, SHORT_4, 'b0 03 0001 00'),
  bad('UNSUBACK without a code', 5, WRONG, '[MQTT-3.11.3-2]', 'b0 03 0001 00'),
  bad('UNSUBACK with a code of SUBACK', 5, WRONG, '[MQTT-3.11.3-2]', 'b0 04 0001 00 01'),

  bad('DISCONNECT with a code of CONNACK', 5, WRONG, '[MQTT-3.14.2-1]', 'e0 01 85'),
  bad('DISCONNECT with an unknown code', 5, WRONG, '[MQTT-3.14.2-1]', 'e0 02 7f 00'),
  bad('DISCONNECT with bytes to spare', 5, BAD, SHORT_5, 'e0 03 00 00 00'),
  bad('DISCONNECT with a property of CONNECT', 5, BAD, PROPERTY, 'e0 05 00 03 21 0001'),
  bad('DISCONNECT with two reason strings', 5, WRONG, PROPERTY, 'e0 08 00 06 1f 0000 1f 0000'),

  bad('AUTH without properties', 5, BAD, '[MQTT-2.2.2-1]', 'f0 01 18'),
  bad('AUTH with a code of DISCONNECT', 5, WRONG, '[MQTT-3.15.2-1]', 'f0 06 04 04 15 0001 "M"'),
  bad('AUTH that goes on without a method', 5, WRONG, 'MQTT 5 §3.15.2.2.2', 'f0 02 18 00'),
  bad(
    'AUTH of success with a reason but no method',
    5,
    WRONG,
    'MQTT 5 §3.15.2.2.2',
    'f0 06 00 04 1f 0001 "e"',
  ),
  bad('AUTH with data and no method', 5, WRONG, 'MQTT 5 §3.1.2.11.10', 'f0 06 18 04 16 0001 ff'),
  bad('AUTH with two methods', 5, WRONG, PROPERTY, 'f0 0a 18 08 15 0001 "M" 15 0001 "M"'),
];
