/** The broker: one node. */
export { type BrokerSurroundings, type RunningBroker, startBroker } from './broker.js';
export { type BrokerConfig, completeConfig, DEFAULT_CONFIG } from './config.js';
export { BrokerError } from './errors.js';
export type { BrokerGauges, BrokerStats } from './stats.js';
