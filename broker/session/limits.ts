/** Bounds on what clients may ask of the node and on what it holds for them. */
export interface SessionLimits {
  /** Bytes of one packet from a client, fixed header included; announced to MQTT 5 clients. */
  maximumPacketSize: number;
  /** QoS 2 messages of one client whose PUBREL has not come; announced to MQTT 5 clients. 1…65535. */
  receiveMaximum: number;
  /** QoS 1 and 2 messages in flight to one client, which may ask for fewer. 1…65535. */
  maxInflight: number;
  /** Messages waiting for one session, beyond those in flight; the oldest is dropped for one more. */
  maxQueued: number;
  /** Topic, property and payload bytes waiting for one session. */
  maxQueuedBytes: number;
  /** Highest topic alias a client may use, 0 for none. */
  topicAliasMaximum: number;
  /** Seconds a session of MQTT 3.1 and 3.1.1 without Clean Session outlives its connection. */
  sessionExpirySeconds: number;
  /** QoS 0 messages are queued for sessions that are away. */
  queueQos0: boolean;
  /** A socket that has not sent CONNECT by then is closed. */
  connectTimeoutMs: number;
  /** A connection being closed whose client does not take what is left is cut off after this. */
  closeTimeoutMs: number;
  /** Unsent bytes at which a client counts as behind, and its publishers wait. */
  pauseBytes: number;
  /** Unsent bytes of one client beyond which it is sent no QoS 0 messages and not read from. */
  maxPendingBytes: number;
  /** Unsent bytes of all clients beyond which QoS 0 messages for those behind are dropped. */
  maxPendingTotalBytes: number;
  /** How long publishers wait for a client that is behind before they go on without it. */
  slowGraceMs: number;
  /** How long nobody waits for a client that overran its grace. */
  slowPenaltyMs: number;
}

export const DEFAULT_LIMITS: SessionLimits = {
  maximumPacketSize: 1_048_576,
  receiveMaximum: 1024,
  maxInflight: 128,
  maxQueued: 1000,
  maxQueuedBytes: 16 * 1_048_576,
  topicAliasMaximum: 65_535,
  sessionExpirySeconds: 7200,
  queueQos0: false,
  connectTimeoutMs: 15_000,
  closeTimeoutMs: 5000,
  pauseBytes: 65_536,
  maxPendingBytes: 4 * 1_048_576,
  maxPendingTotalBytes: 256 * 1_048_576,
  slowGraceMs: 500,
  slowPenaltyMs: 5000,
};
