import type { Engine } from './core-database.js';
import type { Role } from './hello.js';

/** What a node answers when it is asked how it is. */
export interface Load {
  role: Role;
  /** Replicants that follow it. */
  followers: number;
  /** Whether it has contact to its database. */
  serving: boolean;
  /** A core's: which database it uses, and where that is. */
  database?: string;
  engine?: Engine;
  /** How many cores its cluster has, those that are down among them. */
  cores: number;
  /** It has not left its cluster by an order: discovery may take it into one. */
  discoverable: boolean;
}

/** The part of it that depends on the role. */
export type RoleLoad = Pick<Load, 'followers' | 'serving' | 'database' | 'engine'>;
