import { SHARED_STRATEGIES } from '../../routing/mod.js';
import { bytes, count, duration, flag, key, oneOf, read, seconds, section } from '../fields.js';

const UINT16 = count(1, 65_535);

export const mqttSection = section({
  max_packet_size: key(bytes(256, 268_435_460), '1MB', 'one packet from a client'),
  max_clientid_len: key(count(23, 65_535), '65535', 'bytes of a client id'),
  max_topic_levels: key(count(1, 1024), '128', 'levels of a topic or filter'),
  max_qos_allowed: key(count(0, 2), '2', 'highest QoS a client may publish with'),
  max_topic_alias: key(count(0, 65_535), '65535', 'topic aliases of a client, 0 for none'),
  max_inflight: key(UINT16, '128', 'QoS 1 and 2 messages on the way to one client (EMQX: 32)'),
  max_awaiting_rel: key(UINT16, '1024', 'QoS 2 messages of one client without PUBREL (EMQX: 100)'),
  max_mqueue_len: key(
    count(1, 10_000_000),
    '1000',
    'messages waiting for one session; for one more the oldest is dropped',
  ),
  mqueue_store_qos0: key(
    flag,
    'false',
    'QoS 0 messages wait for sessions that are away (EMQX: true)',
  ),
  session_expiry_interval: key(
    seconds,
    '2h',
    'how long a session of MQTT 3 without Clean Session outlives its connection',
  ),
  idle_timeout: key(duration, '15s', 'a connection without CONNECT is closed after this'),
  keepalive_multiplier: key(
    read('a number from 1 to 10', (text) => {
      const factor = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
      return factor >= 1 && factor <= 10 ? factor : undefined;
    }),
    '1.5',
    'a client that is silent for so many keep-alive intervals is gone',
  ),
  shared_subscription_strategy: key(
    oneOf(...SHARED_STRATEGIES),
    'round_robin',
    'how a `$share` group chooses a member',
  ),
}).transform((raw) => ({
  maxPacketBytes: raw.max_packet_size,
  maxClientIdBytes: raw.max_clientid_len,
  maxTopicLevels: raw.max_topic_levels,
  maxQos: raw.max_qos_allowed,
  maxTopicAlias: raw.max_topic_alias,
  maxInflight: raw.max_inflight,
  maxAwaitingRel: raw.max_awaiting_rel,
  maxQueued: raw.max_mqueue_len,
  queueQos0: raw.mqueue_store_qos0,
  sessionExpirySeconds: raw.session_expiry_interval,
  idleTimeoutMs: raw.idle_timeout,
  keepAliveMultiplier: raw.keepalive_multiplier,
  sharedStrategy: raw.shared_subscription_strategy,
}));
