/** The coordination store: one interface, two engines. */
export { type Clock, SYSTEM_CLOCK } from './clock.js';
export { type CookieCertificates, cookieCertificates } from './cookie-certificates.js';
export { copyStore } from './copy-store.js';
export { EmbeddedStore, type EmbeddedStoreOptions } from './embedded-store.js';
export type { EtcdTls } from './etcd-endpoints.js';
export type { EtcdMember } from './etcd-members.js';
export { type Presence, presenceAt } from './etcd-probe.js';
export { EtcdStore, type EtcdStoreOptions } from './etcd-store.js';
export {
  dialLine,
  keyOfSecret,
  Line,
  type LineMessage,
  type LineServer,
  listenForLines,
  SILENCE_MS,
} from './line.js';
export { ManagedEtcd } from './managed-etcd.js';
export { dataIn, type MemberData } from './member-data.js';
export type { ManagedEtcdOptions } from './member-start.js';
export { RemoteStore } from './remote-store.js';
export { ServedStore, type StoreRequest } from './served-store.js';
export * from './store.js';
export { StoreError, type StoreErrorCode, type StoreErrorOptions } from './store-error.js';
