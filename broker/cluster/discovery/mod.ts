/** Discovery: which nodes a cluster has, and the loop that forms it out of them. */
export {
  Autocluster,
  type AutoclusterDeps,
  type AutoclusterOperations,
  type MemberRecord,
} from './autocluster.js';
export { createDiscovery, type DiscoveryDeps, type DiscoveryOptions } from './create.js';
export type { Discovery, Strategy } from './discovery.js';
export { DNS_DEFAULTS, type DnsOptions } from './dns.js';
export { DiscoveryError } from './errors.js';
export { ETCD_DEFAULTS, type EtcdOptions } from './etcd-options.js';
export { K8S_DEFAULTS, type K8sOptions } from './k8s.js';
export type { K8sAddressType } from './k8s-endpoints.js';
export { MCAST_DEFAULTS, type McastOptions } from './mcast.js';
export { realSchedule, type Schedule } from './schedule.js';
