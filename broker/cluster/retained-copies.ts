import type { Message, Router } from '../routing/mod.js';
import { packMessage, unpackMessage } from '../session/mod.js';
import { RETAINED } from './keys.js';
import type { WireWrite } from './wire-write.js';

/** A retained message as the store has it: ms since 1970 when it was packed, `|`, the packed message in base64. */
export function retainedWrite(message: Message, nowMs: number, wallMs: number): WireWrite {
  const key = `${RETAINED}${message.topicName}`;
  if (message.payloadBytes === 0) return ['delete', key];
  const packed = packMessage(message, message.qos, true, nowMs).toString('base64');
  return ['keep', key, `${Math.round(wallMs)}|${packed}`];
}

/** What the store has, as a message on this node's clock. */
export function retainedMessage(value: string, nowMs: number, wallMs: number): Message {
  const bar = value.indexOf('|');
  const message = unpackMessage(Buffer.from(value.slice(bar + 1), 'base64'), nowMs);
  const ageMs = Math.max(0, wallMs - Number(value.slice(0, bar)));
  message.expiresAtMs -= ageMs;
  message.receivedAtMs -= ageMs;
  return message;
}

/** Takes a change of the store into a core's memory. */
export function storeRetained(
  router: Router,
  topic: string,
  value: string | undefined,
  nowMs: number,
  wallMs: number,
): void {
  if (value === undefined) router.retained.remove(topic);
  else router.retained.put(retainedMessage(value, nowMs, wallMs));
}

/** Topics of clients' retained messages, not of the node's own. */
export function* clientsTopics(router: Router): Generator<string> {
  for (const topic of router.retained.topics()) if (!topic.startsWith('$SYS/')) yield topic;
}

/** What a core answers to a node that asks for the retained messages of a filter. */
export function packRetained(router: Router, filter: string, nowMs: number): string[] {
  return router.retained
    .match(filter, nowMs)
    .filter(({ fromClient }) => fromClient)
    .map((message) => packMessage(message, message.qos, true, nowMs).toString('base64'));
}

export function unpackRetained(packed: readonly string[], nowMs: number): Message[] {
  return packed.map((text) => unpackMessage(Buffer.from(text, 'base64'), nowMs));
}
