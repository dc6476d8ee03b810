import { checkReasonCode } from './ack.js';
import { broken } from './errors.js';
import { PacketType, type Qos } from './packet-type.js';
import type { SubackPacket, SubscribePacket, Subscription } from './packets.js';
import { writeProperties } from './property-write.js';
import type { Reader } from './reader.js';
import { RULES } from './rules.js';
import { checkFilter, isShared } from './topic-filter.js';
import type { Writer } from './writer.js';

/** Subscription options (MQTT 5 §3.8.3.1); before MQTT 5 only the QoS bits exist. */
const NO_LOCAL = 0x04;
const RETAIN_AS_PUBLISHED = 0x08;
const RETAIN_HANDLING_SHIFT = 4;
const RESERVED_5 = 0xc0;
const RESERVED_4 = 0xfc;

/** SUBSCRIBE (MQTT 5 §3.8). */
export function readSubscribe(reader: Reader): SubscribePacket {
  const packetId = reader.packetId(RULES.PACKET_ID);
  const packet: SubscribePacket = { type: 'subscribe', packetId, subscriptions: [] };
  if (reader.version === 5) {
    const properties = reader.properties(PacketType.SUBSCRIBE);
    if (properties !== undefined) packet.properties = properties;
  }
  if (reader.left === 0) throw broken(RULES.SUBSCRIBE_EMPTY, reader.version);
  while (reader.left > 0) packet.subscriptions.push(readSubscription(reader));
  return packet;
}

function readSubscription(reader: Reader): Subscription {
  const { version } = reader;
  const filter = reader.string('topic filter');
  checkFilter(filter, version);
  const options = reader.u8();
  if ((options & (version === 5 ? RESERVED_5 : RESERVED_4)) !== 0) {
    throw broken(RULES.SUBSCRIBE_RESERVED, version);
  }
  const qos = options & 3;
  if (qos === 3) throw broken(RULES.SUBSCRIBE_QOS, version);
  const retainHandling = options >> RETAIN_HANDLING_SHIFT;
  if (retainHandling === 3) throw broken(RULES.RETAIN_HANDLING, version);
  const noLocal = (options & NO_LOCAL) !== 0;
  if (noLocal && isShared(filter)) throw broken(RULES.NO_LOCAL_SHARED, version);
  return {
    filter,
    qos: qos as Qos,
    noLocal,
    retainAsPublished: (options & RETAIN_AS_PUBLISHED) !== 0,
    retainHandling: retainHandling as 0 | 1 | 2,
  };
}

export function writeSubscribe(writer: Writer, packet: SubscribePacket): Uint8Array {
  const { version } = writer;
  writer.packetId(packet.packetId, RULES.PACKET_ID);
  if (version === 5) writeProperties(writer, packet.properties, PacketType.SUBSCRIBE);
  if (packet.subscriptions.length === 0) throw broken(RULES.SUBSCRIBE_EMPTY, version);
  for (const { filter, qos, noLocal, retainAsPublished, retainHandling } of packet.subscriptions) {
    checkFilter(filter, version);
    writer.string(filter, 'topic filter');
    if (qos !== 0 && qos !== 1 && qos !== 2) throw broken(RULES.SUBSCRIBE_QOS, version, `${qos}`);
    let options: number = qos;
    if (version === 5) {
      if (retainHandling !== 0 && retainHandling !== 1 && retainHandling !== 2) {
        throw broken(RULES.RETAIN_HANDLING, version, `${retainHandling}`);
      }
      if (noLocal && isShared(filter)) throw broken(RULES.NO_LOCAL_SHARED, version);
      options |= retainHandling << RETAIN_HANDLING_SHIFT;
      if (noLocal) options |= NO_LOCAL;
      if (retainAsPublished) options |= RETAIN_AS_PUBLISHED;
    }
    writer.u8(options);
  }
  return writer.finish((PacketType.SUBSCRIBE << 4) | 2);
}

/** SUBACK (MQTT 5 §3.9). */
export function readSuback(reader: Reader): SubackPacket {
  const packetId = reader.packetId(RULES.SUBACK_PACKET_ID);
  const packet: SubackPacket = { type: 'suback', packetId, reasonCodes: [] };
  if (reader.version === 5) {
    const properties = reader.properties(PacketType.SUBACK);
    if (properties !== undefined) packet.properties = properties;
  }
  if (reader.left === 0) throw broken(RULES.SUBACK_EMPTY, reader.version);
  while (reader.left > 0) {
    const code = reader.u8();
    checkSubackCode(code, reader.version);
    packet.reasonCodes.push(code);
  }
  return packet;
}

function checkSubackCode(code: number, version: number): void {
  if (version === 5) checkReasonCode(code, PacketType.SUBACK);
  else if (code > 2 && code !== 0x80) throw broken(RULES.SUBACK_CODE, version, `${code}`);
}

export function writeSuback(writer: Writer, packet: SubackPacket): Uint8Array {
  const { version } = writer;
  writer.packetId(packet.packetId, RULES.SUBACK_PACKET_ID);
  if (version === 5) writeProperties(writer, packet.properties, PacketType.SUBACK);
  if (packet.reasonCodes.length === 0) throw broken(RULES.SUBACK_EMPTY, version);
  for (const code of packet.reasonCodes) {
    checkSubackCode(code, version);
    writer.u8(code);
  }
  return writer.finish(PacketType.SUBACK << 4);
}
