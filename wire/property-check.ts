import { broken } from './errors.js';
import { PacketType, packetTypeName } from './packet-type.js';
import { PROPERTIES, PropertyIndex, PropertyKind, WILL } from './properties.js';
import { RULES } from './rules.js';
import { checkTopicName } from './topic-bytes.js';
import { UTF8_NUL, utf8Fault } from './utf8.js';
import { readVarint, VARINT_TOO_LONG, varintBytes, varintEnd } from './varint.js';

const NONE = 0xff;
const INDEX_OF_ID = new Uint8Array(256).fill(NONE);
const KIND = new Uint8Array(PROPERTIES.length);
/** One bit for each packet type (bit 0: will properties) that may carry the property. */
const PLACES = new Uint16Array(PROPERTIES.length);
PROPERTIES.forEach((property, index) => {
  INDEX_OF_ID[property.id] = index;
  KIND[index] = property.kind;
  for (const type of property.packets) PLACES[index] = PLACES[index]! | (1 << type);
});

const TOPIC_ALIAS = PropertyIndex.topicAlias;
const RECEIVE_MAXIMUM = PropertyIndex.receiveMaximum;
const MAXIMUM_PACKET_SIZE = PropertyIndex.maximumPacketSize;
const RESPONSE_TOPIC = PropertyIndex.responseTopic;
const USER_PROPERTIES = PropertyIndex.userProperties;
const SUBSCRIPTION_IDENTIFIERS = PropertyIndex.subscriptionIdentifiers;
const AUTH_METHOD_BIT = 1 << PropertyIndex.authenticationMethod;
const AUTH_DATA_BIT = 1 << PropertyIndex.authenticationData;

/** The bit of topic alias in what `checkProperties` answers. */
export const TOPIC_ALIAS_BIT = 1 << TOPIC_ALIAS;
/** The bit of authentication method in what `checkProperties` answers. */
export const AUTHENTICATION_METHOD_BIT = AUTH_METHOD_BIT;

/**
 * Judges the property list in `bytes[start..end)` (after its length) for a packet type, or for a will with
 * `WILL`, and answers the set of properties seen, bit `PropertyIndex[name]` for each. Allocates nothing.
 * Throws MqttError when a property is unknown, misplaced, repeated, cut short or has a value it may not have.
 */
export function checkProperties(
  bytes: Uint8Array,
  start: number,
  end: number,
  packetType: number,
): number {
  let seen = 0;
  let at = start;
  while (at < end) {
    // Identifiers are variable byte integers, but all that exist fit one byte (§2.2.2.2).
    const index = INDEX_OF_ID[bytes[at]!]!;
    if (index === NONE) throw broken(RULES.PROPERTY_UNKNOWN, 5, `0x${bytes[at]!.toString(16)}`);
    if ((PLACES[index]! & (1 << packetType)) === 0) {
      throw broken(RULES.PROPERTY_PLACE, 5, `${nameOf(index)} in ${placeName(packetType)}`);
    }
    const bit = 1 << index;
    if ((seen & bit) !== 0 && !mayRepeat(index, packetType)) {
      throw broken(RULES.PROPERTY_TWICE, 5, nameOf(index));
    }
    seen |= bit;
    at = checkValue(bytes, at + 1, end, index);
  }
  if ((seen & AUTH_DATA_BIT) !== 0 && (seen & AUTH_METHOD_BIT) === 0) {
    throw broken(RULES.AUTH_DATA_ALONE, 5);
  }
  return seen;
}

function mayRepeat(index: number, packetType: number): boolean {
  if (index === USER_PROPERTIES) return true;
  return index === SUBSCRIPTION_IDENTIFIERS && packetType === PacketType.PUBLISH;
}

/** Judges one value and answers the offset after it. */
function checkValue(bytes: Uint8Array, at: number, end: number, index: number): number {
  switch (KIND[index]) {
    case PropertyKind.BIT:
    case PropertyKind.BOOLEAN:
      within(at + 1, end, index);
      if (bytes[at]! > 1) throw broken(RULES.PROPERTY_VALUE, 5, `${nameOf(index)} ${bytes[at]}`);
      return at + 1;
    case PropertyKind.U16:
      within(at + 2, end, index);
      if ((bytes[at]! | bytes[at + 1]!) === 0) checkZero(index);
      return at + 2;
    case PropertyKind.U32:
      within(at + 4, end, index);
      if ((bytes[at]! | bytes[at + 1]! | bytes[at + 2]! | bytes[at + 3]!) === 0) checkZero(index);
      return at + 4;
    case PropertyKind.VARINT: {
      const value = readVarint(bytes, at, end);
      if (value === VARINT_TOO_LONG) throw broken(RULES.VARINT, 5, nameOf(index));
      if (value < 0) throw broken(RULES.PROPERTY_LENGTH, 5, nameOf(index));
      const next = varintEnd(bytes, at);
      if (next - at !== varintBytes(value)) throw broken(RULES.NOT_SHORTEST, 5, nameOf(index));
      if (value === 0) checkZero(index);
      return next;
    }
    case PropertyKind.BINARY:
      return lengthPrefixedEnd(bytes, at, end, index);
    case PropertyKind.PAIR:
      return checkString(bytes, checkString(bytes, at, end, index), end, index);
    default:
      return checkString(bytes, at, end, index);
  }
}

function checkString(bytes: Uint8Array, at: number, end: number, index: number): number {
  const next = lengthPrefixedEnd(bytes, at, end, index);
  const fault = utf8Fault(bytes, at + 2, next);
  if (fault !== 0) throw broken(fault === UTF8_NUL ? RULES.NUL : RULES.UTF8, 5, nameOf(index));
  if (index === RESPONSE_TOPIC) {
    checkTopicName(bytes, at + 2, next, 5, RULES.RESPONSE_TOPIC);
    if (next === at + 2) throw broken(RULES.TOPIC_EMPTY, 5, 'responseTopic');
  }
  return next;
}

function lengthPrefixedEnd(bytes: Uint8Array, at: number, end: number, index: number): number {
  within(at + 2, end, index);
  const next = at + 2 + ((bytes[at]! << 8) | bytes[at + 1]!);
  within(next, end, index);
  return next;
}

function within(next: number, end: number, index: number): void {
  if (next > end) throw broken(RULES.PROPERTY_LENGTH, 5, nameOf(index));
}

/** Zero is a value like any other except in these four (§3.1.2.11.3, §3.1.2.11.4, §3.3.2.3.4, §3.8.2.1.2). */
function checkZero(index: number): void {
  if (index === TOPIC_ALIAS) throw broken(RULES.TOPIC_ALIAS, 5);
  if (
    index === RECEIVE_MAXIMUM ||
    index === MAXIMUM_PACKET_SIZE ||
    index === SUBSCRIPTION_IDENTIFIERS
  ) {
    throw broken(RULES.PROPERTY_VALUE, 5, `${nameOf(index)} 0`);
  }
}

function nameOf(index: number): string {
  return PROPERTIES[index]!.name;
}

function placeName(packetType: number): string {
  return packetType === WILL ? 'a will' : packetTypeName(packetType);
}
