import type { HealTimes } from './autoheal.js';
import type { CoreDatabase } from './core-database.js';
import type { Discovery } from './discovery/mod.js';
import type { Role } from './hello.js';
import type { Forwarding } from './remote-node.js';

export interface ClusterOptions {
  /** `app@host` */
  name: string;
  role: Role;
  cluster: string;
  cookie: string;
  forward: Forwarding;
  /** Where other nodes reach this one. */
  linkHost: string;
  linkPort: number;
  /** A core's only. */
  database: CoreDatabase | undefined;
  /** Finds nodes to attach to; a replicant's only. */
  seeds: () => Promise<readonly SeedNode[]>;
  /** Where a node of this name would take links. */
  addressOf: (node: string) => SeedNode;
  /** It joins nobody, and nobody joins it. */
  singleton: boolean;
  /** By which cores find each other and form a cluster; `manual`: by order alone. */
  discovery?: Discovery;
  /**
   * Keeps the other cores of the cluster for the node's next start, if it was ordered to join one, which `isOrder`
   * says; none: it was ordered to leave.
   */
  remember: (cores: readonly string[], isOrder: boolean) => Promise<void>;
  version: string;
  heal: HealTimes;
  /** A core that stays down for longer is taken out of the cluster, ms; Infinity: never. */
  autocleanMs: number;
}

/** A node that may be there, and where it would take links. */
export interface SeedNode {
  name: string;
  host: string;
  port: number;
}

/** What a node of a cluster takes from its surroundings. */
export interface ClusterSurroundings {
  /** The node's time, ms. */
  now(): number;
  wallMs(): number;
  random(): number;
  /** The clients' listeners, `mqtt://host:port`. */
  listeners(): string[];
  /** One line for whoever runs the node. */
  say(line: string): void;
}
