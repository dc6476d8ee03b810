import { PacketType } from './packet-type.js';

/**
 * MQTT 5 reason codes (§2.4). Byte 0x00 has three names, one for each place it stands in; below 0x80 is
 * success, from 0x80 failure.
 */
export const ReasonCode = {
  SUCCESS: 0x00,
  NORMAL_DISCONNECTION: 0x00,
  GRANTED_QOS_0: 0x00,
  GRANTED_QOS_1: 0x01,
  GRANTED_QOS_2: 0x02,
  DISCONNECT_WITH_WILL_MESSAGE: 0x04,
  NO_MATCHING_SUBSCRIBERS: 0x10,
  NO_SUBSCRIPTION_EXISTED: 0x11,
  CONTINUE_AUTHENTICATION: 0x18,
  RE_AUTHENTICATE: 0x19,
  UNSPECIFIED_ERROR: 0x80,
  MALFORMED_PACKET: 0x81,
  PROTOCOL_ERROR: 0x82,
  IMPLEMENTATION_SPECIFIC_ERROR: 0x83,
  UNSUPPORTED_PROTOCOL_VERSION: 0x84,
  CLIENT_IDENTIFIER_NOT_VALID: 0x85,
  BAD_USER_NAME_OR_PASSWORD: 0x86,
  NOT_AUTHORIZED: 0x87,
  SERVER_UNAVAILABLE: 0x88,
  SERVER_BUSY: 0x89,
  BANNED: 0x8a,
  SERVER_SHUTTING_DOWN: 0x8b,
  BAD_AUTHENTICATION_METHOD: 0x8c,
  KEEP_ALIVE_TIMEOUT: 0x8d,
  SESSION_TAKEN_OVER: 0x8e,
  TOPIC_FILTER_INVALID: 0x8f,
  TOPIC_NAME_INVALID: 0x90,
  PACKET_IDENTIFIER_IN_USE: 0x91,
  PACKET_IDENTIFIER_NOT_FOUND: 0x92,
  RECEIVE_MAXIMUM_EXCEEDED: 0x93,
  TOPIC_ALIAS_INVALID: 0x94,
  PACKET_TOO_LARGE: 0x95,
  MESSAGE_RATE_TOO_HIGH: 0x96,
  QUOTA_EXCEEDED: 0x97,
  ADMINISTRATIVE_ACTION: 0x98,
  PAYLOAD_FORMAT_INVALID: 0x99,
  RETAIN_NOT_SUPPORTED: 0x9a,
  QOS_NOT_SUPPORTED: 0x9b,
  USE_ANOTHER_SERVER: 0x9c,
  SERVER_MOVED: 0x9d,
  SHARED_SUBSCRIPTIONS_NOT_SUPPORTED: 0x9e,
  CONNECTION_RATE_EXCEEDED: 0x9f,
  MAXIMUM_CONNECT_TIME: 0xa0,
  SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED: 0xa1,
  WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED: 0xa2,
} as const;

export type ReasonCode = (typeof ReasonCode)[keyof typeof ReasonCode];

/** One line of the table of MQTT 5 §2.4: a byte, its words, and the packets that may carry it. */
export interface ReasonCodeEntry {
  readonly byte: number;
  readonly name: string;
  readonly packets: readonly PacketType[];
}

const { CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP } = PacketType;
const { SUBACK, UNSUBACK, DISCONNECT, AUTH } = PacketType;

function entry(byte: number, name: string, ...packets: PacketType[]): ReasonCodeEntry {
  return { byte, name, packets };
}

