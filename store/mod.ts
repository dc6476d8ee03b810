/** The coordination store: one interface, two engines. */
export { EmbeddedStore } from './embedded-store.js';
export * from './store.js';
export { StoreError, type StoreErrorCode } from './store-error.js';
