import {
  type ConnackPacket,
  type ConnackProperties,
  type ConnectPacket,
  ConnectReturnCode,
  decode,
  encode,
  isReasonCodeAllowed,
  MqttError,
  PacketType,
  ReasonCode,
} from '../../wire/mod.js';
import { CONNECTS_REFUSED, countSent, PACKETS_MALFORMED, TOO_DEEP } from '../routing/mod.js';
import { type Channel, expiryMs, type Ingress, isSystemTopic } from './channel.js';
import type { Session } from './session.js';
import { prepareWill } from './will.js';

/** Clients: their sessions are the node's, and the node's own topics are not theirs. */
export const CLIENTS: Ingress = {
  fromNode: false,
  accept: acceptConnect,
  publish: (channel, message) =>
    isSystemTopic(message) ? TOO_DEEP : channel.node.router.publish(message, channel),
  left: (channel, session, nowMs) => {
    if (session.connection === channel) channel.node.sessions.detach(session, nowMs);
  },
};

/** Handles a CONNECT: opens or resumes the session and answers, once the cluster agrees if there is one. */
export function acceptConnect(
  channel: Channel,
  bytes: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  nowMs: number,
): 'open' | 'refused' | 'later' {
  const { node } = channel;
  let packet: ConnectPacket;
  try {
    packet = decode(bytes, start, bodyStart, end, 5) as ConnectPacket;
  } catch (error) {
    if (!(error instanceof MqttError)) throw error;
    node.counters[PACKETS_MALFORMED]!++;
    refuseUnread(channel, bytes, bodyStart, end, error);
    return 'refused';
  }
  channel.version = packet.protocolVersion;
  channel.maximumPacketSize = packet.properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY;
  channel.receiveMaximum = packet.properties?.receiveMaximum ?? 65_535;
  const refusal = whyRefused(packet);
  if (refusal !== undefined) {
    refuse(channel, refusal);
    return 'refused';
  }
  const clientId = packet.clientId === '' ? node.assignClientId() : packet.clientId;
  const properties = packet.protocolVersion === 5 ? offer(channel, packet, clientId) : undefined;
  if (properties !== undefined && !takesAnswer(channel, properties)) {
    // Without CONNACK nothing may follow [MQTT-3.2.0-1]: there is no connection to open.
    refuse(channel, {
      reasonCode: ReasonCode.PACKET_TOO_LARGE,
      returnCode: ConnectReturnCode.SERVER_UNAVAILABLE,
    });
    return 'refused';
  }
  if (node.registry === undefined) {
    open(channel, packet, clientId, properties, nowMs);
    return 'open';
  }
  node.registry.claim(clientId, packet.cleanStart, (claim, laterMs) => {
    if (channel.isClosed) {
      // What came from another node stays here, for the client to come back to.
      if (claim !== undefined && !node.sessions.keep(clientId, claim, laterMs)) {
        node.registry?.release(clientId, claim);
      }
      return;
    }
    if (claim === undefined) refuse(channel, NOT_AGREED);
    else open(channel, packet, clientId, properties, laterMs).claim = claim;
    channel.proceed(claim !== undefined, laterMs);
  });
  return 'later';
}

/** The cluster cannot say whose the client identifier is: try again, perhaps at another node. */
const NOT_AGREED: Refusal = {
  reasonCode: ReasonCode.SERVER_UNAVAILABLE,
  returnCode: ConnectReturnCode.SERVER_UNAVAILABLE,
};

function open(
  channel: Channel,
  packet: ConnectPacket,
  clientId: string,
  properties: ConnackProperties | undefined,
  nowMs: number,
): Session {
  const { node } = channel;
  const { session, present } = node.sessions.open(clientId, packet.cleanStart, nowMs);
  session.expiryMs = sessionExpiryMs(packet, node.limits.sessionExpirySeconds);
  session.will = packet.will === undefined ? undefined : prepareWill(packet.will, nowMs);
  session.username = packet.username;
  session.version = packet.protocolVersion;
  session.cleanStart = packet.cleanStart;
  session.keepAliveSeconds = packet.keepAliveSeconds;
  channel.open(session, packet.keepAliveSeconds * 1500);
  const connack: ConnackPacket = {
    type: 'connack',
    // MQTT 3.1 has no such flag; its byte is reserved.
    sessionPresent: present && packet.protocolVersion !== 3,
    reasonCode: ReasonCode.SUCCESS,
  };
  if (properties !== undefined) connack.properties = properties;
  channel.send(connack);
  node.sessions.attach(session, channel, nowMs);
  return session;
}

