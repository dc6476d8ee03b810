import { PacketType } from './packet-type.js';

/** Everything an MQTT 5 property list can say (§2.2.2.2), under the specification's names in camelCase. */
export interface Properties {
  /** 1 says the payload is UTF-8 text, 0 (as when absent) says nothing. */
  payloadFormatIndicator?: 0 | 1;
  /** Seconds. */
  messageExpiryInterval?: number;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Uint8Array;
  /** 1…268435455; one in SUBSCRIBE, any number in PUBLISH. */
  subscriptionIdentifiers?: number[];
  /** Seconds; 0xffffffff never expires. */
  sessionExpiryInterval?: number;
  assignedClientIdentifier?: string;
  /** Seconds. */
  serverKeepAlive?: number;
  authenticationMethod?: string;
  authenticationData?: Uint8Array;
  requestProblemInformation?: boolean;
  /** Seconds. */
  willDelayInterval?: number;
  requestResponseInformation?: boolean;
  responseInformation?: string;
  serverReference?: string;
  reasonString?: string;
  /** 1…65535. */
  receiveMaximum?: number;
  topicAliasMaximum?: number;
  /** 1…65535. */
  topicAlias?: number;
  maximumQos?: 0 | 1;
  retainAvailable?: boolean;
  /** Name and value, in the order of the packet; names may repeat. */
  userProperties?: [string, string][];
  /** Bytes, at least 1. */
  maximumPacketSize?: number;
  wildcardSubscriptionAvailable?: boolean;
  subscriptionIdentifierAvailable?: boolean;
  sharedSubscriptionAvailable?: boolean;
}

export type PropertyName = keyof Properties;

export type ConnectProperties = Pick<
  Properties,
  | 'sessionExpiryInterval'
  | 'receiveMaximum'
  | 'maximumPacketSize'
  | 'topicAliasMaximum'
  | 'requestResponseInformation'
  | 'requestProblemInformation'
  | 'userProperties'
  | 'authenticationMethod'
  | 'authenticationData'
>;
export type WillProperties = Pick<
  Properties,
  | 'willDelayInterval'
  | 'payloadFormatIndicator'
  | 'messageExpiryInterval'
  | 'contentType'
  | 'responseTopic'
  | 'correlationData'
  | 'userProperties'
>;
export type ConnackProperties = Pick<
  Properties,
  | 'sessionExpiryInterval'
  | 'receiveMaximum'
  | 'maximumQos'
  | 'retainAvailable'
  | 'maximumPacketSize'
  | 'assignedClientIdentifier'
  | 'topicAliasMaximum'
  | 'reasonString'
  | 'userProperties'
  | 'wildcardSubscriptionAvailable'
  | 'subscriptionIdentifierAvailable'
  | 'sharedSubscriptionAvailable'
  | 'serverKeepAlive'
  | 'responseInformation'
  | 'serverReference'
  | 'authenticationMethod'
  | 'authenticationData'
>;
export type PublishProperties = Pick<
  Properties,
  | 'payloadFormatIndicator'
  | 'messageExpiryInterval'
  | 'topicAlias'
  | 'responseTopic'
  | 'correlationData'
  | 'userProperties'
  | 'subscriptionIdentifiers'
  | 'contentType'
>;
/** PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK and UNSUBACK carry the same two. */
export type AckProperties = Pick<Properties, 'reasonString' | 'userProperties'>;
export type SubscribeProperties = Pick<Properties, 'subscriptionIdentifiers' | 'userProperties'>;
export type UnsubscribeProperties = Pick<Properties, 'userProperties'>;
export type DisconnectProperties = Pick<
  Properties,
  'sessionExpiryInterval' | 'reasonString' | 'userProperties' | 'serverReference'
>;
export type AuthProperties = Pick<
  Properties,
  'authenticationMethod' | 'authenticationData' | 'reasonString' | 'userProperties'
>;

