import { broken } from './errors.js';
import { PacketType, packetTypeName } from './packet-type.js';
import type { PubackPacket, PubcompPacket, PubrecPacket, PubrelPacket } from './packets.js';
import { writeProperties } from './property-write.js';
import type { Reader } from './reader.js';
import { isReasonCodeAllowed } from './reason-code.js';
import { REASON_CODE_RULES, RULES } from './rules.js';
import type { Writer } from './writer.js';

export type AckPacket = PubackPacket | PubrecPacket | PubrelPacket | PubcompPacket;

const TYPES = {
  puback: PacketType.PUBACK,
  pubrec: PacketType.PUBREC,
  pubrel: PacketType.PUBREL,
  pubcomp: PacketType.PUBCOMP,
} as const;

/**
 * PUBACK, PUBREC, PUBREL, PUBCOMP (MQTT 5 §3.4–3.7). In MQTT 5 the reason code may be left out (remaining
 * length 2 means success), and the property length too (3 means none).
 */
export function readAck(reader: Reader, type: AckPacket['type']): AckPacket {
  const packetType = TYPES[type];
  const packetId = reader.packetId(RULES.ACK_PACKET_ID);
  const packet: AckPacket = { type, packetId, reasonCode: 0 };
  if (reader.version === 5 && reader.left > 0) {
    packet.reasonCode = reader.u8();
    checkReasonCode(packet.reasonCode, packetType);
    if (reader.left > 0) {
      const properties = reader.properties(packetType);
      if (properties !== undefined) packet.properties = properties;
    }
  }
  reader.finish();
  return packet;
}

/** Throws MqttError unless MQTT 5 allows the code in that packet. */
export function checkReasonCode(reasonCode: number, packetType: number): void {
  if (!isReasonCodeAllowed(reasonCode, packetType)) {
    const detail = `${packetTypeName(packetType)} 0x${reasonCode.toString(16)}`;
    throw broken(REASON_CODE_RULES[packetType]!, 5, detail);
  }
}

/** In the shortest form that says it all. */
export function writeAck(writer: Writer, packet: AckPacket): Uint8Array {
  const packetType = TYPES[packet.type];
  writer.packetId(packet.packetId, RULES.ACK_PACKET_ID);
  if (writer.version === 5) {
    checkReasonCode(packet.reasonCode, packetType);
    if (packet.properties !== undefined) {
      writer.u8(packet.reasonCode);
      writeProperties(writer, packet.properties, packetType);
    } else if (packet.reasonCode !== 0) {
      writer.u8(packet.reasonCode);
    }
  }
  return writer.finish((packetType << 4) | (packet.type === 'pubrel' ? 2 : 0));
}
