import { copyInto } from './copy.js';
import { PacketType, type ProtocolVersion, type Qos } from './packet-type.js';
import { varintBytes, writeVarint } from './varint.js';

function bodyBytes(
  topicBytes: number,
  qos: number,
  propertiesBytes: number,
  payloadBytes: number,
  version: ProtocolVersion,
): number {
  const properties = version === 5 ? varintBytes(propertiesBytes) + propertiesBytes : 0;
  return 2 + topicBytes + (qos === 0 ? 0 : 2) + properties + payloadBytes;
}

/**
 * Size of a whole PUBLISH in bytes, fixed header included. `propertiesBytes` counts the list without its
 * length and is not looked at before MQTT 5.
 */
export function publishBytes(
  topicBytes: number,
  qos: Qos,
  propertiesBytes: number,
  payloadBytes: number,
  version: ProtocolVersion,
): number {
  const body = bodyBytes(topicBytes, qos, propertiesBytes, payloadBytes, version);
  return 1 + varintBytes(body) + body;
}

/**
 * Writes everything of a PUBLISH that comes before its payload at `into[at]` and returns the offset where
 * the payload belongs. The caller has made room (`publishBytes`) and answers for valid fields: a good topic
 * name, a property list without its length, a packet identifier when the flags hold a QoS.
 *
 * @param flags low nibble of the first byte: dup << 3 | qos << 1 | retain
 * @param properties null for none; not looked at before MQTT 5
 */
export function writePublishHead(
  into: Uint8Array,
  at: number,
  flags: number,
  topic: Uint8Array,
  topicStart: number,
  topicEnd: number,
  packetId: number,
  properties: Uint8Array | null,
  propertiesStart: number,
  propertiesEnd: number,
  payloadBytes: number,
  version: ProtocolVersion,
): number {
  const topicBytes = topicEnd - topicStart;
  const propertiesBytes = properties === null ? 0 : propertiesEnd - propertiesStart;
  const qos = flags & 6;
  into[at] = (PacketType.PUBLISH << 4) | flags;
  const body = bodyBytes(topicBytes, qos, propertiesBytes, payloadBytes, version);
  let next = writeVarint(into, at + 1, body);
  into[next] = topicBytes >>> 8;
  into[next + 1] = topicBytes;
  next = copyInto(into, next + 2, topic, topicStart, topicEnd);
  if (qos !== 0) {
    into[next] = packetId >>> 8;
    into[next + 1] = packetId;
    next += 2;
  }
  if (version === 5) {
    next = writeVarint(into, next, propertiesBytes);
    if (properties !== null)
      next = copyInto(into, next, properties, propertiesStart, propertiesEnd);
  }
  return next;
}
