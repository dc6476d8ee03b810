/** One client's protocol: a state machine without I/O and without a clock of its own. */
export { Channel, type Intake } from './channel.js';
export { LARGEST_CHUNK_BYTES } from './chunk-pool.js';
export { DEFAULT_LIMITS, type SessionLimits } from './limits.js';
export { Node } from './node.js';
export { Outbox, type Transport } from './outbox.js';
export { Session } from './session.js';
export { addSubscription, removeSubscription, sendRetained } from './subscribe.js';
export { Turn } from './turn.js';
