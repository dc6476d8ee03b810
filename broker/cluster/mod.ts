/** What makes one of several nodes a cluster: links, the replica, cores and replicants. */
export { ClusterNode, type ClusterOptions, type SeedNode } from './cluster-node.js';
export {
  createDiscovery,
  type Discovery,
  DiscoveryError,
  type DiscoveryOptions,
} from './discovery/mod.js';
export { hostOf, linkPortOf, type Role } from './hello.js';
export type { Forwarding } from './remote-node.js';
