/** The broker: one node. */
export { type BrokerSurroundings, type RunningBroker, startBroker } from './broker.js';
export { type BrokerConfig, completeConfig, DEFAULT_CONFIG } from './config.js';
export {
  askNode,
  type ClientInfo,
  ClusterCommandError,
  type ClusterControl,
  type ClusterStatus,
  CtlError,
  controlFolder,
  type ListenerInfo,
  type NodeControl,
  runningNodes,
  type SubscriptionInfo,
  usagePage,
} from './control/mod.js';
export { BrokerError } from './errors.js';
export type { BrokerGauges, BrokerStats } from './stats.js';
