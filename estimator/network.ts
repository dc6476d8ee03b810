/**
 * Bytes on the wire, from the packets alone. Nothing here is measured or fitted.
 *
 * PUBLISH  P = 1 + v(R) + R,  R = 2 + topic + (QoS > 0: 2) + properties + payload,
 * where v(R) is the 1–4 bytes of MQTT's variable length [MQTT-1.5.5] and properties is the one byte
 * of an empty property list of MQTT 5 (3.1.1 has none: one byte too many, never too few).
 * PUBACK, PUBREC, PUBREL and PUBCOMP are 4 bytes, PINGREQ and PINGRESP 2.
 *
 * Each packet travels in segments of its own, of at most 1,448 bytes behind 40 bytes of IPv4 and TCP
 * header, and each exchange ends with one bare TCP acknowledgement of 40 bytes against its last
 * packet. Many small packets to one connection share segments in truth, so this is an upper bound;
 * the Ethernet framing below IP and TLS records are not in it.
 */

const HEADER_BYTES = 40;
/** 1,500 bytes MTU less 40 of headers and 12 of TCP timestamps. */
const SEGMENT_BYTES = 1448;
const ACK_BYTES = 4;
const PING_BYTES = 2;
const EMPTY_PROPERTIES_BYTES = 1;

/** The bytes one exchange puts on the wire, from the side that sends the message and back to it. */
export interface WireBytes {
  forward: number;
  back: number;
}

/** A whole PUBLISH packet, without TCP/IP. */
export function publishPacketBytes(
  qos: 0 | 1 | 2,
  topicBytes: number,
  payloadBytes: number,
): number {
  const remaining = 2 + topicBytes + (qos > 0 ? 2 : 0) + EMPTY_PROPERTIES_BYTES + payloadBytes;
  return 1 + variableLengthBytes(remaining) + remaining;
}

/** MQTT bytes of a message both ways, acknowledgements included, without TCP/IP. */
export function messageMqttBytes(qos: 0 | 1 | 2, topicBytes: number, payloadBytes: number): number {
  const acknowledgements = [0, 1, 3][qos]!;
  return publishPacketBytes(qos, topicBytes, payloadBytes) + acknowledgements * ACK_BYTES;
}

/** One message with its acknowledgements: forward is the direction of the message. */
export function messageWireBytes(
  qos: 0 | 1 | 2,
  topicBytes: number,
  payloadBytes: number,
): WireBytes {
  const publish = onWire(publishPacketBytes(qos, topicBytes, payloadBytes));
  const ack = onWire(ACK_BYTES);
  switch (qos) {
    case 0:
      return { forward: publish, back: HEADER_BYTES };
    case 1:
      return { forward: publish + HEADER_BYTES, back: ack };
    case 2:
      return { forward: publish + ack + HEADER_BYTES, back: ack + ack };
  }
}

/** One PINGREQ and its answer. */
export function pingWireBytes(): WireBytes {
  return { forward: onWire(PING_BYTES) + HEADER_BYTES, back: onWire(PING_BYTES) };
}

function onWire(packetBytes: number): number {
  return packetBytes + HEADER_BYTES * Math.ceil(packetBytes / SEGMENT_BYTES);
}

function variableLengthBytes(value: number): number {
  if (value < 128) return 1;
  if (value < 16_384) return 2;
  return value < 2_097_152 ? 3 : 4;
}
