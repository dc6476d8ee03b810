import type { BrokerStats } from '../stats.js';

/** What ctl (and later REST) can ask of a running node and have it do. The cluster part answers for one node too. */
export interface NodeControl {
  readonly nodeName: string;
  readonly version: string;
  /** `starting` until clients are let in; `stopping` when told to end. */
  state(): 'starting' | 'running' | 'stopping';
  uptimeMs(): number;
  stats(): BrokerStats;
  listeners(): ListenerInfo[];
  clients(): Iterable<ClientInfo>;
  client(clientId: string): ClientInfo | undefined;
  /** Disconnects (MQTT 5: 0x98) and ends the session; false if this node has no such client. */
  kick(clientId: string): boolean;
  /** Routes of the whole cluster as this node knows them: filter (`$share/g/f` for groups) and node. */
  routes(): Iterable<{ filter: string; node: string }>;
  /** Subscriptions of this node's clients; `filter` as the client wrote it. */
  subscriptions(clientId?: string): Iterable<SubscriptionInfo>;
  /** Adds one as if the client had sent it. Undefined: no such client on this node; false: a filter this node does not take. */
  subscribe(clientId: string, filter: string, qos: 0 | 1 | 2): boolean | undefined;
  /** Undefined: no such client on this node; false: it has no such subscription. */
  unsubscribe(clientId: string, filter: string): boolean | undefined;
  retained: {
    count(): number;
    topics(): Iterable<string>;
    /** Removes those whose topic the filter matches, or all; resolves with how many there were. */
    clean(filter?: string): Promise<number>;
  };
  cluster: ClusterControl;
}

export interface ClusterControl {
  readonly name: string;
  status(): ClusterStatus;
  /** This node gives up what it has and joins the cluster of `node`. Before it acts it says what is discarded. */
  join(node: string, options: { say: (line: string) => void }): Promise<ClusterStatus>;
  leave(options: { say: (line: string) => void }): Promise<ClusterStatus>;
  forceLeave(node: string): Promise<ClusterStatus>;
}

/** Errors of join, leave and force-leave; `reason` is EMQX's term, printed as `Failed to …: <reason>`. */
export class ClusterCommandError extends Error {
  readonly code = 'CLUSTER_COMMAND';
  /** e.g. `{node_down,'emqx2@127.0.0.1'}` or `node_not_in_cluster` */
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.name = 'ClusterCommandError';
    this.reason = reason;
  }
}

export interface ClusterStatus {
  running: string[];
  stopped: string[];
  /** Members that run but that this node cannot reach, or whose side has no quorum. */
  partitioned: string[];
  roles: Record<string, 'core' | 'replicant'>;
  /** What is wrong now, a line each: `no contact to the cluster database since …`. */
  alarms: string[];
}

export interface ListenerInfo {
  /** `tcp:default` */
  id: string;
  bind: string;
  /** Threads that accept connections. */
  acceptors: number;
  proxyProtocol: boolean;
  running: boolean;
  /** Open now. */
  connections: number;
  /** Infinity if there is no bound. */
  maxConnections: number;
}

export interface ClientInfo {
  clientId: string;
  username: string | undefined;
  /** `ip:port` of the last connection */
  peer: string;
  protocol: 3 | 4 | 5;
  cleanStart: boolean;
  keepAliveSeconds: number;
  /** Infinity if it never expires. */
  sessionExpirySeconds: number;
  subscriptions: number;
  inflight: number;
  awaitingRelease: number;
  delivered: number;
  queued: number;
  dropped: number;
  connected: boolean;
  /** ms since 1970 */
  createdAtMs: number;
  connectedAtMs: number;
  disconnectedAtMs: number | undefined;
}

export interface SubscriptionInfo {
  clientId: string;
  filter: string;
  qos: 0 | 1 | 2;
  noLocal: boolean;
  retainHandling: 0 | 1 | 2;
  retainAsPublished: boolean;
}
