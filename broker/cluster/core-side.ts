import type { Store } from '../../store/mod.js';
import type { Node } from '../session/mod.js';
import { after } from './after.js';
import type { Alarms } from './alarms.js';
import { Autoheal, type HealNode } from './autoheal.js';
import { CallError } from './calls.js';
import type { ClusterOptions, ClusterSurroundings } from './cluster-options.js';
import type { Contacts } from './contacts.js';
import { Core } from './core.js';
import type { CoreDatabase } from './core-database.js';
import type { DatabaseSide } from './database-side.js';
import { Feed } from './feed.js';
import { GoneNodes } from './gone-nodes.js';
import { Grace } from './grace.js';
import type { NodeRecord } from './keys.js';
import type { RoleLoad } from './load.js';
import type { Members } from './members.js';
import { SINGLETON } from './membership.js';
import type { InboundPeer } from './peer-ingress.js';
import type { Replica } from './replica.js';
import { clientsTopics, packRetained, storeRetained } from './retained-copies.js';
import type { WireOutcome, WireWrite } from './wire-write.js';

/** Enters again within a call: one node after the other. */
const HEAL_TIMEOUT_MS = 150_000;

export interface CoreSideDeps {
  readonly options: ClusterOptions;
  readonly guid: string;
  readonly node: Node;
  readonly around: ClusterSurroundings;
  readonly replica: Replica;
  readonly members: Members;
  readonly contacts: Contacts;
  readonly alarms: Alarms;
  readonly ended: AbortSignal;
  /** This node's own. */
  record(): NodeRecord;
  /** Writes again all that this node has. */
  announceAll(): Promise<void>;
  /** The database answers again. */
  answered(): void;
  /** Something was not written; throws what is no failure of a write. */
  failed(error: unknown): void;
  /** Ends the links from a node; it will be back. */
  closeFrom(name: string): void;
}

/** A core's: reads and writes the database itself, for its own node and for the replicants that follow it. */
export class CoreSide implements DatabaseSide {
  readonly role = 'core';
  readonly database: CoreDatabase;
  readonly #deps: CoreSideDeps;
  readonly #feed: Feed;
  readonly #heal: Autoheal;
  readonly #gone: GoneNodes;
  readonly #grace: Grace;
  #core: Core | undefined;

