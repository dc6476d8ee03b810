import { setTimeout as passed } from 'node:timers/promises';
import { BrokerError } from '../errors.js';
import type { Message } from '../routing/mod.js';
import type { Node } from '../session/mod.js';
import type { Alarms } from './alarms.js';
import { CallError } from './calls.js';
import { Candidates } from './candidates.js';
import type { ClusterOptions, ClusterSurroundings } from './cluster-options.js';
import type { Contacts } from './contacts.js';
import type { DatabaseSide } from './database-side.js';
import type { LogEntry } from './feed.js';
import { type CoreLink, Follower } from './follower.js';
import { Grace } from './grace.js';
import type { NodeRecord } from './keys.js';
import type { Links } from './links.js';
import type { RoleLoad } from './load.js';
import type { Replica } from './replica.js';
import { unpackRetained } from './retained-copies.js';
import type { Snapshot } from './snapshot.js';
import type { WireOutcome, WireWrite } from './wire-write.js';

const CALL_TIMEOUT_MS = 15_000;
const BYE_TIMEOUT_MS = 2000;
const LOOK_AGAIN_MS = 20;

export interface ReplicantSideDeps {
  readonly options: ClusterOptions;
  readonly node: Node;
  readonly around: ClusterSurroundings;
  readonly replica: Replica;
  readonly links: Links;
  readonly contacts: Contacts;
  readonly alarms: Alarms;
  /** This node's own. */
  record(): NodeRecord;
  /** Writes again all that this node has. */
  announceAll(): Promise<void>;
}

/** A replicant's: it follows a core, and asks that one for what it does not have itself. */
export class ReplicantSide implements DatabaseSide {
  readonly role = 'replicant';
  readonly #deps: ReplicantSideDeps;
  readonly #follower: Follower;
  readonly #candidates: Candidates;
  readonly #grace: Grace;
  /** While it waits for its first core. */
  #starting: { followed: () => void; refused: (error: BrokerError) => void } | undefined;

