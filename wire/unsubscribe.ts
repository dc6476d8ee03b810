import { checkReasonCode } from './ack.js';
import { broken } from './errors.js';
import { PacketType } from './packet-type.js';
import type { UnsubackPacket, UnsubscribePacket } from './packets.js';
import { writeProperties } from './property-write.js';
import type { Reader } from './reader.js';
import { RULES } from './rules.js';
import { checkFilter } from './topic-filter.js';
import type { Writer } from './writer.js';

/** UNSUBSCRIBE (MQTT 5 §3.10). */
export function readUnsubscribe(reader: Reader): UnsubscribePacket {
  const { version } = reader;
  const packetId = reader.packetId(RULES.PACKET_ID);
  const packet: UnsubscribePacket = { type: 'unsubscribe', packetId, filters: [] };
  if (version === 5) {
    const properties = reader.properties(PacketType.UNSUBSCRIBE);
    if (properties !== undefined) packet.properties = properties;
  }
  if (reader.left === 0) throw broken(RULES.UNSUBSCRIBE_EMPTY, version);
  while (reader.left > 0) {
    const filter = reader.string('topic filter');
    checkFilter(filter, version);
    packet.filters.push(filter);
  }
  return packet;
}

export function writeUnsubscribe(writer: Writer, packet: UnsubscribePacket): Uint8Array {
  const { version } = writer;
  writer.packetId(packet.packetId, RULES.PACKET_ID);
  if (version === 5) writeProperties(writer, packet.properties, PacketType.UNSUBSCRIBE);
  if (packet.filters.length === 0) throw broken(RULES.UNSUBSCRIBE_EMPTY, version);
  for (const filter of packet.filters) {
    checkFilter(filter, version);
    writer.string(filter, 'topic filter');
  }
  return writer.finish((PacketType.UNSUBSCRIBE << 4) | 2);
}

/** UNSUBACK (MQTT 5 §3.11). Before MQTT 5 it has no payload. */
export function readUnsuback(reader: Reader): UnsubackPacket {
  const packetId = reader.packetId(RULES.SUBACK_PACKET_ID);
  const packet: UnsubackPacket = { type: 'unsuback', packetId, reasonCodes: [] };
  if (reader.version === 5) {
    const properties = reader.properties(PacketType.UNSUBACK);
    if (properties !== undefined) packet.properties = properties;
    if (reader.left === 0) throw broken(RULES.UNSUBACK_EMPTY, 5);
    while (reader.left > 0) {
      const code = reader.u8();
      checkReasonCode(code, PacketType.UNSUBACK);
      packet.reasonCodes.push(code);
    }
  }
  reader.finish();
  return packet;
}

export function writeUnsuback(writer: Writer, packet: UnsubackPacket): Uint8Array {
  writer.packetId(packet.packetId, RULES.SUBACK_PACKET_ID);
  if (writer.version === 5) {
    writeProperties(writer, packet.properties, PacketType.UNSUBACK);
    if (packet.reasonCodes.length === 0) throw broken(RULES.UNSUBACK_EMPTY, 5);
    for (const code of packet.reasonCodes) {
      checkReasonCode(code, PacketType.UNSUBACK);
      writer.u8(code);
    }
  }
  return writer.finish(PacketType.UNSUBACK << 4);
}
