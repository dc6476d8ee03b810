import { checkReasonCode } from './ack.js';
import { broken } from './errors.js';
import { PacketType } from './packet-type.js';
import type { AuthPacket, DisconnectPacket } from './packets.js';
import { AUTHENTICATION_METHOD_BIT } from './property-check.js';
import { writeProperties } from './property-write.js';
import type { Reader } from './reader.js';
import { RULES } from './rules.js';
import type { Writer } from './writer.js';

/** DISCONNECT (MQTT 5 §3.14). Reason code and property length may be left out from the end. */
export function readDisconnect(reader: Reader): DisconnectPacket {
  const packet: DisconnectPacket = { type: 'disconnect', reasonCode: 0 };
  if (reader.version === 5 && reader.left > 0) {
    packet.reasonCode = reader.u8();
    checkReasonCode(packet.reasonCode, PacketType.DISCONNECT);
    if (reader.left > 0) {
      const properties = reader.properties(PacketType.DISCONNECT);
      if (properties !== undefined) packet.properties = properties;
    }
  }
  reader.finish();
  return packet;
}

export function writeDisconnect(writer: Writer, packet: DisconnectPacket): Uint8Array {
  if (writer.version === 5) {
    checkReasonCode(packet.reasonCode, PacketType.DISCONNECT);
    if (packet.properties !== undefined) {
      writer.u8(packet.reasonCode);
      writeProperties(writer, packet.properties, PacketType.DISCONNECT);
    } else if (packet.reasonCode !== 0) {
      writer.u8(packet.reasonCode);
    }
  }
  return writer.finish(PacketType.DISCONNECT << 4);
}

/**
 * AUTH (MQTT 5 §3.15). §3.15.2.1 lets success without properties be an empty packet, although §3.15.2.2.2
 * calls leaving out the method a protocol error; so only that one form may be without a method.
 */
export function readAuth(reader: Reader): AuthPacket {
  const packet: AuthPacket = { type: 'auth', reasonCode: 0 };
  if (reader.left > 0) {
    packet.reasonCode = reader.u8();
    checkReasonCode(packet.reasonCode, PacketType.AUTH);
    const properties = reader.properties(PacketType.AUTH);
    if (properties !== undefined) packet.properties = properties;
    const hasMethod = (reader.seen & AUTHENTICATION_METHOD_BIT) !== 0;
    if (!hasMethod && (packet.reasonCode !== 0 || properties !== undefined)) {
      throw broken(RULES.AUTH_METHOD, 5);
    }
  }
  reader.finish();
  return packet;
}

export function writeAuth(writer: Writer, packet: AuthPacket): Uint8Array {
  if (writer.version !== 5) throw broken(RULES.AUTH_BEFORE_5, writer.version);
  checkReasonCode(packet.reasonCode, PacketType.AUTH);
  if (packet.reasonCode !== 0 || packet.properties !== undefined) {
    if (packet.properties?.authenticationMethod === undefined) throw broken(RULES.AUTH_METHOD, 5);
    writer.u8(packet.reasonCode);
    writeProperties(writer, packet.properties, PacketType.AUTH);
  }
  return writer.finish(PacketType.AUTH << 4);
}
