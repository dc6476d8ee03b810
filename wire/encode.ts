import { writeAck } from './ack.js';
import { writeConnack } from './connack.js';
import { writeConnect } from './connect.js';
import { writeAuth, writeDisconnect } from './disconnect.js';
import { PacketType, type ProtocolVersion } from './packet-type.js';
import type { Packet } from './packets.js';
import { writePublish } from './publish.js';
import { writeSuback, writeSubscribe } from './subscribe.js';
import { writeUnsuback, writeUnsubscribe } from './unsubscribe.js';
import { Writer } from './writer.js';

/** One for all: `encode` finishes a packet before it returns. */
const writer = new Writer();

/**
 * The bytes of a packet, in an array of its own. For CONNECT the packet's own version counts. What a
 * version has no place for is left out (properties, subscription options and acknowledgement reason codes
 * before MQTT 5), so that a packet of MQTT 5 can be passed on to an older client.
 * Throws MqttError when `decode` would refuse the result.
 */
export function encode(packet: Packet, version: ProtocolVersion): Uint8Array {
  writer.begin(version);
  switch (packet.type) {
    case 'connect':
      return writeConnect(writer, packet);
    case 'connack':
      return writeConnack(writer, packet);
    case 'publish':
      return writePublish(writer, packet);
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return writeAck(writer, packet);
    case 'subscribe':
      return writeSubscribe(writer, packet);
    case 'suback':
      return writeSuback(writer, packet);
    case 'unsubscribe':
      return writeUnsubscribe(writer, packet);
    case 'unsuback':
      return writeUnsuback(writer, packet);
    case 'pingreq':
      return writer.finish(PacketType.PINGREQ << 4);
    case 'pingresp':
      return writer.finish(PacketType.PINGRESP << 4);
    case 'disconnect':
      return writeDisconnect(writer, packet);
    case 'auth':
      return writeAuth(writer, packet);
  }
}
