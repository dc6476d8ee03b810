import { broken } from './errors.js';
import { PacketType, type ProtocolVersion, type Qos } from './packet-type.js';
import type { ConnectPacket, Will } from './packets.js';
import { WILL } from './properties.js';
import { writeProperties } from './property-write.js';
import type { Reader } from './reader.js';
import { RULES } from './rules.js';
import type { Writer } from './writer.js';

/** Connect flags (MQTT 5 §3.1.2.3). */
const RESERVED = 0x01;
const CLEAN_START = 0x02;
const WILL_FLAG = 0x04;
const WILL_QOS_SHIFT = 3;
const WILL_RETAIN = 0x20;
const PASSWORD = 0x40;
const USER_NAME = 0x80;

/** CONNECT (MQTT 5 §3.1). The version is in the packet; the reader's is set to it. */
export function readConnect(reader: Reader): ConnectPacket {
  const version = readVersion(reader);
  reader.version = version;
  const flags = reader.u8();
  checkFlags(flags, version);
  const packet: ConnectPacket = {
    type: 'connect',
    protocolVersion: version,
    cleanStart: (flags & CLEAN_START) !== 0,
    keepAliveSeconds: reader.u16(),
    clientId: '',
  };
  if (version === 5) {
    const properties = reader.properties(PacketType.CONNECT);
    if (properties !== undefined) packet.properties = properties;
  }
  packet.clientId = reader.string('client identifier');
  if ((flags & WILL_FLAG) !== 0) packet.will = readWill(reader, flags);
  // In MQTT 3.1 the remaining length goes before these flags: a flagged field may be missing (§3.1).
  const mayEnd = version === 3;
  if ((flags & USER_NAME) !== 0 && !(mayEnd && reader.left === 0)) {
    packet.username = reader.string('user name');
  }
  if ((flags & PASSWORD) !== 0 && !(mayEnd && reader.left === 0)) packet.password = reader.binary();
  reader.finish();
  return packet;
}

/** The name goes with the version: "MQIsdp" with 3, "MQTT" with 4 and 5. */
function readVersion(reader: Reader): ProtocolVersion {
  const name = reader.string('protocol name');
  if (name !== 'MQTT' && name !== 'MQIsdp') {
    throw broken(RULES.PROTOCOL_NAME, reader.version, JSON.stringify(name.slice(0, 16)));
  }
  const version = reader.u8();
  if (name === 'MQIsdp' && version === 3) return 3;
  if (name === 'MQTT' && (version === 4 || version === 5)) return version;
  throw broken(RULES.PROTOCOL_VERSION, reader.version, `${name} ${version}`);
}

function checkFlags(flags: number, version: ProtocolVersion): void {
  const willQos = (flags >> WILL_QOS_SHIFT) & 3;
  if ((flags & WILL_FLAG) !== 0) {
    if (willQos === 3) throw broken(RULES.WILL_QOS, version);
  } else if (version !== 3) {
    // MQTT 3.1 calls these bits unused when there is no will (§3.1).
    if (willQos !== 0) throw broken(RULES.WILL_QOS_ALONE, version);
    if ((flags & WILL_RETAIN) !== 0) throw broken(RULES.WILL_RETAIN_ALONE, version);
  }
  if ((flags & RESERVED) !== 0 && version !== 3) throw broken(RULES.CONNECT_RESERVED, version);
  if (version !== 5 && (flags & (USER_NAME | PASSWORD)) === PASSWORD) {
    throw broken(RULES.PASSWORD_ALONE, version);
  }
}

function readWill(reader: Reader, flags: number): Will {
  const properties = reader.version === 5 ? reader.properties(WILL) : undefined;
  const will: Will = {
    topic: reader.topicName('will topic'),
    payload: reader.binary(),
    qos: ((flags >> WILL_QOS_SHIFT) & 3) as Qos,
    retain: (flags & WILL_RETAIN) !== 0,
  };
  if (properties !== undefined) will.properties = properties;
  return will;
}

export function writeConnect(writer: Writer, packet: ConnectPacket): Uint8Array {
  const { protocolVersion: version, will, username, password } = packet;
  if (version !== 3 && version !== 4 && version !== 5) {
    throw broken(RULES.PROTOCOL_VERSION, 5, `${version}`);
  }
  writer.begin(version);
  writer.string(version === 3 ? 'MQIsdp' : 'MQTT', 'protocol name');
  writer.u8(version);
  if (will !== undefined && will.qos !== 0 && will.qos !== 1 && will.qos !== 2) {
    throw broken(RULES.WILL_QOS, version, `${will.qos}`);
  }
  const flags =
    (packet.cleanStart ? CLEAN_START : 0) |
    (will === undefined ? 0 : WILL_FLAG | (will.qos << WILL_QOS_SHIFT)) |
    (will?.retain ? WILL_RETAIN : 0) |
    (password === undefined ? 0 : PASSWORD) |
    (username === undefined ? 0 : USER_NAME);
  checkFlags(flags, version);
  writer.u8(flags);
  writer.u16(packet.keepAliveSeconds, 'keep alive');
  if (version === 5) writeProperties(writer, packet.properties, PacketType.CONNECT);
  writer.string(packet.clientId, 'client identifier');
  if (will !== undefined) {
    if (version === 5) writeProperties(writer, will.properties, WILL);
    writer.topicName(will.topic, 'will topic');
    writer.binary(will.payload, 'will payload');
  }
  if (username !== undefined) writer.string(username, 'user name');
  if (password !== undefined) writer.binary(password, 'password');
  return writer.finish(PacketType.CONNECT << 4);
}
