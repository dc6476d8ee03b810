import type { Role } from './hello.js';
import type { RoleLoad } from './load.js';
import type { WireOutcome, WireWrite } from './wire-write.js';

/** A node's side of the cluster database: a core has it open, a replicant asks the core that it follows. */
export interface DatabaseSide {
  readonly role: Role;
  /** Resolves when the node's copy is complete and clients may be let in. @throws BrokerError NOT_WELCOME */
  start(): Promise<void>;
  /** Which database it is; undefined before one was found. */
  readonly databaseId: string | undefined;
  /** The copy is kept up to date, and there is somebody to write to. */
  readonly isFollowing: boolean;
  /** What another node hears of it that looks for a core. */
  load(): RoleLoad;
  /** @throws CallError NO_CORE, NOT_ENTERED; StoreError */
  write(writes: readonly WireWrite[]): Promise<WireOutcome[]>;
  /** All that this node has is written: what it had before and did not write again goes. @throws as `write` */
  announced(): Promise<void>;
  /** Takes another node out of the cluster; false if it does not belong to it. @throws as `write` */
  remove(name: string): Promise<boolean>;
  /** To be called every second. */
  tick(nowMs: number): void;
  close(): Promise<void>;
}
