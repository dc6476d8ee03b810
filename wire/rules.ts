import { ReasonCode } from './reason-code.js';

/**
 * A rule of the specifications that bytes can break. `clause4` is its number in MQTT 3.1.1 (also used for
 * 3.1, whose text numbers nothing), `clause5` in MQTT 5; rules the text leaves unnumbered name the section.
 */
export interface Rule {
  readonly code: string;
  readonly reasonCode: number;
  readonly what: string;
  readonly clause4: string;
  readonly clause5: string;
}

type Kind =
  | 'MALFORMED_PACKET'
  | 'PROTOCOL_ERROR'
  | 'UNSUPPORTED_PROTOCOL_VERSION'
  | 'TOPIC_FILTER_INVALID'
  | 'TOPIC_NAME_INVALID'
  | 'TOPIC_ALIAS_INVALID'
  | 'PACKET_TOO_LARGE';

function rule(code: Kind, clause4: string, clause5: string, what: string): Rule {
  return { code, reasonCode: ReasonCode[code], what, clause4, clause5 };
}

/** A rule that only MQTT 5 has. */
function rule5(code: Kind, clause5: string, what: string): Rule {
  return rule(code, clause5, clause5, what);
}

const BAD = 'MALFORMED_PACKET';
const WRONG = 'PROTOCOL_ERROR';
const NAME = 'TOPIC_NAME_INVALID';
const FILTER = 'TOPIC_FILTER_INVALID';
const FLAGS = 'reserved flags of the first byte';

