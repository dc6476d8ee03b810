import { PacketType } from '../../wire/mod.js';

/**
 * What one node counts, under EMQX's metric names so that probes written for it read ours. Monotonic since
 * the node started. Every message that is not delivered is in one of the `…dropped…` rows, with its reason.
 */
export const COUNTER_NAMES = [
  'bytes.received',
  'bytes.sent',
  'packets.received',
  'packets.sent',
  'packets.connect.received',
  'packets.connack.sent',
  'packets.connack.error',
  'packets.publish.received',
  'packets.publish.sent',
  'packets.publish.error',
  'packets.puback.received',
  'packets.puback.sent',
  'packets.pubrec.received',
  'packets.pubrec.sent',
  'packets.pubrel.received',
  'packets.pubrel.sent',
  'packets.pubcomp.received',
  'packets.pubcomp.sent',
  'packets.subscribe.received',
  'packets.suback.sent',
  'packets.unsubscribe.received',
  'packets.unsuback.sent',
  'packets.pingreq.received',
  'packets.pingresp.sent',
  'packets.disconnect.received',
  'packets.disconnect.sent',
  'packets.auth.received',
  'packets.auth.sent',
  'packets.malformed',
  'messages.received',
  'messages.qos0.received',
  'messages.qos1.received',
  'messages.qos2.received',
  'messages.sent',
  'messages.qos0.sent',
  'messages.qos1.sent',
  'messages.qos2.sent',
  'messages.forward',
  'messages.acked',
  'messages.retransmitted',
  'messages.dropped',
  'messages.dropped.no_subscribers',
  'messages.dropped.not_retained',
  'delivery.dropped',
  'delivery.dropped.no_local',
  'delivery.dropped.too_large',
  'delivery.dropped.qos0_msg',
  'delivery.dropped.queue_full',
  'delivery.dropped.expired',
  'delivery.dropped.offline',
  'delivery.dropped.session_end',
  'publishers.paused',
  'client.connected',
  'client.disconnected',
  'client.keepalive_timeout',
  'client.connect_timeout',
  'session.created',
  'session.resumed',
  'session.takenover',
  'session.discarded',
  'session.terminated',
] as const;

export type CounterName = (typeof COUNTER_NAMES)[number];

/** One double per counter: added to on hot paths by index, no lookup and no allocation. */
export type Counters = Float64Array;

export function createCounters(): Counters {
  return new Float64Array(COUNTER_NAMES.length);
}

const at = (name: CounterName): number => COUNTER_NAMES.indexOf(name);

/** Places in `Counters`. A QoS is added to RECEIVED_QOS0 and SENT_QOS0. */
export const BYTES_RECEIVED = at('bytes.received');
export const BYTES_SENT = at('bytes.sent');
export const PACKETS_RECEIVED = at('packets.received');
export const PACKETS_SENT = at('packets.sent');
export const CONNECTS_REFUSED = at('packets.connack.error');
export const PUBLISHES_REFUSED = at('packets.publish.error');
export const PACKETS_MALFORMED = at('packets.malformed');
export const RECEIVED = at('messages.received');
export const RECEIVED_QOS0 = at('messages.qos0.received');
export const SENT = at('messages.sent');
export const SENT_QOS0 = at('messages.qos0.sent');
/** Copies sent to other nodes. */
export const FORWARDED = at('messages.forward');
export const ACKED = at('messages.acked');
export const RETRANSMITTED = at('messages.retransmitted');
export const DROPPED_MESSAGES = at('messages.dropped');
export const NO_SUBSCRIBERS = at('messages.dropped.no_subscribers');
/** To be retained in a cluster, and its database did not take it; a client of MQTT 5 with QoS 1 or 2 is told so. */
export const NOT_RETAINED = at('messages.dropped.not_retained');
export const DROPPED_DELIVERIES = at('delivery.dropped');
export const DROPPED_NO_LOCAL = at('delivery.dropped.no_local');
export const DROPPED_TOO_LARGE = at('delivery.dropped.too_large');
export const DROPPED_SLOW = at('delivery.dropped.qos0_msg');
export const DROPPED_QUEUE_FULL = at('delivery.dropped.queue_full');
export const DROPPED_EXPIRED = at('delivery.dropped.expired');
export const DROPPED_OFFLINE = at('delivery.dropped.offline');
export const DROPPED_SESSION_END = at('delivery.dropped.session_end');
export const PUBLISHERS_PAUSED = at('publishers.paused');
export const CLIENTS_CONNECTED = at('client.connected');
export const CLIENTS_DISCONNECTED = at('client.disconnected');
export const KEEPALIVE_TIMEOUTS = at('client.keepalive_timeout');
export const CONNECT_TIMEOUTS = at('client.connect_timeout');
export const SESSIONS_CREATED = at('session.created');
export const SESSIONS_RESUMED = at('session.resumed');
export const SESSIONS_TAKEN_OVER = at('session.takenover');
export const SESSIONS_DISCARDED = at('session.discarded');
export const SESSIONS_TERMINATED = at('session.terminated');

/** Places by packet type. Types that do not go in that direction have the sum's. */
const RECEIVED_OF_TYPE = placesByType('received', PACKETS_RECEIVED);
const SENT_OF_TYPE = placesByType('sent', PACKETS_SENT);

/** Counts one packet from a client; `type` is that of its fixed header, 0…15. */
export function countReceived(counters: Counters, type: number): void {
  counters[PACKETS_RECEIVED]!++;
  const place = RECEIVED_OF_TYPE[type] as number;
  if (place !== PACKETS_RECEIVED) counters[place]!++;
}

/** Counts one packet to a client; `type` is that of its fixed header. */
export function countSent(counters: Counters, type: number): void {
  counters[PACKETS_SENT]!++;
  const place = SENT_OF_TYPE[type] as number;
  if (place !== PACKETS_SENT) counters[place]!++;
}

function placesByType(direction: 'received' | 'sent', otherwise: number): Uint8Array {
  const places = new Uint8Array(16).fill(otherwise);
  for (const [name, type] of Object.entries(PacketType)) {
    const counter: string = `packets.${name.toLowerCase()}.${direction}`;
    const place = (COUNTER_NAMES as readonly string[]).indexOf(counter);
    if (place >= 0) places[type] = place;
  }
  return places;
}

/** Counts one delivery that will not happen, under its reason and in the sum. */
export function drop(counters: Counters, reason: number, count = 1): void {
  counters[reason] = (counters[reason] as number) + count;
  counters[DROPPED_DELIVERIES] = (counters[DROPPED_DELIVERIES] as number) + count;
}

/** The counters by name, in the order of COUNTER_NAMES. */
export function namedCounters(counters: Counters): Record<CounterName, number> {
  const named = {} as Record<CounterName, number>;
  COUNTER_NAMES.forEach((name, index) => {
    named[name] = counters[index] as number;
  });
  return named;
}
