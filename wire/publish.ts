import { copyOf } from './copy.js';
import { broken } from './errors.js';
import { PacketType, type ProtocolVersion } from './packet-type.js';
import type { PublishPacket } from './packets.js';
import { readProperties } from './property-read.js';
import { writeProperties } from './property-write.js';
import { PublishView, readPublish } from './publish-view.js';
import { RULES } from './rules.js';
import { utf8String } from './utf8.js';
import { varintEnd } from './varint.js';
import type { Writer } from './writer.js';

/** Scratch of the two functions below, which do not call back into anything. */
const view = new PublishView();

/** PUBLISH (MQTT 5 §3.3) in full: the view judges, this copies out. */
export function decodePublish(
  bytes: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
): PublishPacket {
  readPublish(bytes, start, bodyStart, end, version, view);
  const packet: PublishPacket = {
    type: 'publish',
    topic: utf8String(bytes, view.topicStart, view.topicEnd),
    payload: copyOf(bytes, view.payloadStart, view.payloadEnd),
    qos: view.qos,
    retain: view.retain,
    dup: view.dup,
  };
  if (view.qos !== 0) packet.packetId = view.packetId;
  if (view.propertiesStart !== view.propertiesEnd) {
    packet.properties = readProperties(bytes, view.propertiesStart, view.propertiesEnd);
  }
  return packet;
}

export function writePublish(writer: Writer, packet: PublishPacket): Uint8Array {
  const { qos } = packet;
  if (qos !== 0 && qos !== 1 && qos !== 2) throw broken(RULES.QOS, writer.version, `${qos}`);
  writer.string(packet.topic, 'topic name');
  if (qos !== 0) writer.u16(packet.packetId ?? 0, 'packet identifier');
  if (writer.version === 5) writeProperties(writer, packet.properties, PacketType.PUBLISH);
  writer.raw(packet.payload);
  const flags = (packet.dup ? 8 : 0) | (qos << 1) | (packet.retain ? 1 : 0);
  const bytes = writer.finish((PacketType.PUBLISH << 4) | (flags & 0x0f));
  // What a receiver would refuse is refused here, by the same judge.
  readPublish(bytes, 0, varintEnd(bytes, 1), bytes.length, writer.version, view);
  return bytes;
}
