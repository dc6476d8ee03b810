import type { BrokerConfig } from '../config.js';
import type { NodeConfig } from './schema.js';

/** What `startBroker` takes, from a node's config; what has no key there keeps its default. */
export function brokerConfigOf({
  node,
  listeners,
  mqtt,
  sysTopics,
}: NodeConfig): Partial<BrokerConfig> {
  const { intervalMs } = sysTopics;
  return {
    nodeName: node.name,
    listeners: Object.entries(listeners.tcp)
      .filter(([, { enable }]) => enable)
      .map(([name, { bind, maxConnections }]) => ({ name, ...bind, maxConnections })),
    maximumPacketSize: mqtt.maxPacketBytes,
    maxTopicLevels: mqtt.maxTopicLevels,
    topicAliasMaximum: mqtt.maxTopicAlias,
    maxInflight: mqtt.maxInflight,
    receiveMaximum: mqtt.maxAwaitingRel,
    maxQueued: mqtt.maxQueued,
    queueQos0: mqtt.queueQos0,
    sessionExpirySeconds: mqtt.sessionExpirySeconds,
    connectTimeoutMs: mqtt.idleTimeoutMs,
    sharedStrategy: mqtt.sharedStrategy,
    sysIntervalMs: intervalMs === Number.POSITIVE_INFINITY ? 0 : intervalMs,
  };
}
