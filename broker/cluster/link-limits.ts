import { DEFAULT_LIMITS, type SessionLimits } from '../session/mod.js';

/** Largest packet on a link once both nodes have shown the cookie: the specification's own limit. */
export const LINK_PACKET_BYTES = 268_435_460;

/** Keep-alive of links: a node that says nothing for one and a half of them is not there. */
export const LINK_KEEP_ALIVE_SECONDS = 4;

/**
 * Bounds on what waits for another node. Wider than a client's, for behind a link stand thousands of subscribers. When
 * half as much waits publishers wait as well, unlike for a client until the node has taken it or is gone.
 */
export const LINK_LIMITS: SessionLimits = {
  ...DEFAULT_LIMITS,
  maxInflight: 16_384,
  maxQueued: 200_000,
  maxQueuedBytes: 64 * 1_048_576,
  pauseBytes: 1_048_576,
  maxPendingBytes: 64 * 1_048_576,
};