/** How a property's value stands in the bytes (MQTT 5 §1.5); BOOLEAN is a byte that must be 0 or 1. */
export const PropertyKind = {
  BIT: 0,
  BOOLEAN: 1,
  U16: 2,
  U32: 3,
  VARINT: 4,
  STRING: 5,
  BINARY: 6,
  PAIR: 7,
} as const;
export type PropertyKind = (typeof PropertyKind)[keyof typeof PropertyKind];

/** Will properties stand inside CONNECT but have their own allowed set: type 0, which no packet uses. */
export const WILL = 0;

export interface PropertyEntry {
  readonly id: number;
  readonly name: PropertyName;
  readonly kind: PropertyKind;
  /** Packet types (or `WILL`) that may carry it. */
  readonly packets: readonly number[];
}

const { CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP } = PacketType;
const { SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, DISCONNECT, AUTH } = PacketType;
const REASONED = [CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, DISCONNECT, AUTH];
const { BIT, BOOLEAN, U16, U32, VARINT, STRING, BINARY, PAIR } = PropertyKind;

function entry(
  id: number,
  name: PropertyName,
  kind: PropertyKind,
  ...packets: number[]
): PropertyEntry {
  return { id, name, kind, packets };
}

/** Table 2-4 of MQTT 5 §2.2.2.2: every property, how it is written and where it may stand. */
export const PROPERTIES: readonly PropertyEntry[] = [
  entry(0x01, 'payloadFormatIndicator', BIT, PUBLISH, WILL),
  entry(0x02, 'messageExpiryInterval', U32, PUBLISH, WILL),
  entry(0x03, 'contentType', STRING, PUBLISH, WILL),
  entry(0x08, 'responseTopic', STRING, PUBLISH, WILL),
  entry(0x09, 'correlationData', BINARY, PUBLISH, WILL),
  entry(0x0b, 'subscriptionIdentifiers', VARINT, PUBLISH, SUBSCRIBE),
  entry(0x11, 'sessionExpiryInterval', U32, CONNECT, CONNACK, DISCONNECT),
  entry(0x12, 'assignedClientIdentifier', STRING, CONNACK),
  entry(0x13, 'serverKeepAlive', U16, CONNACK),
  entry(0x15, 'authenticationMethod', STRING, CONNECT, CONNACK, AUTH),
  entry(0x16, 'authenticationData', BINARY, CONNECT, CONNACK, AUTH),
  entry(0x17, 'requestProblemInformation', BOOLEAN, CONNECT),
  entry(0x18, 'willDelayInterval', U32, WILL),
  entry(0x19, 'requestResponseInformation', BOOLEAN, CONNECT),
  entry(0x1a, 'responseInformation', STRING, CONNACK),
  entry(0x1c, 'serverReference', STRING, CONNACK, DISCONNECT),
  entry(0x1f, 'reasonString', STRING, ...REASONED),
  entry(0x21, 'receiveMaximum', U16, CONNECT, CONNACK),
  entry(0x22, 'topicAliasMaximum', U16, CONNECT, CONNACK),
  entry(0x23, 'topicAlias', U16, PUBLISH),
  entry(0x24, 'maximumQos', BIT, CONNACK),
  entry(0x25, 'retainAvailable', BOOLEAN, CONNACK),
  entry(0x26, 'userProperties', PAIR, CONNECT, PUBLISH, WILL, SUBSCRIBE, UNSUBSCRIBE, ...REASONED),
  entry(0x27, 'maximumPacketSize', U32, CONNECT, CONNACK),
  entry(0x28, 'wildcardSubscriptionAvailable', BOOLEAN, CONNACK),
  entry(0x29, 'subscriptionIdentifierAvailable', BOOLEAN, CONNACK),
  entry(0x2a, 'sharedSubscriptionAvailable', BOOLEAN, CONNACK),
];

/** Position of each property in `PROPERTIES`, which is also its bit in a set of properties seen. */
export const PropertyIndex = Object.fromEntries(
  PROPERTIES.map((property, index) => [property.name, index]),
) as Record<PropertyName, number>;