/** A refusal in the codes of both generations. */
interface Refusal {
  reasonCode: number;
  returnCode: number;
}

function whyRefused(packet: ConnectPacket): Refusal | undefined {
  const { clientId, cleanStart, protocolVersion, properties } = packet;
  if (clientId === '' && (protocolVersion === 3 || (protocolVersion === 4 && !cleanStart))) {
    // [MQTT-3.1.3-8] of 3.1.1; in 3.1 an identifier has at least one character.
    return {
      reasonCode: ReasonCode.CLIENT_IDENTIFIER_NOT_VALID,
      returnCode: ConnectReturnCode.IDENTIFIER_REJECTED,
    };
  }
  if (/^\$SYS(\/|$)/.test(packet.will?.topic ?? '')) {
    return {
      reasonCode: ReasonCode.NOT_AUTHORIZED,
      returnCode: ConnectReturnCode.NOT_AUTHORIZED,
    };
  }
  if (properties?.authenticationMethod !== undefined) {
    return {
      reasonCode: ReasonCode.BAD_AUTHENTICATION_METHOD,
      returnCode: ConnectReturnCode.NOT_AUTHORIZED,
    };
  }
  return undefined;
}

function refuse(channel: Channel, { reasonCode, returnCode }: Refusal): void {
  channel.node.counters[CONNECTS_REFUSED]!++;
  channel.send({
    type: 'connack',
    sessionPresent: false,
    reasonCode: channel.version === 5 ? reasonCode : returnCode,
  });
}

/** Whether the CONNACK is no larger than the client takes [MQTT-3.1.2-24]. */
function takesAnswer({ maximumPacketSize }: Channel, properties: ConnackProperties): boolean {
  if (maximumPacketSize === Number.POSITIVE_INFINITY) return true;
  const reasonCode = ReasonCode.SUCCESS;
  const answer = encode({ type: 'connack', sessionPresent: false, reasonCode, properties }, 5);
  return answer.length <= maximumPacketSize;
}

/** Answers a CONNECT that cannot be read, if its version can [MQTT-3.1.2-2]. */
function refuseUnread(
  channel: Channel,
  bytes: Uint8Array,
  bodyStart: number,
  end: number,
  error: MqttError,
): void {
  channel.node.counters[CONNECTS_REFUSED]!++;
  const nameBytes = ((bytes[bodyStart] ?? 0) << 8) | (bytes[bodyStart + 1] ?? 0);
  const levelAt = bodyStart + 2 + nameBytes;
  if (levelAt >= end) return;
  const level = bytes[levelAt] as number;
  const isUnsupported = error.reasonCode === ReasonCode.UNSUPPORTED_PROTOCOL_VERSION;
  if (level >= 5) {
    const reasonCode = isReasonCodeAllowed(error.reasonCode, PacketType.CONNACK)
      ? error.reasonCode
      : ReasonCode.MALFORMED_PACKET;
    countSent(channel.node.counters, PacketType.CONNACK);
    channel.outbox.append(encode({ type: 'connack', sessionPresent: false, reasonCode }, 5));
  } else if (isUnsupported) {
    const reasonCode = ConnectReturnCode.UNACCEPTABLE_PROTOCOL_VERSION;
    countSent(channel.node.counters, PacketType.CONNACK);
    channel.outbox.append(encode({ type: 'connack', sessionPresent: false, reasonCode }, 4));
  }
}

function sessionExpiryMs(packet: ConnectPacket, defaultSeconds: number): number {
  if (packet.protocolVersion === 5) return expiryMs(packet.properties?.sessionExpiryInterval ?? 0);
  return packet.cleanStart ? 0 : defaultSeconds * 1000;
}

/** What the node tells an MQTT 5 client about itself; what is as the specification assumes is left out. */
function offer(channel: Channel, packet: ConnectPacket, clientId: string): ConnackProperties {
  const { limits } = channel.node;
  const properties: ConnackProperties = { maximumPacketSize: limits.maximumPacketSize };
  if (limits.receiveMaximum < 65_535) properties.receiveMaximum = limits.receiveMaximum;
  if (limits.topicAliasMaximum > 0) properties.topicAliasMaximum = limits.topicAliasMaximum;
  if (packet.clientId === '') properties.assignedClientIdentifier = clientId;
  return properties;
}
