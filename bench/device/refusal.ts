import { connectReturnName, type ProtocolVersion, reasonName } from '../../wire/mod.js';

/** A reason code as text with its byte: `Not authorized (0x87)`. Below MQTT 5, a CONNACK return code. */
export function refusal(code: number, version: ProtocolVersion): string {
  const name = version === 5 ? reasonName(code) : connectReturnName(code);
  return `${name} (0x${code.toString(16).padStart(2, '0')})`;
}

/** Of a PUBACK: taken, and nobody had subscribed to it (MQTT 5, 3.4.2.1). */
export const NO_MATCHING_SUBSCRIBERS = 0x10;

/** Why a subscription failed whose device went away first. */
export const NO_SUBACK = 'subscribe: no SUBACK';

/** Why publishes failed that were in flight when their device left. */
export const UNANSWERED = 'publish: not answered when the device left';
