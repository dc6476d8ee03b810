import type { Packet as PeerPacket } from 'mqtt-packet';
import type { Packet, Properties, ProtocolVersion } from '../mod.js';

/**
 * Our packets in mqtt-packet's form. Its types know only part of what it reads and writes, so the form is a
 * plain record here.
 */
type PeerForm = Record<string, unknown>;

/** Where the two name a property differently. */
const PEER_NAMES: Readonly<Record<string, string>> = {
  maximumQos: 'maximumQoS',
  subscriptionIdentifierAvailable: 'subscriptionIdentifiersAvailable',
  subscriptionIdentifiers: 'subscriptionIdentifier',
};
const OUR_NAMES = Object.fromEntries(Object.entries(PEER_NAMES).map(([our, peer]) => [peer, our]));

/** mqtt-packet keeps user properties by name, so only the order within a name is left to compare. */
export function byName(pairs: readonly [string, string][]): [string, string][] {
  return pairs
    .map((pair, index) => ({ pair, index }))
    .sort((a, b) => (a.pair[0] < b.pair[0] ? -1 : a.pair[0] > b.pair[0] ? 1 : a.index - b.index))
    .map(({ pair }) => pair);
}

function peerProperties(properties: Properties): PeerForm {
  const form: PeerForm = {};
  for (const [name, value] of Object.entries(properties)) {
    const peerName = PEER_NAMES[name] ?? name;
    if (name === 'userProperties') {
      const values: Record<string, string[]> = Object.create(null);
      for (const [key, text] of value as [string, string][]) {
        values[key] = [...(values[key] ?? []), text];
      }
      form[peerName] = values;
    } else if (name === 'payloadFormatIndicator') form[peerName] = value === 1;
    else if (value instanceof Uint8Array) form[peerName] = Buffer.from(value);
    else form[peerName] = value;
  }
  return form;
}

function ourProperties(form: PeerForm): Properties {
  const properties: Record<string, unknown> = {};
  for (const [peerName, value] of Object.entries(form)) {
    const name = OUR_NAMES[peerName] ?? peerName;
    if (name === 'userProperties') {
      const pairs = Object.entries(value as Record<string, string | string[]>).flatMap(
        ([key, texts]) => [texts].flat().map((text): [string, string] => [key, text]),
      );
      properties[name] = byName(pairs);
    } else if (name === 'subscriptionIdentifiers') properties[name] = [value].flat();
    else if (name === 'payloadFormatIndicator') properties[name] = value === true ? 1 : 0;
    else if (Buffer.isBuffer(value)) properties[name] = new Uint8Array(value);
    else properties[name] = value;
  }
  return properties;
}

/** Our packet as mqtt-packet wants it for `generate`. */
export function toPeer(packet: Packet, version: ProtocolVersion): PeerPacket {
  const form: PeerForm = { cmd: packet.type };
  if ('properties' in packet && packet.properties !== undefined) {
    form.properties = peerProperties(packet.properties);
  }
  if ('packetId' in packet) form.messageId = packet.packetId;
  switch (packet.type) {
    case 'connect':
      form.protocolId = version === 3 ? 'MQIsdp' : 'MQTT';
      form.protocolVersion = version;
      form.clean = packet.cleanStart;
      form.keepalive = packet.keepAliveSeconds;
      form.clientId = packet.clientId;
      if (packet.username !== undefined) form.username = packet.username;
      if (packet.password !== undefined) form.password = Buffer.from(packet.password);
      if (packet.will !== undefined) {
        const { properties, payload, ...will } = packet.will;
        form.will = { ...will, payload: Buffer.from(payload) };
        if (properties !== undefined) {
          form.will = {
            ...will,
            payload: Buffer.from(payload),
            properties: peerProperties(properties),
          };
        }
      }
      break;
    case 'connack':
      form.sessionPresent = packet.sessionPresent;
      form[version === 5 ? 'reasonCode' : 'returnCode'] = packet.reasonCode;
      break;
    case 'publish':
      form.topic = packet.topic;
      form.payload = Buffer.from(packet.payload);
      form.qos = packet.qos;
      form.retain = packet.retain;
      form.dup = packet.dup;
      break;
    case 'subscribe':
      form.subscriptions = packet.subscriptions.map((subscription) => ({
        topic: subscription.filter,
        qos: subscription.qos,
        nl: subscription.noLocal,
        rap: subscription.retainAsPublished,
        rh: subscription.retainHandling,
      }));
      break;
    case 'unsubscribe':
      form.unsubscriptions = packet.filters;
      break;
    case 'suback':
    case 'unsuback':
      form.granted = packet.reasonCodes;
      break;
    case 'pingreq':
    case 'pingresp':
      break;
    default:
      form.reasonCode = packet.reasonCode;
  }
  return form as unknown as PeerPacket;
}

/** What mqtt-packet has parsed, in our form. */
export function fromPeer(peer: PeerPacket, version: ProtocolVersion): Packet {
  const form = peer as unknown as PeerForm;
  const packet: PeerForm = { type: form.cmd };
  if (form.properties !== undefined) packet.properties = ourProperties(form.properties as PeerForm);
  if (form.messageId !== undefined) packet.packetId = form.messageId;
  switch (form.cmd) {
    case 'connect':
      packet.protocolVersion = form.protocolVersion;
      packet.cleanStart = form.clean;
      packet.keepAliveSeconds = form.keepalive;
      packet.clientId = form.clientId;
      if (form.username !== undefined) packet.username = form.username;
      if (form.password !== undefined) packet.password = plain(form.password);
      if (form.will !== undefined) {
        const { properties, payload, ...will } = form.will as PeerForm;
        const own = { ...will, payload: plain(payload) };
        packet.will =
          properties === undefined
            ? own
            : { ...own, properties: ourProperties(properties as PeerForm) };
      }
      break;
    case 'connack':
      packet.sessionPresent = form.sessionPresent;
      packet.reasonCode = version === 5 ? form.reasonCode : form.returnCode;
      break;
    case 'publish':
      packet.topic = form.topic;
      packet.payload = plain(form.payload);
      packet.qos = form.qos;
      packet.retain = form.retain;
      packet.dup = form.dup;
      break;
    case 'subscribe':
      packet.subscriptions = (form.subscriptions as PeerForm[]).map((subscription) => ({
        filter: subscription.topic,
        qos: subscription.qos,
        noLocal: subscription.nl ?? false,
        retainAsPublished: subscription.rap ?? false,
        retainHandling: subscription.rh ?? 0,
      }));
      break;
    case 'unsubscribe':
      packet.filters = form.unsubscriptions;
      break;
    case 'suback':
    case 'unsuback':
      packet.reasonCodes = form.granted ?? [];
      break;
    case 'pingreq':
    case 'pingresp':
      break;
    default:
      packet.reasonCode = form.reasonCode ?? 0;
  }
  return packet as unknown as Packet;
}

function plain(bytes: unknown): Uint8Array {
  return new Uint8Array(bytes as Buffer);
}
