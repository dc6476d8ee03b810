import { MqttError, ReasonCode } from '../../wire/mod.js';
import { copy, type Message } from '../routing/mod.js';

const PAYLOAD_FORMAT = 0x01;
const MESSAGE_EXPIRY = 0x02;
const CONTENT_TYPE = 0x03;
const RESPONSE_TOPIC = 0x08;
const CORRELATION_DATA = 0x09;
const SUBSCRIPTION_IDENTIFIER = 0x0b;
const TOPIC_ALIAS = 0x23;
const USER_PROPERTY = 0x26;

/** A topic alias takes one byte for its name and two for its value. */
const ALIAS_BYTES = 3;

/** Where properties are put together again without their topic alias; good until the next PUBLISH. */
let stripped = new Uint8Array(256);

/**
 * Reads what the node itself needs from the properties of a PUBLISH, which `readPublish` has found well
 * formed, in place: sets `message`'s properties (without the alias, everything else byte for byte as it
 * came [MQTT-3.3.2-17]) and its expiry. Returns the topic alias, 0 if none. Throws MqttError for a
 * Subscription Identifier, which only servers may send [MQTT-3.3.4-6]; from another node (`fromNode`) it comes
 * first and is the number of the session the message is for.
 */
export function readPublishProperties(
  bytes: Uint8Array,
  start: number,
  end: number,
  nowMs: number,
  message: Message,
  fromNode = false,
): number {
  let at = start;
  if (fromNode && at < end && bytes[at] === SUBSCRIPTION_IDENTIFIER) {
    at = readMember(bytes, at + 1, message);
  }
  message.properties = bytes;
  message.propertiesStart = at;
  message.propertiesEnd = end;
  start = at;
  let alias = 0;
  let aliasAt = 0;
  while (at < end) {
    const property = bytes[at] as number;
    const value = at + 1;
    switch (property) {
      case PAYLOAD_FORMAT:
        at = value + 1;
        break;
      case MESSAGE_EXPIRY:
        message.expiryAt = value;
        message.expiresAtMs = nowMs + readUint32(bytes, value) * 1000;
        at = value + 4;
        break;
      case TOPIC_ALIAS:
        alias = readUint16(bytes, value);
        aliasAt = at;
        at = value + 2;
        break;
      case CONTENT_TYPE:
      case RESPONSE_TOPIC:
      case CORRELATION_DATA:
        at = value + 2 + readUint16(bytes, value);
        break;
      case USER_PROPERTY:
        at = value + 2 + readUint16(bytes, value);
        at += 2 + readUint16(bytes, at);
        break;
      case SUBSCRIPTION_IDENTIFIER:
        if (fromNode) {
          at = readMember(bytes, value, message);
          break;
        }
        throw new MqttError(
          'PROTOCOL_ERROR',
          ReasonCode.PROTOCOL_ERROR,
          '[MQTT-3.3.4-6]',
          'a client must not send a Subscription Identifier in PUBLISH',
        );
      default:
        throw new RangeError(`property 0x${property.toString(16)} passed the check of PUBLISH`);
    }
  }
  if (alias !== 0) strip(bytes, start, end, aliasAt, message);
  return alias;
}

/** Reads the number as the variable byte integer it is; returns where it ends. */
function readMember(bytes: Uint8Array, start: number, message: Message): number {
  let at = start;
  let shift = 0;
  do {
    message.member |= ((bytes[at] as number) & 0x7f) << shift;
    shift += 7;
  } while ((bytes[at++] as number) >= 0x80);
  return at;
}

function strip(
  bytes: Uint8Array,
  start: number,
  end: number,
  aliasAt: number,
  message: Message,
): void {
  const length = end - start - ALIAS_BYTES;
  if (stripped.length < length) stripped = new Uint8Array(length);
  copy(bytes, start, aliasAt, stripped, 0);
  copy(bytes, aliasAt + ALIAS_BYTES, end, stripped, aliasAt - start);
  if (message.expiryAt >= 0) {
    message.expiryAt -= start + (message.expiryAt > aliasAt ? ALIAS_BYTES : 0);
  }
  message.properties = stripped;
  message.propertiesStart = 0;
  message.propertiesEnd = length;
}

function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function readUint32(bytes: Uint8Array, at: number): number {
  return readUint16(bytes, at) * 65_536 + readUint16(bytes, at + 2);
}
