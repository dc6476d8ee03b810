/** The coordination store: one interface, two engines. */
export { type Clock, SYSTEM_CLOCK } from './clock.js';
export { copyStore } from './copy-store.js';
export { EmbeddedStore, type EmbeddedStoreOptions } from './embedded-store.js';
export type { EtcdTls } from './etcd-endpoints.js';
export type { EtcdMember } from './etcd-members.js';
export { EtcdStore, type EtcdStoreOptions } from './etcd-store.js';
export { ManagedEtcd, type ManagedEtcdOptions } from './managed-etcd.js';
export * from './store.js';
export { StoreError, type StoreErrorCode, type StoreErrorOptions } from './store-error.js';
