import { broken } from './errors.js';
import { PacketType, type ProtocolVersion, type Qos } from './packet-type.js';
import { checkProperties, TOPIC_ALIAS_BIT } from './property-check.js';
import { checkRemainingLength, propertiesStart } from './reader.js';
import { RULES } from './rules.js';
import { checkTopicName } from './topic-bytes.js';
import { readVarint } from './varint.js';

/** Where the fields of a PUBLISH lie in the buffer it was read from; offsets end exclusively. */
export class PublishView {
  qos: Qos = 0;
  dup = false;
  retain = false;
  topicStart = 0;
  topicEnd = 0;
  /** 0 when QoS is 0. */
  packetId = 0;
  /** After the property length; equal to `propertiesEnd` when there are none, and always before MQTT 5. */
  propertiesStart = 0;
  propertiesEnd = 0;
  payloadStart = 0;
  payloadEnd = 0;
}

/**
 * Reads the PUBLISH in `bytes[start..end)`, whose body begins at `bodyStart`, into `into` without copying.
 * Judges everything `decode` judges, the property list too; throws MqttError, and then `into` is unchanged
 * or half changed.
 */
export function readPublish(
  bytes: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
  into: PublishView,
): void {
  const first = bytes[start]!;
  const qos = (first >> 1) & 3;
  if (qos === 3) throw broken(RULES.QOS, version);
  const dup = (first & 0x08) !== 0;
  if (qos === 0 && dup) throw broken(RULES.DUP, version);
  if (version === 5 && bodyStart - start > 2) checkRemainingLength(start, bodyStart, end);

  const topicStart = bodyStart + 2;
  if (topicStart > end) throw broken(RULES.TRUNCATED, version, 'topic name');
  const topicEnd = topicStart + ((bytes[bodyStart]! << 8) | bytes[bodyStart + 1]!);
  if (topicEnd > end) throw broken(RULES.TRUNCATED, version, 'topic name');
  checkTopicName(bytes, topicStart, topicEnd, version, RULES.TOPIC_WILDCARD);

  let at = topicEnd;
  let packetId = 0;
  if (qos !== 0) {
    at += 2;
    if (at > end) throw broken(RULES.TRUNCATED, version, 'packet identifier');
    packetId = (bytes[topicEnd]! << 8) | bytes[topicEnd + 1]!;
    if (packetId === 0) throw broken(RULES.PACKET_ID, version);
  }

  into.propertiesStart = at;
  let seen = 0;
  if (version === 5) {
    if (at < end && bytes[at] === 0) {
      at += 1;
      into.propertiesStart = at;
    } else {
      const lengthAt = at;
      at = propertiesStart(bytes, lengthAt, end);
      into.propertiesStart = at;
      at += readVarint(bytes, lengthAt, end);
      seen = checkProperties(bytes, into.propertiesStart, at, PacketType.PUBLISH);
    }
  }
  if (topicStart === topicEnd && (seen & TOPIC_ALIAS_BIT) === 0) {
    throw broken(version === 5 ? RULES.TOPIC_MISSING : RULES.TOPIC_EMPTY, version);
  }

  into.qos = qos as Qos;
  into.dup = dup;
  into.retain = (first & 1) === 1;
  into.topicStart = topicStart;
  into.topicEnd = topicEnd;
  into.packetId = packetId;
  into.propertiesEnd = at;
  into.payloadStart = at;
  into.payloadEnd = end;
}
