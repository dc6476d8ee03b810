import { createHash } from 'node:crypto';

export type Role = 'core' | 'replicant';

/** What a node says of itself when it opens a link, and what other nodes know it by. */
export interface Hello {
  /** `app@host` */
  name: string;
  /** Of this start of the node: another one after a restart. Sorts by the time of the start, so the oldest is lowest. */
  guid: string;
  role: Role;
  cluster: string;
  /** Of the protocol between nodes: nodes of different ones do not link. */
  protocol: number;
}

/** Raised when nodes with and without a change could misunderstand each other. */
export const PROTOCOL = 2;

/** Base of the ports that nodes link on; EMQX's gen_rpc: 5370 plus the number the node's name ends in. */
const LINK_PORT = 5370;

/** The port a node of this name listens on for other nodes, as EMQX's stateless port discovery. */
export function linkPortOf(node: string, base = LINK_PORT): number {
  const digits = /(\d+)@/.exec(node)?.[1];
  return base + (digits === undefined ? 0 : Number(digits) % 1000);
}

export function hostOf(node: string): string {
  return node.slice(node.indexOf('@') + 1);
}

/** Identifier of a start: ms since 1970 in hex, then what tells two starts of one millisecond apart. */
export function newGuid(wallMs: number, salt: string): string {
  const tail = createHash('sha256').update(salt).digest('hex').slice(0, 8);
  return `${wallMs.toString(16).padStart(12, '0')}-${tail}`;
}

/** Reads what came over the network; undefined if it is no hello. */
export function parseHello(text: string | undefined): Hello | undefined {
  if (text === undefined) return undefined;
  try {
    const { name, guid, role, cluster, protocol } = JSON.parse(text) as Partial<Hello>;
    if (typeof name !== 'string' || typeof guid !== 'string' || typeof cluster !== 'string')
      return undefined;
    if (role !== 'core' && role !== 'replicant') return undefined;
    if (typeof protocol !== 'number') return undefined;
    return { name, guid, role, cluster, protocol };
  } catch {
    return undefined;
  }
}