/** Every reason code with its name in the specification and where it is allowed (MQTT 5 §2.4). */
export const REASON_CODES: readonly ReasonCodeEntry[] = [
  entry(0x00, 'Success', CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, UNSUBACK, AUTH),
  entry(0x00, 'Normal disconnection', DISCONNECT),
  entry(0x00, 'Granted QoS 0', SUBACK),
  entry(0x01, 'Granted QoS 1', SUBACK),
  entry(0x02, 'Granted QoS 2', SUBACK),
  entry(0x04, 'Disconnect with Will Message', DISCONNECT),
  entry(0x10, 'No matching subscribers', PUBACK, PUBREC),
  entry(0x11, 'No subscription existed', UNSUBACK),
  entry(0x18, 'Continue authentication', AUTH),
  entry(0x19, 'Re-authenticate', AUTH),
  entry(0x80, 'Unspecified error', CONNACK, PUBACK, PUBREC, SUBACK, UNSUBACK, DISCONNECT),
  entry(0x81, 'Malformed Packet', CONNACK, DISCONNECT),
  entry(0x82, 'Protocol Error', CONNACK, DISCONNECT),
  entry(
    0x83,
    'Implementation specific error',
    ...[CONNACK, PUBACK, PUBREC, SUBACK, UNSUBACK, DISCONNECT],
  ),
  entry(0x84, 'Unsupported Protocol Version', CONNACK),
  entry(0x85, 'Client Identifier not valid', CONNACK),
  entry(0x86, 'Bad User Name or Password', CONNACK),
  entry(0x87, 'Not authorized', CONNACK, PUBACK, PUBREC, SUBACK, UNSUBACK, DISCONNECT),
  entry(0x88, 'Server unavailable', CONNACK),
  entry(0x89, 'Server busy', CONNACK, DISCONNECT),
  entry(0x8a, 'Banned', CONNACK),
  entry(0x8b, 'Server shutting down', DISCONNECT),
  entry(0x8c, 'Bad authentication method', CONNACK, DISCONNECT),
  entry(0x8d, 'Keep Alive timeout', DISCONNECT),
  entry(0x8e, 'Session taken over', DISCONNECT),
  entry(0x8f, 'Topic Filter invalid', SUBACK, UNSUBACK, DISCONNECT),
  entry(0x90, 'Topic Name invalid', CONNACK, PUBACK, PUBREC, DISCONNECT),
  entry(0x91, 'Packet Identifier in use', PUBACK, PUBREC, SUBACK, UNSUBACK),
  entry(0x92, 'Packet Identifier not found', PUBREL, PUBCOMP),
  entry(0x93, 'Receive Maximum exceeded', DISCONNECT),
  entry(0x94, 'Topic Alias invalid', DISCONNECT),
  entry(0x95, 'Packet too large', CONNACK, DISCONNECT),
  entry(0x96, 'Message rate too high', DISCONNECT),
  entry(0x97, 'Quota exceeded', CONNACK, PUBACK, PUBREC, SUBACK, DISCONNECT),
  entry(0x98, 'Administrative action', DISCONNECT),
  entry(0x99, 'Payload format invalid', CONNACK, PUBACK, PUBREC, DISCONNECT),
  entry(0x9a, 'Retain not supported', CONNACK, DISCONNECT),
  entry(0x9b, 'QoS not supported', CONNACK, DISCONNECT),
  entry(0x9c, 'Use another server', CONNACK, DISCONNECT),
  entry(0x9d, 'Server moved', CONNACK, DISCONNECT),
  entry(0x9e, 'Shared Subscriptions not supported', SUBACK, DISCONNECT),
  entry(0x9f, 'Connection rate exceeded', CONNACK, DISCONNECT),
  entry(0xa0, 'Maximum connect time', DISCONNECT),
  entry(0xa1, 'Subscription Identifiers not supported', SUBACK, DISCONNECT),
  entry(0xa2, 'Wildcard Subscriptions not supported', SUBACK, DISCONNECT),
];

/** Per byte, one bit for each packet type that may carry it. */
const ALLOWED = new Uint16Array(256);
for (const { byte, packets } of REASON_CODES) {
  for (const type of packets) ALLOWED[byte] = ALLOWED[byte]! | (1 << type);
}

/** May a packet of this type carry this reason code (MQTT 5 §2.4)? */
export function isReasonCodeAllowed(code: number, packetType: number): boolean {
  return ((ALLOWED[code] ?? 0) & (1 << packetType)) !== 0;
}

/**
 * The specification's words for a reason code: `reasonName(0x97)` is `Quota exceeded`. Byte 0x00 means
 * something else in SUBACK and DISCONNECT, so name the packet type there. Unknown ones read `0x7f`.
 */
export function reasonName(code: number, packetType?: number): string {
  let name: string | undefined;
  for (const entry of REASON_CODES) {
    if (entry.byte !== code) continue;
    if (packetType === undefined || entry.packets.some((type) => type === packetType)) {
      return entry.name;
    }
    name ??= entry.name;
  }
  return name ?? `0x${code.toString(16).padStart(2, '0')}`;
}
