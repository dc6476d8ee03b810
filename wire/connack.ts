import { checkReasonCode } from './ack.js';
import { broken } from './errors.js';
import { PacketType, type ProtocolVersion } from './packet-type.js';
import type { ConnackPacket } from './packets.js';
import { writeProperties } from './property-write.js';
import type { Reader } from './reader.js';
import { RULES } from './rules.js';
import type { Writer } from './writer.js';

/** CONNACK (MQTT 5 §3.2). */
export function readConnack(reader: Reader): ConnackPacket {
  const flags = reader.u8();
  // MQTT 3.1 has no session present flag; its byte is reserved and not looked at (§3.2).
  const sessionPresent = reader.version !== 3 && (flags & 1) === 1;
  if (flags > 1 && reader.version !== 3) throw broken(RULES.CONNACK_FLAGS, reader.version);
  const reasonCode = reader.u8();
  checkConnack(sessionPresent, reasonCode, reader.version);
  const packet: ConnackPacket = { type: 'connack', sessionPresent, reasonCode };
  if (reader.version === 5) {
    const properties = reader.properties(PacketType.CONNACK);
    if (properties !== undefined) packet.properties = properties;
  }
  reader.finish();
  return packet;
}

function checkConnack(sessionPresent: boolean, reasonCode: number, version: ProtocolVersion): void {
  if (version !== 5) {
    if (reasonCode > 5) throw broken(RULES.RETURN_CODE, version, `${reasonCode}`);
  } else {
    checkReasonCode(reasonCode, PacketType.CONNACK);
  }
  if (sessionPresent && reasonCode !== 0) throw broken(RULES.SESSION_PRESENT, version);
}

export function writeConnack(writer: Writer, packet: ConnackPacket): Uint8Array {
  const { version } = writer;
  checkConnack(packet.sessionPresent, packet.reasonCode, version);
  writer.u8(packet.sessionPresent && version !== 3 ? 1 : 0);
  writer.u8(packet.reasonCode);
  if (version === 5) writeProperties(writer, packet.properties, PacketType.CONNACK);
  return writer.finish(PacketType.CONNACK << 4);
}
