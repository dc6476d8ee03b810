/** What is known of a target before a run: published rules and quotas, as data. */
export interface TargetProfile {
  readonly name: string;
  /** As it stands in a sentence. */
  readonly title: string;
  /** MQTT versions it speaks; the first is what groups get that name none. */
  readonly protocols: readonly (3 | 4 | 5)[];
  readonly endpoints: readonly Endpoint[];
  /** Highest QoS, and what becomes of a higher one. */
  readonly maxQos: 0 | 1 | 2;
  readonly aboveMaxQos?: { readonly says: string; readonly outcome: 'refused' | 'lowered' };
  /** Features it does not have, each with what happens to them. */
  readonly lacks: Readonly<Partial<Record<Feature, string>>>;
  /** Seconds that a client may ask for; a keep-alive of 0 (none) only where `none` says so. */
  readonly keepAlive?: { readonly min: number; readonly max: number; readonly none: boolean };
  readonly clientId?: { readonly maxBytes: number; readonly form?: RegExp; readonly says?: string };
  readonly topics: TopicRules;
  /** What groups get that do not say it; `{host}` is the profile's host. */
  readonly defaults: Readonly<Partial<Record<'username' | 'keepAlive', string>>>;
  /** The profile needs the target's own name, whatever address the run connects to; such as this. */
  readonly needsHost?: string;
  readonly quotas: Quotas;
}

export type Feature = 'retain' | 'will' | 'sharedSubscriptions';

/**
 * One way in. TLS ones want the server name in the handshake (SNI) where `sni` says so; `by` is what devices
 * show there, where ways in differ by it. Of several the first is what a target gets that does not choose.
 */
export interface Endpoint {
  readonly scheme: 'mqtt' | 'mqtts' | 'ws' | 'wss';
  readonly port: number;
  readonly alpn?: string;
  readonly sni?: true;
  readonly path?: string;
  readonly by?: 'certificate' | 'password';
}

export interface TopicRules {
  readonly maxBytes?: number;
  readonly maxLevels?: number;
  /** Filters that topics must match, and that filters must lie within; `%c` is the client id. */
  readonly publish?: readonly string[];
  readonly subscribe?: readonly string[];
}

/**
 * Limits in numbers, of an account or a server with its defaults; what is not known is left out. They
 * move: `source` says where they were read and `read` when.
 */
export interface Quotas {
  readonly source: string;
  readonly read: string;
  readonly maxConnections?: number;
  readonly connectsPerSec?: number;
  readonly connectsPerSecPerClientId?: number;
  /** Over all connections: in, and out. */
  readonly publishesPerSec?: number;
  readonly deliveriesPerSec?: number;
  /** Of one connection: what it publishes; that and what is delivered to it. */
  readonly publishesPerSecPerConnection?: number;
  readonly messagesPerSecPerConnection?: number;
  readonly bytesPerSecPerConnection?: number;
  readonly maxPacketBytes?: number;
  /** QoS 1 messages that one client may have unacknowledged. */
  readonly inflight?: number;
  readonly filtersPerSubscribe?: number;
  readonly subscriptionsPerConnection?: number;
}
