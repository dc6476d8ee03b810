/** One client's protocol: a state machine without I/O and without a clock of its own. */
export { Channel, type Ingress, type Intake } from './channel.js';
export { LARGEST_CHUNK_BYTES } from './chunk-pool.js';
export type { ClientRegistry, RetainedSource } from './client-registry.js';
export type { Delivery } from './delivery.js';
export type { Gate } from './gate.js';
export { DEFAULT_LIMITS, type SessionLimits } from './limits.js';
export { Node } from './node.js';
export { Outbox, type Transport } from './outbox.js';
export { packMessage, unpackMessage } from './packed-message.js';
export { type Connection, Session } from './session.js';
export type { SessionRegistry } from './session-registry.js';
export type { SessionState } from './session-state.js';
export { addSubscription, removeSubscription, sendRetained } from './subscribe.js';
export { Turn } from './turn.js';
