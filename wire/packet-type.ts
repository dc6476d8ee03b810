/** Protocol level byte of CONNECT: 3 = MQTT 3.1 ("MQIsdp"), 4 = MQTT 3.1.1, 5 = MQTT 5. */
export type ProtocolVersion = 3 | 4 | 5;

export type Qos = 0 | 1 | 2;

/** Control packet types, the high nibble of the first byte (MQTT 5 §2.1.2). AUTH exists in MQTT 5 only. */
export const PacketType = {
  CONNECT: 1,
  CONNACK: 2,
  PUBLISH: 3,
  PUBACK: 4,
  PUBREC: 5,
  PUBREL: 6,
  PUBCOMP: 7,
  SUBSCRIBE: 8,
  SUBACK: 9,
  UNSUBSCRIBE: 10,
  UNSUBACK: 11,
  PINGREQ: 12,
  PINGRESP: 13,
  DISCONNECT: 14,
  AUTH: 15,
} as const;

export type PacketType = (typeof PacketType)[keyof typeof PacketType];

const NAMES = ['RESERVED', ...Object.keys(PacketType)] as const;

/** Name of a packet type as the specifications write it, for messages: 3 → `PUBLISH`. */
export function packetTypeName(type: number): string {
  return NAMES[type] ?? `type ${type}`;
}
