export type Strategy = 'manual' | 'static' | 'mcast' | 'dns' | 'etcd' | 'k8s';

/** Finds the nodes of a cluster. Nodes are named `app@host`. */
export interface Discovery {
  readonly strategy: Strategy;
  /**
   * Names of the nodes that are said to exist, sorted, each once; whether they are alive is another question.
   * @throws DiscoveryError when the source cannot be asked; an empty list is an answer
   */
  discover(): Promise<string[]>;
  /**
   * Waits, without limit, until no other node forms the cluster; resolves to what ends that.
   * Only where the strategy has a lock.
   */
  lock?(): Promise<() => Promise<void>>;
  /** Makes this node one that others discover, and keeps it so. Only where nodes register themselves. */
  register?(): Promise<void>;
  /** Undoes `register`. */
  unregister?(): Promise<void>;
  /** Gives up sockets, leases and whatever waits. The object cannot be used afterwards. */
  stop(): Promise<void>;
}
