/** What makes one of several nodes a cluster: links, the replica, cores and replicants. */

export { ClusterError } from './cluster-error.js';
export { ClusterNode } from './cluster-node.js';
export type { ClusterOptions, SeedNode } from './cluster-options.js';
export type { CoreDatabase, DatabaseMove, Engine, Invitation } from './core-database.js';
export {
  createDiscovery,
  type Discovery,
  DiscoveryError,
  type DiscoveryOptions,
} from './discovery/mod.js';
export { hostOf, linkPortOf, type Role } from './hello.js';
export type { Forwarding } from './remote-node.js';