  constructor(deps: ReplicantSideDeps) {
    const { options, around, replica, links, contacts } = deps;
    this.#deps = deps;
    this.#grace = new Grace(replica);
    this.#candidates = new Candidates({
      self: options.name,
      links,
      contacts,
      replica,
      seeds: () => options.seeds(),
      addressOf: (name) => options.addressOf(name),
      noneAnswers: (error) => this.#noneAnswers(error),
    });
    this.#follower = new Follower({
      loaded: (snapshot, isOther) => this.#loaded(snapshot, isOther),
      changed: (change) => replica.apply(change),
      candidates: () => this.#candidates.find(),
      random: () => around.random(),
      enter: async (core) => {
        await core.call('enter', deps.record(), CALL_TIMEOUT_MS);
      },
      followed: (core) => this.#followed(core),
      lost: (why) => deps.alarms.raise('core', `no contact to a core: ${why}`),
    });
  }

  async start(): Promise<void> {
    const { node, alarms } = this.#deps;
    node.retained = { match: (filter, nowMs, give) => this.#matchRetained(filter, nowMs, give) };
    const ready = new Promise<void>((followed, refused) => {
      this.#starting = { followed, refused };
    });
    alarms.raise('core', 'no core was found yet: clients are let in when one is');
    this.#follower.start();
    await ready;
  }

  get databaseId(): string | undefined {
    return this.#follower.database;
  }

  get isFollowing(): boolean {
    return this.#follower.core !== undefined;
  }

  /** The core that it follows. */
  get followed(): CoreLink | undefined {
    return this.#follower.core;
  }

  load(): RoleLoad {
    return { followers: 0, serving: false };
  }

  async write(writes: readonly WireWrite[]): Promise<WireOutcome[]> {
    const core = this.#core();
    try {
      return (await core.call('write', writes, CALL_TIMEOUT_MS)) as WireOutcome[];
    } catch (error) {
      if ((error as CallError).code === 'NOT_ENTERED') this.#follower.notEntered(core);
      throw error;
    }
  }

  async announced(): Promise<void> {
    await this.#follower.core?.call('announced', null, CALL_TIMEOUT_MS);
  }

  async remove(name: string): Promise<boolean> {
    return (await this.#core().call('force-leave', name, CALL_TIMEOUT_MS)) as boolean;
  }

  tick(): void {
    void this.#follower.look();
  }

  /** Says so to its core: all are to know at once, and not when its lease runs out. */
  async close(): Promise<void> {
    const { core } = this.#follower;
    this.#grace.close();
    this.#follower.close();
    await core?.call('bye', null, BYE_TIMEOUT_MS).catch(() => undefined);
  }

  /** A link to another node is over. */
  linkOver(link: CoreLink, why: string): void {
    this.#follower.unlinked(link, why);
  }

  /** An entry of the log came on this link. */
  logged(link: CoreLink, entry: LogEntry): void {
    this.#follower.logged(link, entry);
  }

  /**
   * A node is down in this cluster. Its link is kept if it is the one that is followed: it goes to another cluster, and says
   * when; with it, or to another core, it is this node's to choose then.
   */
  keepsLink(name: string): boolean {
    const link = this.#deps.links.get(name);
    const isFollowed = link !== undefined && link === this.#follower.core;
    if (isFollowed) this.#candidates.add(name);
    return isFollowed;
  }

  /** Goes to the cluster of this core. @throws CallError NOT_FOLLOWED */
  async follow(core: string): Promise<void> {
    const before = this.#follower.core;
    this.#candidates.only = core;
    await before?.call('bye', null, BYE_TIMEOUT_MS).catch(() => undefined);
    this.#follower.startOver(`it was told to follow '${core}'`);
    const endMs = performance.now() + CALL_TIMEOUT_MS;
    while (this.#candidates.only !== undefined) {
      if (performance.now() > endMs) {
        this.#candidates.only = undefined;
        const why = this.#deps.alarms.lineOf('core') ?? 'it does not answer';
        throw new CallError('NOT_FOLLOWED', why);
      }
      await passed(LOOK_AGAIN_MS);
    }
  }

  /** Leaves its cluster, and serves nobody until it is told to join one. */
  async unfollow(): Promise<void> {
    const { node, around, replica, alarms } = this.#deps;
    const before = this.#follower.core;
    this.#follower.close();
    for (const session of [...node.sessions.values()]) node.sessions.kick(session, around.now());
    await before?.call('bye', null, BYE_TIMEOUT_MS).catch(() => undefined);
    replica.reset([]);
    alarms.raise(
      'core',
      `it has left its cluster: 'fleetgauge ctl cluster join <node>' takes it into one`,
    );
  }

  /** @throws CallError NO_CORE */
  #core(): CoreLink {
    const { core } = this.#follower;
    if (core === undefined) throw new CallError('NO_CORE', 'no core is followed');
    return core;
  }

  async #followed(core: CoreLink): Promise<void> {
    const { around, replica, alarms, announceAll } = this.#deps;
    this.#candidates.followed(core);
    alarms.clear('core');
    around.say(`follows core '${core.hello?.name}', ${replica.routeCount} routes`);
    this.#starting?.followed();
    this.#starting = undefined;
    await announceAll();
  }

  #noneAnswers({ code, message }: CallError): void {
    // One that follows a core may look for a better one and find none: nothing is wrong with it.
    if (this.#follower.core === undefined) this.#deps.alarms.raise('core', message);
    // Another cookie, name or release stays so: better an end than a node that never starts.
    if (code === 'REJECTED') this.#starting?.refused(new BrokerError('NOT_WELCOME', message));
  }

  /**
   * A core without a file starts again with an empty database. Nodes that we are linked to are up all the same, and
   * have their subscribers: they are sent to as before until they have entered there as well.
   */
  #loaded(snapshot: Snapshot, isOther: boolean): void {
    const { replica, links } = this.#deps;
    if (isOther && this.#candidates.only === undefined) this.#grace.begin();
    // As they are known before the snapshot: it has new starts of nodes, and what the old ones had is gone.
    const kept = new Set<string>();
    if (this.#grace.isOn) {
      for (const [name, { guid }] of replica.up()) {
        if (links.get(name)?.hello?.guid === guid) kept.add(name);
      }
    }
    replica.reset(snapshot, (name) => kept.has(name));
  }

  /** What this node has itself, and what its core has. */
  #matchRetained(
    filter: string,
    nowMs: number,
    give: (messages: readonly Message[], nowMs: number) => void,
  ): void {
    const { node, around } = this.#deps;
    const own = node.router.retained.match(filter, nowMs);
    const { core } = this.#follower;
    if (core === undefined) {
      give(own, nowMs);
      return;
    }
    core.call('retained', filter, CALL_TIMEOUT_MS).then(
      (packed) => {
        const foundMs = around.now();
        give([...own, ...unpackRetained(packed as string[], foundMs)], foundMs);
      },
      () => give(own, around.now()),
    );
  }
}
