import { broken } from './errors.js';
import { PacketType, type ProtocolVersion } from './packet-type.js';
import { checkProperties } from './property-check.js';
import { propertiesStart } from './reader.js';
import { isReasonCodeAllowed } from './reason-code.js';
import { REASON_CODE_RULES, RULES } from './rules.js';
import { readVarint } from './varint.js';

/** The whole PINGREQ. Shared: write it out, do not change it. */
export const PINGREQ: Uint8Array = Uint8Array.of(PacketType.PINGREQ << 4, 0);
/** The whole PINGRESP. Shared: write it out, do not change it. */
export const PINGRESP: Uint8Array = Uint8Array.of(PacketType.PINGRESP << 4, 0);

/** First bytes of PUBACK, PUBREC, PUBREL (whose reserved flags are 2) and PUBCOMP, by packet type. */
const ACK_FIRST = Uint8Array.of(0, 0, 0, 0, 0x40, 0x50, 0x62, 0x70);

/** Packet identifier of a PUBACK, PUBREC, PUBREL or PUBCOMP body. Throws MqttError if cut short or 0. */
export function readAckPacketId(bytes: Uint8Array, bodyStart: number, end: number): number {
  if (bodyStart + 2 > end) throw broken(RULES.TRUNCATED, 5, 'packet identifier');
  const packetId = (bytes[bodyStart]! << 8) | bytes[bodyStart + 1]!;
  if (packetId === 0) throw broken(RULES.ACK_PACKET_ID, 5);
  return packetId;
}

/**
 * Reason code of a PUBACK, PUBREC, PUBREL or PUBCOMP body, 0 when left out. Judges all that follows the
 * packet identifier, properties too, as `decode` does, but for one thing: not knowing which of the four it
 * reads, it takes a code that any of them may carry. Throws MqttError.
 */
export function readAckReasonCode(
  bytes: Uint8Array,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
): number {
  const at = bodyStart + 2;
  if (at === end) return 0;
  if (at > end) throw broken(RULES.TRUNCATED, version, 'packet identifier');
  if (version !== 5) throw broken(RULES.TRAILING, version, `${end - at}`);
  const code = bytes[at]!;
  if (
    !isReasonCodeAllowed(code, PacketType.PUBACK) &&
    !isReasonCodeAllowed(code, PacketType.PUBREL)
  ) {
    throw broken(REASON_CODE_RULES[PacketType.PUBACK]!, 5, `0x${code.toString(16)}`);
  }
  if (at + 1 < end) {
    const start = propertiesStart(bytes, at + 1, end);
    const listEnd = start + readVarint(bytes, at + 1, end);
    checkProperties(bytes, start, listEnd, PacketType.PUBACK);
    if (listEnd !== end) throw broken(RULES.TRAILING, 5, `${end - listEnd}`);
  }
  return code;
}

/** Writes a PUBACK (4), PUBREC (5), PUBREL (6) or PUBCOMP (7) of success: 4 bytes. Returns the next offset. */
export function writeAck(
  into: Uint8Array,
  at: number,
  type: 4 | 5 | 6 | 7,
  packetId: number,
): number {
  into[at] = ACK_FIRST[type]!;
  into[at + 1] = 2;
  into[at + 2] = packetId >>> 8;
  into[at + 3] = packetId;
  return at + 4;
}
