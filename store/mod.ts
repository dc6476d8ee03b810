/** The coordination store: one interface, two engines. */
export { EmbeddedStore } from './embedded-store.js';
export type { EtcdTls } from './etcd-endpoints.js';
export { EtcdStore, type EtcdStoreOptions } from './etcd-store.js';
export * from './store.js';
export { StoreError, type StoreErrorCode, type StoreErrorOptions } from './store-error.js';
