import type { ProtocolVersion, Qos } from './packet-type.js';
import type {
  AckProperties,
  AuthProperties,
  ConnackProperties,
  ConnectProperties,
  DisconnectProperties,
  PublishProperties,
  SubscribeProperties,
  UnsubscribeProperties,
  WillProperties,
} from './properties.js';

/**
 * The packets in decoded form. `properties` is there only when the packet carried any, and only in MQTT 5.
 * A decoded packet owns its bytes: it stays good after the read buffer is used again.
 */
export type Packet =
  | ConnectPacket
  | ConnackPacket
  | PublishPacket
  | PubackPacket
  | PubrecPacket
  | PubrelPacket
  | PubcompPacket
  | SubscribePacket
  | SubackPacket
  | UnsubscribePacket
  | UnsubackPacket
  | PingreqPacket
  | PingrespPacket
  | DisconnectPacket
  | AuthPacket;

export interface ConnectPacket {
  type: 'connect';
  protocolVersion: ProtocolVersion;
  /** Clean Session in 3.1 and 3.1.1, Clean Start in 5. */
  cleanStart: boolean;
  /** 0 turns the keep-alive mechanism off. */
  keepAliveSeconds: number;
  clientId: string;
  username?: string;
  password?: Uint8Array;
  will?: Will;
  properties?: ConnectProperties;
}

export interface Will {
  topic: string;
  payload: Uint8Array;
  qos: Qos;
  retain: boolean;
  properties?: WillProperties;
}

export interface ConnackPacket {
  type: 'connack';
  sessionPresent: boolean;
  /** A `ReasonCode` in MQTT 5, a `ConnectReturnCode` before. */
  reasonCode: number;
  properties?: ConnackProperties;
}

export interface PublishPacket {
  type: 'publish';
  /** Empty only in MQTT 5 with a topic alias. */
  topic: string;
  payload: Uint8Array;
  qos: Qos;
  retain: boolean;
  dup: boolean;
  /** 1…65535, there when `qos` > 0 and only then. */
  packetId?: number;
  properties?: PublishProperties;
}

interface Ack {
  packetId: number;
  /** Always 0 before MQTT 5. */
  reasonCode: number;
  properties?: AckProperties;
}

export interface PubackPacket extends Ack {
  type: 'puback';
}

export interface PubrecPacket extends Ack {
  type: 'pubrec';
}

export interface PubrelPacket extends Ack {
  type: 'pubrel';
}

export interface PubcompPacket extends Ack {
  type: 'pubcomp';
}

/** One line of a SUBSCRIBE. The last three are MQTT 5 options: false, false and 0 before. */
export interface Subscription {
  filter: string;
  qos: Qos;
  noLocal: boolean;
  retainAsPublished: boolean;
  /** 0 send retained messages, 1 only if the subscription is new, 2 do not send them. */
  retainHandling: 0 | 1 | 2;
}

export interface SubscribePacket {
  type: 'subscribe';
  packetId: number;
  subscriptions: Subscription[];
  properties?: SubscribeProperties;
}

export interface SubackPacket {
  type: 'suback';
  packetId: number;
  /** One for each subscription asked for; before MQTT 5 the granted QoS or 0x80. */
  reasonCodes: number[];
  properties?: AckProperties;
}

export interface UnsubscribePacket {
  type: 'unsubscribe';
  packetId: number;
  filters: string[];
  properties?: UnsubscribeProperties;
}

export interface UnsubackPacket {
  type: 'unsuback';
  packetId: number;
  /** One for each filter; empty before MQTT 5, which has no codes here. */
  reasonCodes: number[];
  properties?: AckProperties;
}

export interface PingreqPacket {
  type: 'pingreq';
}

export interface PingrespPacket {
  type: 'pingresp';
}

export interface DisconnectPacket {
  type: 'disconnect';
  /** Always 0 before MQTT 5. */
  reasonCode: number;
  properties?: DisconnectProperties;
}

export interface AuthPacket {
  type: 'auth';
  reasonCode: number;
  properties?: AuthProperties;
}
