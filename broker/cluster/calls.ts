import { decode, type PublishPacket, publishBytes, writePublishHead } from '../../wire/mod.js';
import type { Message } from '../routing/mod.js';

/**
 * Calls between nodes are MQTT 5 request and response (§4.10) on the link they have: a PUBLISH to
 * `$call/<method>` with Response Topic and Correlation Data, JSON as payload; the answer comes back on the
 * same connection. A Subscription Identifier of `CALL_MEMBER` tells a call from a client's message: clients
 * may not send one [MQTT-3.3.4-6], so none of theirs that is passed on can pose as a call.
 */
export const CALL_MEMBER = 0x0fffffff;
const CALL_PREFIX = '$call/';
/** Topic of a marker (see Moves): among the messages of a session, but like a call for the node itself. */
export const MARKER_PREFIX = '$moved/';
export const REPLY_TOPIC = '$reply';
/** A core's log entries for a replicant that follows it, pushed on the replicant's own link to the core. */
export const LOG_TOPIC = '$log';
/** Says which session of the caller's the messages that follow on the link belong to, by a number. */
export const SESSION_METHOD = 'session';
/** User Property of a reply that says why there is no answer. */
const ERROR = 'error';

/** A call that came to nothing. */
export class CallError extends Error {
  /** What the other node said, or `NO_LINK`, `LINK_LOST`, `TIMEOUT`. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'CallError';
    this.code = code;
  }
}

/** The parts of a call that has come in; undefined if it is none. */
export function readCall(
  message: Message,
): { method: string; body: unknown; correlationData: Uint8Array } | undefined {
  const { propertiesStart, propertiesEnd, payloadStart, payloadEnd } = message;
  const topic = message.topicName;
  if (!topic.startsWith(CALL_PREFIX)) return undefined;
  // Put together again as a packet, for the codec to read the properties.
  const payload = message.payload.subarray(payloadStart, payloadEnd);
  const properties = message.properties.subarray(propertiesStart, propertiesEnd);
  const bytes = new Uint8Array(publishBytes(1, 0, properties.length, 0, 5));
  const at = [0, 0, Uint8Array.of(0x61), 0, 1, 0, properties, 0, properties.length, 0, 5] as const;
  writePublishHead(bytes, ...at);
  let bodyStart = 1;
  while ((bytes[bodyStart] as number) >= 0x80) bodyStart++;
  const packet = decode(bytes, 0, bodyStart + 1, bytes.length, 5) as PublishPacket;
  const correlationData = packet.properties?.correlationData;
  if (correlationData === undefined) return undefined;
  return { method: topic.slice(CALL_PREFIX.length), body: parseJson(payload), correlationData };
}

export function callPacket(method: string, id: number, body: unknown): PublishPacket {
  const correlationData = Buffer.alloc(4);
  correlationData.writeUInt32BE(id);
  return {
    ...jsonPacket(`${CALL_PREFIX}${method}`, body),
    properties: {
      subscriptionIdentifiers: [CALL_MEMBER],
      responseTopic: REPLY_TOPIC,
      correlationData,
    },
  };
}

export function replyPacket(correlationData: Uint8Array, body: unknown): PublishPacket {
  return { ...jsonPacket(REPLY_TOPIC, body), properties: { correlationData } };
}

export function refusalPacket(correlationData: Uint8Array, error: unknown): PublishPacket {
  const code = error instanceof CallError ? error.code : 'FAILED';
  const text = error instanceof Error ? error.message : String(error);
  return {
    ...jsonPacket(REPLY_TOPIC, text),
    properties: { correlationData, userProperties: [[ERROR, code]] },
  };
}

/** The id of the call that a reply is to, and the answer or why there is none. */
export function readReply(packet: PublishPacket): { id: number; body: unknown; error?: CallError } {
  const { correlationData, userProperties } = packet.properties ?? {};
  const id = correlationData === undefined ? -1 : Buffer.from(correlationData).readUInt32BE(0);
  const body = parseJson(packet.payload);
  const code = userProperties?.find(([name]) => name === ERROR)?.[1];
  return code === undefined ? { id, body } : { id, body, error: new CallError(code, String(body)) };
}

export function jsonPacket(topic: string, body: unknown): PublishPacket {
  return bytesPacket(topic, Buffer.from(JSON.stringify(body ?? null)));
}

export function bytesPacket(topic: string, payload: Uint8Array): PublishPacket {
  return { type: 'publish', topic, payload, qos: 0, retain: false, dup: false };
}

export function parseJson(payload: Uint8Array): unknown {
  return JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString());
}
