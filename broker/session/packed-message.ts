import {
  PublishView,
  publishBytes,
  type Qos,
  readPublish,
  writePublishHead,
} from '../../wire/mod.js';
import { copy, Message } from '../routing/mod.js';
import { readPublishProperties } from './publish-properties.js';

/**
 * A message as the MQTT 5 PUBLISH packet it would be sent in now, without packet identifier: the form in which
 * messages are kept outside of the node's memory and handed to other nodes. The Message Expiry Interval is what
 * is left of it.
 */
export function packMessage(message: Message, qos: Qos, retain: boolean, nowMs: number): Buffer {
  const { topic, topicStart, topicEnd, properties, propertiesStart, propertiesEnd } = message;
  const payloadBytes = message.payloadEnd - message.payloadStart;
  const propertyBytes = propertiesEnd - propertiesStart;
  const topicBytes = topicEnd - topicStart;
  const bytes = Buffer.allocUnsafe(publishBytes(topicBytes, qos, propertyBytes, payloadBytes, 5));
  const payloadAt = writePublishHead(
    ...([bytes, 0, (qos << 1) | (retain ? 1 : 0), topic, topicStart, topicEnd] as const),
    ...([qos === 0 ? 0 : 1, properties, propertiesStart, propertiesEnd, payloadBytes, 5] as const),
  );
  copy(message.payload, message.payloadStart, message.payloadEnd, bytes, payloadAt);
  if (message.expiryAt >= 0) {
    const seconds = Math.max(0, Math.ceil((message.expiresAtMs - nowMs) / 1000));
    bytes.writeUInt32BE(seconds, payloadAt - propertyBytes + message.expiryAt - propertiesStart);
  }
  return bytes;
}

/** The other side of `packMessage`: a message that owns its bytes. `bytes` must be a valid MQTT 5 PUBLISH. */
export function unpackMessage(bytes: Uint8Array, nowMs: number): Message {
  const view = new PublishView();
  let bodyStart = 1;
  while ((bytes[bodyStart] as number) >= 0x80) bodyStart++;
  readPublish(bytes, 0, bodyStart + 1, bytes.length, 5, view);
  const message = new Message();
  message.topic = bytes;
  message.topicStart = view.topicStart;
  message.topicEnd = view.topicEnd;
  message.payload = bytes;
  message.payloadStart = view.payloadStart;
  message.payloadEnd = view.payloadEnd;
  message.qos = view.qos;
  message.retain = view.retain;
  message.receivedAtMs = nowMs;
  message.routedAtMs = nowMs;
  readPublishProperties(bytes, view.propertiesStart, view.propertiesEnd, nowMs, message);
  return message.keep();
}
