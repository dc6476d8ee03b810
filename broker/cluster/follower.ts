import { CallError } from './calls.js';
import type { LogEntry } from './feed.js';
import type { Hello } from './hello.js';
import type { Load } from './load.js';
import type { ReplicaChange } from './replica.js';
import { Snapshot, type SnapshotPiece } from './snapshot.js';

/** After a failed attempt; EMQX's rlog_replica_reconnect_interval is 5 s, with its own probing in between. */
const RETRY_MS = 1000;
const CALL_TIMEOUT_MS = 5000;
/** A core that has no contact to its database in so many looks is left: a new leader is found in less. */
const LOOKS_UNTIL_LEFT = 2;

/** An open link to a node that may be a core. */
export interface CoreLink {
  readonly isOpen: boolean;
  readonly hello: Hello | undefined;
  /** @throws CallError */
  call(method: string, body: unknown, timeoutMs?: number): Promise<unknown>;
}

/** What a follower needs of its node. */
export interface FollowerHost {
  /** Open links to nodes that may be cores. */
  candidates(): Promise<CoreLink[]>;
  /** [0, 1) */
  random(): number;
  /** Enters the cluster at this core: the node's lease and record. */
  enter(core: CoreLink): Promise<void>;
  /** All that the core has; `isOther`: of another database than the one that was followed before. */
  loaded(snapshot: Snapshot, isOther: boolean): void;
  changed(change: ReplicaChange): void;
  /** The copy is complete and followed; from now on this core is asked. */
  followed(core: CoreLink): Promise<void>;
  /** Contact is lost; the copy stays as it is. */
  lost(why: string): void;
}

/**
 * A replicant's way to the cluster database: attaches to the core with the fewest replicants, loads its snapshot
 * into the replica, then follows its log. A gap in the log, or a lost core, means attaching again and a new
 * snapshot; until that is complete the old copy goes on serving.
 */
export class Follower {
  readonly #host: FollowerHost;
  #core: CoreLink | undefined;
  #database: string | undefined;
  #agent = 0;
  #last = 0;
  /** Log entries that came while the snapshot was loading; undefined once it is loaded. */
  #early: ReplicaChange[] | undefined = undefined;
  #running = false;
  #closed = false;
  #wake: () => void = () => {};
  #isLooking = false;
  /** Looks in a row in which the core had no contact to its database. */
  #idleLooks = 0;

  constructor(host: FollowerHost) {
    this.#host = host;
  }

  /** The core that is followed. */
  get core(): CoreLink | undefined {
    return this.#early === undefined && this.#core?.isOpen ? this.#core : undefined;
  }

  /** Which database the copy is of. */
  get database(): string | undefined {
    return this.#database;
  }

  /** Follows a core from now on; also after `close`. */
  start(): void {
    this.#closed = false;
    if (!this.#running) void this.#run();
  }

  /** Leaves what it follows for another database. */
  startOver(why: string): void {
    this.#database = undefined;
    if (this.#core !== undefined) this.#again(why);
    else this.start();
  }

  /** An entry came on this link. */
  logged(link: CoreLink, entry: LogEntry): void {
    if (link !== this.#core || entry.agent !== this.#agent) return;
    if (entry.number !== this.#last + 1) {
      this.#again(`a gap in the log of '${link.hello?.name}'`);
      return;
    }
    this.#last++;
    const changes = entry.changes.map(([key, value]) => [key, value ?? undefined] as const);
    if (this.#early !== undefined) this.#early.push(...changes);
    else for (const change of changes) this.#host.changed(change);
  }

  /** A link is gone; only the one that is followed matters. */
  unlinked(link: CoreLink, why: string): void {
    if (link === this.#core) this.#again(why);
  }

  /** The core does not know this node any more, though the link was never lost. */
  notEntered(core: CoreLink): void {
    if (core === this.#core) this.#again('it takes this node to be gone');
  }

  /**
   * A few times in a lease: a core that is cut off from its database answers as before, but cannot renew this node's
   * lease there. It is left if another core can; until that is followed the old copy goes on serving.
   */
  async look(): Promise<void> {
    const { core } = this;
    if (core === undefined || this.#isLooking) return;
    this.#isLooking = true;
    try {
      const { serving } = (await core.call('load', null, CALL_TIMEOUT_MS)) as Load;
      this.#idleLooks = serving ? 0 : this.#idleLooks + 1;
      if (this.#idleLooks < LOOKS_UNTIL_LEFT) return;
      await this.#choose();
      if (core === this.core) this.#again(`'${core.hello?.name}' is cut off from its database`);
    } catch (error) {
      // It does not answer, which its link will tell of, or nobody else serves either.
      if (!(error instanceof CallError)) throw error;
    } finally {
      this.#isLooking = false;
    }
  }

  /** Follows nobody from now on. */
  close(): void {
    this.#closed = true;
    this.#core = undefined;
    this.#database = undefined;
    this.#wake();
  }

  #again(why: string): void {
    const wasFollowing = this.#early === undefined;
    this.#core = undefined;
    this.#idleLooks = 0;
    if (wasFollowing) this.#host.lost(why);
    if (!this.#closed) this.start();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (!this.#closed && this.core === undefined) {
      try {
        await this.#attach();
      } catch (error) {
        this.#core = undefined;
        if (!(error instanceof CallError)) throw error;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, RETRY_MS);
          this.#wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    }
    this.#running = false;
  }

  async #attach(): Promise<void> {
    const core = await this.#choose();
    await this.#host.enter(core);
    if (this.#closed) throw new CallError('CLOSED', 'it follows nobody any more');
    this.#early = [];
    this.#last = 0;
    this.#agent++;
    const agent = this.#agent;
    this.#core = core;
    const database = (await core.call('attach', agent, CALL_TIMEOUT_MS)) as string;
    const snapshot = new Snapshot();
    for (let done = false; !done; ) {
      const piece = (await core.call('snapshot', agent, CALL_TIMEOUT_MS)) as SnapshotPiece & {
        done: boolean;
      };
      snapshot.add(piece);
      done = piece.done;
    }
    if (this.#core !== core) throw new CallError('LINK_LOST', 'the core went while it was read');
    this.#host.loaded(snapshot, this.#database !== undefined && this.#database !== database);
    this.#database = database;
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const change of early) this.#host.changed(change);
    await this.#host.followed(core);
  }

  /**
   * The core with the fewest followers; of several one by chance. One that has left for another database, and its
   * followers with it, only if no other answers.
   */
  async #choose(): Promise<CoreLink> {
    const links = await this.#host.candidates();
    const loads = await Promise.all(
      links.map(async (link) => {
        const load = (await link.call('load', null, CALL_TIMEOUT_MS).catch(() => undefined)) as
          | Pick<Load, 'role' | 'followers' | 'serving' | 'database'>
          | undefined;
        if (load?.role !== 'core' || !load.serving) return undefined;
        const isOther = this.#database !== undefined && load.database !== this.#database;
        return { link, isOther, badness: load.followers + this.#host.random() };
      }),
    );
    const [best] = loads
      .filter((load) => load !== undefined)
      .sort(
        (one, other) => Number(one.isOther) - Number(other.isOther) || one.badness - other.badness,
      );
    if (best === undefined) throw new CallError('NO_CORE', 'no core answers');
    return best.link;
  }
}
