import { encode, type PublishProperties, type Will } from '../../wire/mod.js';
import type { Message } from '../routing/mod.js';
import { unpackMessage } from './packed-message.js';

/** A client's last message, ready to be routed. */
export interface PreparedWill {
  readonly message: Message;
  readonly delayMs: number;
}

/** Makes the will of a CONNECT into a message that owns its bytes (§3.1.2.5). */
export function prepareWill(will: Will, nowMs: number): PreparedWill {
  const { willDelayInterval, ...properties } = will.properties ?? {};
  const message = messageOf(will.topic, will.payload, properties, nowMs);
  message.qos = will.qos;
  message.retain = will.retain;
  return { message, delayMs: (willDelayInterval ?? 0) * 1000 };
}

/** The will, its expiry counted from now: it is published in this moment [MQTT-3.1.3-9]. */
export function dueWill(will: PreparedWill, nowMs: number): Message {
  const { message } = will;
  message.expiresAtMs += nowMs - message.receivedAtMs;
  message.receivedAtMs = nowMs;
  message.routedAtMs = nowMs;
  return message;
}

function messageOf(
  topic: string,
  payload: Uint8Array,
  properties: PublishProperties,
  nowMs: number,
): Message {
  const packet = { type: 'publish', topic, payload, qos: 0, retain: false, dup: false } as const;
  return unpackMessage(encode({ ...packet, properties }, 5), nowMs);
}
