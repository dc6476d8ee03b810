import type { TargetProfile } from './profile.js';

/** Brokers that one runs oneself, as they are without any configuration of their limits. */

const READ = '2026-11';
const PLAIN = [{ scheme: 'mqtt', port: 1883 }] as const;
const NO_SHARES = { sharedSubscriptions: 'it takes $share for a topic like any other' } as const;

export const mosquitto: TargetProfile = {
  name: 'mosquitto',
  title: 'mosquitto',
  protocols: [5, 4, 3],
  endpoints: PLAIN,
  maxQos: 2,
  lacks: {},
  topics: {},
  defaults: {},
  quotas: { source: 'mosquitto.conf(5) of 2.0', read: READ },
};

export const rabbitmq: TargetProfile = {
  name: 'rabbitmq',
  title: 'RabbitMQ before 3.13',
  protocols: [4, 3],
  endpoints: [...PLAIN, { scheme: 'ws', port: 15_675, path: '/ws' }],
  maxQos: 1,
  aboveMaxQos: { says: 'taken as QoS 1', outcome: 'lowered' },
  lacks: NO_SHARES,
  topics: {},
  defaults: {},
  quotas: { source: 'RabbitMQ MQTT guide and server source, 3.10 to 3.12', read: READ },
};

export const activemq: TargetProfile = {
  name: 'activemq',
  title: 'ActiveMQ Classic',
  protocols: [4, 3],
  endpoints: PLAIN,
  maxQos: 2,
  lacks: NO_SHARES,
  topics: {},
  defaults: {},
  quotas: {
    source: 'ActiveMQ Classic source and activemq.xml, 5.17: maximumConnections, maxFrameSize',
    read: READ,
    maxConnections: 1000,
    maxPacketBytes: 104_857_600,
  },
};

export const aedes: TargetProfile = {
  name: 'aedes',
  title: 'Aedes',
  protocols: [4, 3],
  endpoints: PLAIN,
  maxQos: 2,
  lacks: NO_SHARES,
  topics: {},
  defaults: {},
  quotas: { source: 'Aedes 1.x documentation', read: READ },
};

export const mosca: TargetProfile = {
  name: 'mosca',
  title: 'Mosca',
  protocols: [4, 3],
  endpoints: PLAIN,
  maxQos: 1,
  aboveMaxQos: { says: 'published without any acknowledgement', outcome: 'refused' },
  lacks: NO_SHARES,
  topics: {},
  defaults: {},
  quotas: {
    source: 'Mosca 2.8 source (archived in January 2020): maxConnections, maxInflightMessages',
    read: READ,
    maxConnections: 10_000_000,
    inflight: 1024,
  },
};

export const emqx: TargetProfile = {
  name: 'emqx',
  title: 'EMQX',
  protocols: [5, 4, 3],
  endpoints: [
    ...PLAIN,
    { scheme: 'mqtts', port: 8883 },
    { scheme: 'ws', port: 8083, path: '/mqtt' },
    { scheme: 'wss', port: 8084, path: '/mqtt' },
  ],
  maxQos: 2,
  lacks: {},
  topics: { maxLevels: 128 },
  defaults: {},
  quotas: {
    source: 'EMQX 5 configuration defaults: mqtt.max_packet_size, max_inflight',
    read: READ,
    maxPacketBytes: 1_048_576,
    inflight: 32,
  },
};

export const hivemq: TargetProfile = {
  name: 'hivemq',
  title: 'HiveMQ',
  protocols: [5, 4, 3],
  endpoints: PLAIN,
  maxQos: 2,
  lacks: {},
  topics: {},
  defaults: {},
  quotas: {
    source: 'HiveMQ 4 user guide and Community Edition source: server receive maximum 10',
    read: READ,
    maxPacketBytes: 268_435_460,
    inflight: 10,
  },
};
