import { readAck } from './ack.js';
import { readConnack } from './connack.js';
import { readConnect } from './connect.js';
import { readAuth, readDisconnect } from './disconnect.js';
import { firstByteError, isFirstByte } from './first-byte.js';
import { PacketType, type ProtocolVersion } from './packet-type.js';
import type { Packet } from './packets.js';
import { decodePublish } from './publish.js';
import { checkRemainingLength, Reader } from './reader.js';
import { readSuback, readSubscribe } from './subscribe.js';
import { readUnsuback, readUnsubscribe } from './unsubscribe.js';

/**
 * Decodes the whole packet in `bytes[start..end)`, whose body begins at `bodyStart`, as a `Framer` hands it
 * over. The result owns its bytes. For CONNECT `version` is not used: it is in the packet.
 * Throws MqttError for anything the specification of that version forbids, and nothing else.
 */
export function decode(
  bytes: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
): Packet {
  const first = bytes[start]!;
  if (first >> 4 === PacketType.PUBLISH)
    return decodePublish(bytes, start, bodyStart, end, version);
  if (!isFirstByte(first, version)) throw firstByteError(first, version);
  const reader = new Reader(bytes, bodyStart, end, version);
  if (first >> 4 === PacketType.CONNECT) {
    const packet = readConnect(reader);
    if (packet.protocolVersion === 5) checkRemainingLength(start, bodyStart, end);
    return packet;
  }
  if (version === 5) checkRemainingLength(start, bodyStart, end);
  switch (first >> 4) {
    case PacketType.CONNACK:
      return readConnack(reader);
    case PacketType.PUBACK:
      return readAck(reader, 'puback');
    case PacketType.PUBREC:
      return readAck(reader, 'pubrec');
    case PacketType.PUBREL:
      return readAck(reader, 'pubrel');
    case PacketType.PUBCOMP:
      return readAck(reader, 'pubcomp');
    case PacketType.SUBSCRIBE:
      return readSubscribe(reader);
    case PacketType.SUBACK:
      return readSuback(reader);
    case PacketType.UNSUBSCRIBE:
      return readUnsubscribe(reader);
    case PacketType.UNSUBACK:
      return readUnsuback(reader);
    case PacketType.PINGREQ:
      reader.finish();
      return { type: 'pingreq' };
    case PacketType.PINGRESP:
      reader.finish();
      return { type: 'pingresp' };
    case PacketType.DISCONNECT:
      return readDisconnect(reader);
    default:
      return readAuth(reader);
  }
}
