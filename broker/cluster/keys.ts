import type { Role } from './hello.js';

/**
 * Where things lie in the coordination store. Everything under `r/` every node has a copy of (the replica);
 * the rest is asked for.
 *
 *     r/member/<node>                           MemberRecord: belongs to the cluster, up or not (cores)
 *     r/node/<node>                             NodeRecord: is up; on the node's lease
 *     r/mark/<node>                             a number that it counts up: what it wrote before is there, too; on its lease
 *     r/route/<node>/<filter>                   has a subscriber there; on the node's lease
 *     r/share/<node>/<number>/<group>/<filter>  client id of a member there; on the node's lease
 *     c/<client id>                             Claim: whose the client is; on the node's lease
 *     t/<topic>                                 retained message
 *     database                                  which database it is, wherever it is moved to
 */
export const REPLICATED = 'r/';
export const MEMBERS = 'r/member/';
export const NODES = 'r/node/';
export const MARKS = 'r/mark/';
export const ROUTES = 'r/route/';
export const SHARES = 'r/share/';
export const CLIENTS = 'c/';
export const RETAINED = 't/';
export const DATABASE = 'database';

/** A node that is up, as other nodes find it. */
export interface NodeRecord {
  guid: string;
  role: Role;
  /** Where it takes links. */
  host: string;
  linkPort: number;
  /** Its clients' listeners, `mqtt://host:port`. */
  listeners: string[];
  version: string;
}

export interface MemberRecord {
  role: Role;
  /** ms since 1970 */
  since: number;
}

export function routeKey(node: string, filter: string): string {
  return `${ROUTES}${node}/${filter}`;
}

export function shareKey(node: string, number: number, group: string, filter: string): string {
  return `${SHARES}${node}/${number}/${group}/${filter}`;
}

/** Where the next `/` is. */
function slash(text: string, from: number): number {
  return text.indexOf('/', from);
}

/** What a key under `r/` is about. Node names and group names have no `/`. */
export type ReplicaKey =
  | { kind: 'member' | 'node' | 'mark'; node: string }
  | { kind: 'route'; node: string; filter: string }
  | { kind: 'share'; node: string; number: number; group: string; filter: string };

export function parseReplicaKey(key: string): ReplicaKey | undefined {
  if (key.startsWith(ROUTES)) {
    const end = slash(key, ROUTES.length);
    return { kind: 'route', node: key.slice(ROUTES.length, end), filter: key.slice(end + 1) };
  }
  if (key.startsWith(SHARES)) {
    const node = slash(key, SHARES.length);
    const number = slash(key, node + 1);
    const group = slash(key, number + 1);
    return {
      kind: 'share',
      node: key.slice(SHARES.length, node),
      number: Number(key.slice(node + 1, number)),
      group: key.slice(number + 1, group),
      filter: key.slice(group + 1),
    };
  }
  if (key.startsWith(MARKS)) return { kind: 'mark', node: key.slice(MARKS.length) };
  if (key.startsWith(NODES)) return { kind: 'node', node: key.slice(NODES.length) };
  if (key.startsWith(MEMBERS)) return { kind: 'member', node: key.slice(MEMBERS.length) };
  return undefined;
}
