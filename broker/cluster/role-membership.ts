import type { Invitation } from './core-database.js';
import type { Hello } from './hello.js';
import type { Load } from './load.js';

/** An open link to another node. */
export interface MemberLink {
  readonly hello: Hello | undefined;
  /** @throws CallError */
  call(method: string, body: unknown, timeoutMs?: number): Promise<unknown>;
}

export type Say = (line: string) => void;

/** How a node of one role comes into another cluster and out of its own. */
export interface RoleMembership {
  /** Leaves what it is in for the cluster of a core; what is discarded is said before it is. @throws ClusterError, CallError, StoreError */
  join(target: string, link: MemberLink, load: Load, say: Say): Promise<void>;
  /** Says what leaving costs. @throws ClusterError if the node cannot leave now */
  sayLeaving(say: Say): void;
  leave(): Promise<void>;
  /** What another core needs to join this one. @throws CallError, StoreError */
  invite(other: Hello): Promise<Invitation>;
}

/** Clients that a node keeps when it joins another cluster. */
export function sayStaying(clients: number, say: Say): void {
  if (clients === 0) return;
  say(`sessions that stay, told to the new cluster: ${clients}`);
  say('a client that is connected there as well is ended here');
}