  constructor(deps: CoreSideDeps) {
    const { database, heal, autocleanMs } = deps.options;
    if (database === undefined) throw new RangeError('a core has a database');
    this.#deps = deps;
    this.database = database;
    this.#feed = new Feed(deps.replica);
    this.#grace = new Grace(deps.replica);
    const say = (line: string): void => deps.around.say(line);
    this.#gone = new GoneNodes({
      autocleanMs,
      ended: deps.ended,
      isFollowedBy: (name) => this.#feed.follows(name),
      remove: (name) => this.remove(name),
      say,
      failed: deps.failed,
    });
    this.#heal = new Autoheal(
      {
        self: () => ({ name: deps.options.name, guid: deps.guid }),
        upCores: () =>
          [...deps.replica.up()]
            .filter(([, { role }]) => role === 'core')
            .map(([name, { guid }]) => ({ name, guid })),
        call: (to, method, body) => deps.contacts.callBack(to, method, body, HEAL_TIMEOUT_MS),
        reenter: () => this.#reenter(),
        after,
        say,
      },
      heal,
    );
  }

  start(): Promise<void> {
    return this.#open(this.database.store);
  }

  get databaseId(): string | undefined {
    return this.#core?.databaseId;
  }

  get isFollowing(): boolean {
    return this.#core !== undefined;
  }

  /** The database answers, and knows this node. */
  get isServing(): boolean {
    return !this.#deps.alarms.has('store') && !this.#heal.cutOff;
  }

  load(): RoleLoad {
    const { followers } = this.#feed;
    if (this.#core === undefined) return { followers, serving: false };
    return {
      followers,
      serving: !this.#deps.alarms.has('store'),
      database: this.#core.databaseId,
      engine: this.database.engine,
    };
  }

  write(writes: readonly WireWrite[]): Promise<WireOutcome[]> {
    if (this.#core === undefined) {
      return Promise.reject(new CallError('NO_CORE', 'no database is open yet'));
    }
    return this.#core.write(this.#deps.options.name, writes);
  }

  async announced(): Promise<void> {
    await this.#core?.announced(this.#deps.options.name);
  }

  async remove(name: string): Promise<boolean> {
    const isCore = this.#deps.replica.members.has(name);
    const wasThere = (await this.#core?.remove(name)) ?? false;
    if (isCore) await this.database.forget(name);
    return wasThere;
  }

  tick(nowMs: number): void {
    if (this.#core === undefined || !this.isServing) return;
    this.#gone.clean(this.#deps.members.list().stopped, nowMs);
  }

  async close(): Promise<void> {
    this.#heal.close();
    this.#grace.close();
    await this.#core?.close(this.#deps.options.name);
  }

  /**
   * Leaves the cluster and enters that of another database; this node's clients stay. `keepsFollowers`: whoever
   * follows this core goes with it, or to another one of the cluster that it leaves.
   */
  async exchange(store: Store, keepsFollowers: boolean): Promise<void> {
    const { name } = this.#deps.options;
    await this.#core?.remove(name);
    await this.#core?.close(name);
    const follows = new Set(keepsFollowers ? this.#feed.nodes() : []);
    if (follows.size > 0) this.#grace.begin();
    try {
      await this.#open(store, (node) => follows.has(node));
    } catch (error) {
      await this.#open(this.database.store);
      throw error;
    }
  }

  /** Goes on in an empty database with all that the one in use has. @throws StoreError */
  async moveTo(store: Store): Promise<void> {
    await this.#core?.moveTo(store);
  }

  // Other nodes

  /** A node is there. */
  answered(name: string): void {
    this.#gone.answered(name);
  }

  /** Nobody listens where a node should. */
  refused(name: string): void {
    const record = this.#deps.replica.nodes.get(name)?.record;
    if (record === undefined || this.#core === undefined) return;
    this.#gone.refused(this.#core, name, record.guid);
  }

  /** A link from another node is over. */
  unlinked({ hello, channel }: InboundPeer): void {
    this.#feed.detach(channel);
    if (this.#core !== undefined) this.#gone.unlinked(this.#core, hello);
  }

  /** Does what another node asks a core for. @throws CallError, StoreError */
  async answer(
    method: string,
    body: unknown,
    { hello: { name }, channel }: InboundPeer,
  ): Promise<unknown> {
    const { options, node, around, contacts } = this.#deps;
    const core = this.#core;
    if (core === undefined) throw new CallError('NO_CORE', `'${options.name}' is no core`);
    switch (method) {
      case 'enter': {
        const record = body as NodeRecord;
        if (options.singleton) throw new CallError('SINGLETON', SINGLETON);
        await contacts.refuseTaken(name, record.guid);
        return core.enter(name, record);
      }
      case 'announced':
        return core.announced(name);
      case 'write':
        return core.write(name, body as WireWrite[]);
      case 'attach':
        this.#feed.attach(name, channel, body as number);
        return core.databaseId;
      case 'snapshot':
        return this.#feed.snapshot(name, body as number);
      case 'retained':
        return packRetained(node.router, body as string, around.now());
      case 'heal-report':
        return this.#heal.reported(body as HealNode);
      case 'heal':
        return this.#heal.heal(body as string[]);
      case 'heal-reenter':
        return this.#heal.reenter();
      case 'force-leave':
        return this.remove(body as string);
      case 'bye':
        return core.leave(name);
      default:
        throw new CallError('NO_METHOD', `there is no call '${method}'`);
    }
  }

  // The database

  /** `keeps`: nodes whose routes stay though this database does not have them; they announce them to it soon. */
  async #open(store: Store, keeps: (node: string) => boolean = () => false): Promise<void> {
    const { options, node, around, replica, record } = this.#deps;
    const core = new Core(store, replica, {
      changed: (changes) => this.#feed.log(changes),
      reread: () => this.#feed.startOver(),
      retained: (topic, value) =>
        storeRetained(node.router, topic, value, around.now(), around.wallMs()),
      retainedTopics: () => clientsTopics(node.router),
      leaseLost: (name) => this.#leaseLost(name),
      connected: (connected, why) => this.#connected(connected, why),
    });
    this.#core = core;
    await core.start(keeps);
    await core.enter(options.name, record());
  }

  #connected(connected: boolean, why: string): void {
    const { alarms, answered } = this.#deps;
    if (connected) alarms.clear('store');
    else alarms.raise('store', `no contact to the cluster database: ${why}`);
    if (connected) answered();
    this.#heal.contact(connected);
  }

  #leaseLost(name: string): void {
    const { options, alarms, ended, closeFrom } = this.#deps;
    if (ended.aborted) return;
    if (name !== options.name) {
      // The replicant attaches again, and says again what it has.
      closeFrom(name);
      return;
    }
    alarms.raise(
      'split',
      options.heal.on
        ? 'was cut off from the cluster: others do not know of its clients until it has entered again'
        : 'was cut off from the cluster, and cluster.autoheal is off: restart it to have it enter again',
    );
    this.#heal.lost(!alarms.has('store'));
  }

  /** Says again all that the cluster has forgotten of this core. */
  async #reenter(): Promise<void> {
    const { options, alarms, record, announceAll } = this.#deps;
    await this.#core?.enter(options.name, record());
    await announceAll();
    alarms.clear('split');
  }
}
