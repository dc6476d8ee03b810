import type { Message } from '../routing/mod.js';

/** While a session moves between nodes: which messages are this node's to deliver, and not the other one's. */
export interface Gate {
  /** Asked of messages that are for every subscriber; what a shared group chose this session for is its own. */
  takes(message: Message): boolean;
}
