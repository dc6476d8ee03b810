import { BrokerError } from './errors.js';
import type { SharedStrategy } from './routing/mod.js';
import { DEFAULT_LIMITS, type SessionLimits } from './session/mod.js';

/** An address on which a node takes MQTT over TCP. */
export interface TcpAddress {
  readonly name: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Connections at once; Infinity: as many as this process may have files. */
  readonly maxConnections: number;
}

/** One node. Every key has a default in DEFAULT_CONFIG. */
export interface BrokerConfig extends SessionLimits {
  /** `name@host`, in `$SYS` topics and logs. */
  nodeName: string;
  host: string;
  /** 0: any free port. */
  port: number;
  /** Instead of `host` and `port`: any number of addresses. */
  listeners: readonly TcpAddress[] | undefined;
  /** Levels of a topic or filter. */
  maxTopicLevels: number;
  /** Topics whose route is remembered: a power of two. */
  maxRoutes: number;
  sharedStrategy: SharedStrategy;
  /** Between publications of the `$SYS` topics; 0 for none. */
  sysIntervalMs: number;
}

export const DEFAULT_CONFIG: BrokerConfig = {
  nodeName: 'fleetgauge@127.0.0.1',
  host: '127.0.0.1',
  port: 1883,
  listeners: undefined,
  maxTopicLevels: 128,
  maxRoutes: 262_144,
  sharedStrategy: 'round_robin',
  sysIntervalMs: 60_000,
  ...DEFAULT_LIMITS,
};

/** Lowest and highest value of each number. */
const RANGES: Readonly<Partial<Record<keyof BrokerConfig, readonly [number, number]>>> = {
  port: [0, 65_535],
  maxTopicLevels: [1, 1024],
  maximumPacketSize: [256, 268_435_460],
  receiveMaximum: [1, 65_535],
  maxInflight: [1, 65_535],
  topicAliasMaximum: [0, 65_535],
  pauseBytes: [1024, 2 ** 30],
};

/** Fills in the defaults and judges the values. Throws BrokerError naming the key and what it may be. */
export function completeConfig(given: Partial<BrokerConfig>): BrokerConfig {
  const config = { ...DEFAULT_CONFIG };
  for (const [key, value] of Object.entries(given)) {
    if (!(key in DEFAULT_CONFIG)) throw bad(`there is no key '${key}'`);
    if (value !== undefined) Object.assign(config, { [key]: value });
  }
  for (const [key, value] of Object.entries(config)) {
    const kind = typeof DEFAULT_CONFIG[key as keyof BrokerConfig];
    if (kind !== 'undefined' && typeof value !== kind)
      throw bad(`${key} = ${value}: it is one ${kind}`);
    if (typeof value !== 'number') continue;
    const [lowest, highest] = RANGES[key as keyof BrokerConfig] ?? [0, Number.MAX_SAFE_INTEGER];
    if (!Number.isSafeInteger(value) || value < lowest || value > highest) {
      throw bad(`${key} = ${value}: it is a whole number from ${lowest} to ${highest}`);
    }
  }
  if (!/^[^@\s/+#]+@[^@\s/+#]+$/.test(config.nodeName)) {
    throw bad(`nodeName = ${config.nodeName}: it is name@host, without spaces, '/', '+' and '#'`);
  }
  if ((config.maxRoutes & (config.maxRoutes - 1)) !== 0 || config.maxRoutes < 1024) {
    throw bad(`maxRoutes = ${config.maxRoutes}: it is a power of two from 1024`);
  }
  return config;
}

function bad(what: string): BrokerError {
  return new BrokerError('BAD_CONFIG', what);
}
