/** The broker: one node. */
export { type BrokerSurroundings, type RunningBroker, startBroker } from './broker.js';
export { DiscoveryError, type Role } from './cluster/mod.js';
export { type ClusterPart, openCluster } from './cluster-config.js';
export {
  brokerConfigOf,
  ConfigError,
  type ConfigIssue,
  type ConfigSources,
  type LoadedConfig,
  loadConfig,
  type NamedFlags,
  type NodeConfig,
  type Setting,
  settingLines,
} from './config/mod.js';
export { type BrokerConfig, completeConfig, DEFAULT_CONFIG, type TcpAddress } from './config.js';
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