/** Every rule the codec checks, by what is wrong. */
export const RULES = {
  // Fixed header
  PACKET_TYPE: rule(BAD, 'MQTT 3.1.1 §2.2.1', 'MQTT 5 §2.1.2', 'packet type 0 is reserved'),
  AUTH_BEFORE_5: rule(BAD, 'MQTT 3.1.1 §2.2.1', 'MQTT 5 §3.15', 'AUTH exists only in MQTT 5'),
  HEADER_FLAGS: rule(BAD, '[MQTT-2.2.2-2]', '[MQTT-2.1.3-1]', FLAGS),
  PUBREL_FLAGS: rule(BAD, '[MQTT-3.6.1-1]', '[MQTT-3.6.1-1]', FLAGS),
  SUBSCRIBE_FLAGS: rule(BAD, '[MQTT-3.8.1-1]', '[MQTT-3.8.1-1]', FLAGS),
  UNSUBSCRIBE_FLAGS: rule(BAD, '[MQTT-3.10.1-1]', '[MQTT-3.10.1-1]', FLAGS),
  DISCONNECT_FLAGS: rule(BAD, '[MQTT-3.14.1-1]', '[MQTT-3.14.1-1]', FLAGS),
  AUTH_FLAGS: rule5(BAD, '[MQTT-3.15.1-1]', FLAGS),
  REMAINING_LENGTH: rule(
    BAD,
    'MQTT 3.1.1 §2.2.3',
    'MQTT 5 §1.5.5',
    'remaining length goes on past four bytes',
  ),
  TOO_LARGE: rule(
    'PACKET_TOO_LARGE',
    'MQTT 3.1.1 §2.2.3',
    '[MQTT-3.1.2-24]',
    'packet is larger than the maximum packet size',
  ),
  NOT_SHORTEST: rule5(BAD, '[MQTT-1.5.5-1]', 'variable byte integer is longer than it need be'),
  VARINT: rule5(BAD, 'MQTT 5 §1.5.5', 'variable byte integer goes on past four bytes'),
  TRUNCATED: rule(BAD, 'MQTT 3.1.1 §2.2.3', 'MQTT 5 §2.1.4', 'packet ends inside a field'),
  TRAILING: rule(BAD, 'MQTT 3.1.1 §2.2.3', 'MQTT 5 §2.1.4', 'bytes after the last field'),

  // Strings and identifiers
  UTF8: rule(BAD, '[MQTT-1.5.3-1]', '[MQTT-1.5.4-1]', 'string is not well-formed UTF-8'),
  NUL: rule(BAD, '[MQTT-1.5.3-2]', '[MQTT-1.5.4-2]', 'string holds U+0000'),
  STRING_LENGTH: rule(BAD, 'MQTT 3.1.1 §1.5.3', 'MQTT 5 §1.5.4', 'longer than 65,535 bytes'),
  PACKET_ID: rule(BAD, '[MQTT-2.3.1-1]', '[MQTT-2.2.1-3]', 'packet identifier is 0'),
  ACK_PACKET_ID: rule(BAD, '[MQTT-2.3.1-6]', '[MQTT-2.2.1-5]', 'packet identifier is 0'),
  SUBACK_PACKET_ID: rule(BAD, '[MQTT-2.3.1-7]', '[MQTT-2.2.1-6]', 'packet identifier is 0'),
  RANGE: rule(BAD, 'MQTT 3.1.1 §1.5', 'MQTT 5 §1.5', 'number is outside its field'),

  // Properties
  PROPERTY_UNKNOWN: rule5(BAD, 'MQTT 5 §2.2.2.2', 'unknown property'),
  PROPERTY_PLACE: rule5(BAD, 'MQTT 5 §2.2.2.2', 'property is not allowed in this packet'),
  PROPERTY_TWICE: rule5(WRONG, 'MQTT 5 §2.2.2.2', 'property stands twice'),
  PROPERTY_VALUE: rule5(WRONG, 'MQTT 5 §2.2.2.2', 'value of a property is not allowed'),
  PROPERTIES_MISSING: rule5(BAD, '[MQTT-2.2.2-1]', 'packet ends where the property length belongs'),
  PROPERTY_LENGTH: rule5(BAD, 'MQTT 5 §2.2.2.1', 'property list ends inside a property'),
  RESPONSE_TOPIC: rule5(NAME, '[MQTT-3.3.2-14]', 'response topic has a wildcard'),
  AUTH_DATA_ALONE: rule5(
    WRONG,
    'MQTT 5 §3.1.2.11.10',
    'authentication data without an authentication method',
  ),
  AUTH_METHOD: rule5(WRONG, 'MQTT 5 §3.15.2.2.2', 'AUTH without an authentication method'),

  // CONNECT and CONNACK
  PROTOCOL_NAME: rule(
    'UNSUPPORTED_PROTOCOL_VERSION',
    '[MQTT-3.1.2-1]',
    '[MQTT-3.1.2-1]',
    'protocol name is neither MQTT nor MQIsdp',
  ),
  PROTOCOL_VERSION: rule(
    'UNSUPPORTED_PROTOCOL_VERSION',
    '[MQTT-3.1.2-2]',
    '[MQTT-3.1.2-2]',
    'protocol version is not 3 (MQIsdp), 4 or 5 (MQTT)',
  ),
  CONNECT_RESERVED: rule(BAD, '[MQTT-3.1.2-3]', '[MQTT-3.1.2-3]', 'reserved connect flag is set'),
  WILL_QOS_ALONE: rule(BAD, '[MQTT-3.1.2-13]', '[MQTT-3.1.2-11]', 'will QoS without a will'),
  WILL_QOS: rule(BAD, '[MQTT-3.1.2-14]', '[MQTT-3.1.2-12]', 'will QoS is 3'),
  WILL_RETAIN_ALONE: rule(BAD, '[MQTT-3.1.2-15]', '[MQTT-3.1.2-13]', 'will retain without a will'),
  PASSWORD_ALONE: rule(
    BAD,
    '[MQTT-3.1.2-22]',
    'MQTT 5 §3.1.2.9',
    'password without a user name before MQTT 5',
  ),
  CONNACK_FLAGS: rule(BAD, 'MQTT 3.1.1 §3.2.2.1', '[MQTT-3.2.2-1]', 'reserved CONNACK flag is set'),
  SESSION_PRESENT: rule(
    WRONG,
    '[MQTT-3.2.2-4]',
    '[MQTT-3.2.2-6]',
    'session present in a CONNACK that refuses',
  ),
  RETURN_CODE: rule(
    BAD,
    'MQTT 3.1.1 §3.2.2.3',
    'MQTT 5 §3.2.2.2',
    'CONNACK return code is not 0 to 5',
  ),

  // PUBLISH and topics
  QOS: rule(BAD, '[MQTT-3.3.1-4]', '[MQTT-3.3.1-4]', 'PUBLISH with QoS 3'),
  DUP: rule(BAD, '[MQTT-3.3.1-2]', '[MQTT-3.3.1-2]', 'DUP in a QoS 0 PUBLISH'),
  TOPIC_WILDCARD: rule(NAME, '[MQTT-3.3.2-2]', '[MQTT-3.3.2-2]', 'topic name has a wildcard'),
  TOPIC_EMPTY: rule(
    'TOPIC_NAME_INVALID',
    '[MQTT-4.7.3-1]',
    '[MQTT-4.7.3-1]',
    'topic name is empty',
  ),
  TOPIC_MISSING: rule5(WRONG, 'MQTT 5 §3.3.2.1', 'empty topic name without a topic alias'),
  TOPIC_ALIAS: rule5('TOPIC_ALIAS_INVALID', '[MQTT-3.3.2-8]', 'topic alias is 0'),

  // SUBSCRIBE and UNSUBSCRIBE
  SUBSCRIBE_EMPTY: rule(
    WRONG,
    '[MQTT-3.8.3-3]',
    '[MQTT-3.8.3-2]',
    'SUBSCRIBE without a topic filter',
  ),
  SUBSCRIBE_RESERVED: rule(
    BAD,
    '[MQTT-3-8.3-4]', // the hyphen is the specification's own
    '[MQTT-3.8.3-5]',
    'reserved bits of the subscription options are set',
  ),
  SUBSCRIBE_QOS: rule(BAD, '[MQTT-3-8.3-4]', 'MQTT 5 §3.8.3.1', 'subscription with QoS 3'),
  RETAIN_HANDLING: rule5(WRONG, 'MQTT 5 §3.8.3.1', 'retain handling is 3'),
  NO_LOCAL_SHARED: rule5(WRONG, '[MQTT-3.8.3-4]', 'no local on a shared subscription'),
  SUBACK_EMPTY: rule(WRONG, '[MQTT-3.8.4-5]', '[MQTT-3.8.4-6]', 'SUBACK without a reason code'),
  SUBACK_CODE: rule(BAD, '[MQTT-3.9.3-2]', '[MQTT-3.9.3-2]', 'return code of SUBACK'),
  UNSUBSCRIBE_EMPTY: rule(
    WRONG,
    '[MQTT-3.10.3-2]',
    '[MQTT-3.10.3-2]',
    'UNSUBSCRIBE without a topic filter',
  ),
  UNSUBACK_EMPTY: rule5(WRONG, '[MQTT-3.11.3-2]', 'UNSUBACK without a reason code'),

  // Topic filters, and topic names that are not in a PUBLISH
  NAME_WILDCARD: rule(
    NAME,
    '[MQTT-4.7.1-1]',
    '[MQTT-4.7.0-1]',
    'topic name has a wildcard (# or +)',
  ),
  NAME_LENGTH: rule(NAME, '[MQTT-4.7.3-3]', '[MQTT-4.7.3-3]', 'topic name is over 65,535 bytes'),
  NAME_CHARACTER: rule(NAME, '[MQTT-1.5.3-1]', '[MQTT-1.5.4-1]', 'topic name has a lone surrogate'),
  NAME_NUL: rule(NAME, '[MQTT-4.7.3-2]', '[MQTT-4.7.3-2]', 'topic name holds U+0000'),
  FILTER_EMPTY: rule(FILTER, '[MQTT-4.7.3-1]', '[MQTT-4.7.3-1]', 'topic filter is empty'),
  FILTER_HASH: rule(
    FILTER,
    '[MQTT-4.7.1-2]',
    '[MQTT-4.7.1-1]',
    '# in a topic filter fills the whole last level',
  ),
  FILTER_PLUS: rule(
    FILTER,
    '[MQTT-4.7.1-3]',
    '[MQTT-4.7.1-2]',
    '+ in a topic filter fills a whole level',
  ),
  FILTER_LENGTH: rule(
    FILTER,
    '[MQTT-4.7.3-3]',
    '[MQTT-4.7.3-3]',
    'topic filter is over 65,535 bytes',
  ),
  FILTER_CHARACTER: rule(
    FILTER,
    '[MQTT-1.5.3-1]',
    '[MQTT-1.5.4-1]',
    'topic filter has a lone surrogate',
  ),
  FILTER_NUL: rule(FILTER, '[MQTT-4.7.3-2]', '[MQTT-4.7.3-2]', 'topic filter holds U+0000'),
  SHARE_NAME: rule5(FILTER, '[MQTT-4.8.2-1]', '$share/ wants a group of at least one character'),
  SHARE_FORM: rule5(
    FILTER,
    '[MQTT-4.8.2-2]',
    'shared subscription is $share/group/filter, without # or + in the group',
  ),
} as const satisfies Record<string, Rule>;

const reasonCode = (clause: string) =>
  rule5(WRONG, clause, 'reason code is not one of this packet');

/** The rule that names a packet's reason codes, by packet type; those without reason codes have none. */
export const REASON_CODE_RULES: readonly (Rule | undefined)[] = [
  undefined,
  undefined,
  reasonCode('[MQTT-3.2.2-8]'),
  undefined,
  reasonCode('[MQTT-3.4.2-1]'),
  reasonCode('[MQTT-3.5.2-1]'),
  reasonCode('[MQTT-3.6.2-1]'),
  reasonCode('[MQTT-3.7.2-1]'),
  undefined,
  reasonCode('[MQTT-3.9.3-2]'),
  undefined,
  reasonCode('[MQTT-3.11.3-2]'),
  undefined,
  undefined,
  reasonCode('[MQTT-3.14.2-1]'),
  reasonCode('[MQTT-3.15.2-1]'),
];
