/**
 * What a broker is asked to do, as the columns of the cost model. `connections` is how many are
 * open, `bytes` and all others happen per second.
 */
export const FEATURES = [
  'connections',
  'connects',
  'publishesQos0',
  'publishesQos1',
  'publishesQos2',
  'deliveriesQos0',
  'deliveriesQos1',
  'deliveriesQos2',
  'bytes',
] as const;

export type Feature = (typeof FEATURES)[number];
export type Load = Readonly<Record<Feature, number>>;

export const MESSAGE_FEATURES = FEATURES.filter(
  (feature) => feature.startsWith('publishes') || feature.startsWith('deliveries'),
);

/** How reports call one of each, and many. */
export const FEATURE_NAMES: Readonly<Record<Feature, { one: string; many: string }>> = {
  connections: { one: 'open connection', many: 'connections' },
  connects: { one: 'connect', many: 'connects' },
  publishesQos0: { one: 'publish QoS 0', many: 'publishes QoS 0' },
  publishesQos1: { one: 'publish QoS 1', many: 'publishes QoS 1' },
  publishesQos2: { one: 'publish QoS 2', many: 'publishes QoS 2' },
  deliveriesQos0: { one: 'delivery QoS 0', many: 'deliveries QoS 0' },
  deliveriesQos1: { one: 'delivery QoS 1', many: 'deliveries QoS 1' },
  deliveriesQos2: { one: 'delivery QoS 2', many: 'deliveries QoS 2' },
  bytes: { one: 'MQTT byte', many: 'MQTT bytes' },
};

export function loadOf(value: (feature: Feature) => number): Load {
  return {
    connections: value('connections'),
    connects: value('connects'),
    publishesQos0: value('publishesQos0'),
    publishesQos1: value('publishesQos1'),
    publishesQos2: value('publishesQos2'),
    deliveriesQos0: value('deliveriesQos0'),
    deliveriesQos1: value('deliveriesQos1'),
    deliveriesQos2: value('deliveriesQos2'),
    bytes: value('bytes'),
  };
}

/** Messages per second, in and out. */
export function messagesPerSec(load: Load): number {
  return MESSAGE_FEATURES.reduce((sum, feature) => sum + load[feature], 0);
}
