import { StoreError } from '../../store/mod.js';
import { ReasonCode } from '../../wire/mod.js';
import { BrokerError } from '../errors.js';
import { TcpListener } from '../listener/mod.js';
import { DROPPED_MESSAGES, type Message, NOT_RETAINED } from '../routing/mod.js';
import type { Node, SessionState } from '../session/mod.js';
import { Announcements } from './announcements.js';
import { Announcer } from './announcer.js';
import { Autoclean } from './autoclean.js';
import { Autoheal, type HealNode, type HealTimes } from './autoheal.js';
import { CallError } from './calls.js';
import { ClientClaims } from './client-claims.js';
import { Core, LEASE_MS } from './core.js';
import type { CoreDatabase, DatabaseMove } from './core-database.js';
import {
  Autocluster,
  type AutoclusterOperations,
  type Discovery,
  realSchedule,
} from './discovery/mod.js';
import { Feed, type LogEntry } from './feed.js';
import { type CoreLink, Follower } from './follower.js';
import { Gate } from './gate.js';
import { type Hello, newGuid, PROTOCOL, type Role } from './hello.js';
import { CLIENTS, MARKS, NODES, type NodeRecord } from './keys.js';
import { Links } from './links.js';
import { type Load, Membership, SINGLETON } from './membership.js';
import { type CutRequest, type EndRequest, Moves } from './moves.js';
import { NodeWriter } from './node-writer.js';
import { type InboundPeer, PeerIngress } from './peer-ingress.js';
import type { PeerAddress, PeerLink } from './peer-link.js';
import type { Forwarding } from './remote-node.js';
import { RemoteNodes } from './remote-nodes.js';
import { Replica } from './replica.js';
import { packRetained, retainedWrite, storeRetained, unpackRetained } from './retained-copies.js';
import type { Snapshot } from './snapshot.js';
import type { WireOutcome, WireWrite } from './wire-write.js';

const TICK_MS = 1000;
const CALL_TIMEOUT_MS = 15_000;
/** Links that a replicant waits for before it chooses among the cores that answer. */
const CANDIDATE_TIMEOUT_MS = 2000;
/** For the others, once one has answered. */
const SPREAD_MS = 500;
const ASK_TIMEOUT_MS = 2000;
const LOOK_AGAIN_MS = 20;
/** A node whose machine says that nobody listens any more is gone; asked twice, for it may just be starting. */
const REFUSALS_UNTIL_GONE = 2;

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

/** One node's part in a cluster: links to the others, its copy of what all must know, its writes. */
export class ClusterNode {
  readonly options: ClusterOptions;
  readonly guid: string;
  readonly replica: Replica;
  readonly links: Links;
  readonly membership: Membership;
  readonly #node: Node;
  readonly #around: ClusterSurroundings;
  readonly #remotes: RemoteNodes;
  readonly #ingress: PeerIngress;
  readonly #feed: Feed;
  readonly #writer: NodeWriter;
  readonly #announcements: Announcements;
  readonly #announcer: Announcer;
  readonly #claims: ClientClaims;
  readonly #moves: Moves;
  /** Higher than those of the node's last start. */
  #mark: number;
  readonly #heal: Autoheal;
  readonly #autoclean: Autoclean;
  /** This node's writes pass it: while it changes clusters they wait. */
  readonly #gate = new Gate();
  readonly #refusals = new Map<string, number>();
  readonly #alarms = new Map<string, string>();
  /** Cores form a cluster of what discovery finds. */
  readonly #autocluster: Autocluster | undefined;
  #core: Core | undefined;
  #follower: Follower | undefined;
  #listener: TcpListener | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ready: (() => void) | undefined;
  #unwelcome: ((error: BrokerError) => void) | undefined;
  #closed = false;
  /** A replicant is on its way to the cluster of this core: it asks nobody else, and keeps nothing. */
  #onlyCore: string | undefined;
  /** Whom this replicant has looked for a core. */
  readonly #sought = new Set<string>();
  /** It has no core, and the first that it asked did not help. */
  #isSeeking = false;
  /** While others may still announce again what a new cluster database does not know yet. */
  #grace: NodeJS.Timeout | undefined;

  constructor(options: ClusterOptions, node: Node, around: ClusterSurroundings) {
    this.options = options;
    this.#node = node;
    this.#around = around;
    this.guid = newGuid(around.wallMs(), `${options.name} ${process.pid} ${around.random()}`);
    this.#remotes = new RemoteNodes(options.name, node, options.forward, {
      up: (name, record) => this.#nodeUp(name, record),
      down: (name, next) => this.#nodeDown(name, next),
      markSeen: () => this.#moves.markSeen(),
      ownRoute: (filter, isThere) => this.#announcer.routeSeen(filter, isThere),
      ownShare: (number, isThere) => this.#announcer.shareSeen(number, isThere),
      now: () => around.now(),
    });
    this.replica = new Replica(this.#remotes);
    // Without its link it notices, and attaches again.
    this.#feed = new Feed(this.replica);
    this.links = new Links({
      node,
      cookie: options.cookie,
      now: () => around.now(),
      hello: () => this.hello(),
      opened: (name, link) => this.#linkOpened(name, link),
      closed: (name, how, why) => this.#linkClosed(name, how, why),
      over: (link, why) => {
        if (!this.#closed) this.#follower?.unlinked(link, why);
      },
      logged: (link, body) => this.#follower?.logged(link, body as LogEntry),
    });
    this.#ingress = new PeerIngress({
      node,
      cookie: options.cookie,
      hello: () => this.hello(),
      deliverToMember: (message) => this.#deliverToMember(message),
      onCall: (method, body, peer) => this.#onCall(method, body, peer),
      onMarker: (name, move) => this.#moves.marked(name, move),
      linked: () => undefined,
      unlinked: (peer) => this.#unlinked(peer),
      complain: (line) => around.say(line),
    });
    const send = (writes: readonly WireWrite[]): Promise<WireOutcome[]> =>
      this.#gate.pass(() => this.#write(writes));
    this.#writer = new NodeWriter(send);
    this.#announcements = new Announcements({
      send,
      after,
      failed: (error) => this.#notWritten(error),
      complete: () => this.#alarm('write', undefined),
    });
    this.#announcer = new Announcer(
      options.name,
      (write) => this.#announcements.say(write),
      () => around.random(),
    );
    this.#mark = Math.round(around.wallMs());
    const others = (): string[] =>
      [...this.replica.up()].flatMap(([name]) => (name === options.name ? [] : [name]));
    this.#moves = new Moves({
      name: options.name,
      sessions: node.sessions,
      now: () => around.now(),
      after,
      others,
      call: (to, method, body, timeoutMs) => this.#call(to, method, body, timeoutMs),
      said: () => this.#saidMark(),
      markOf: (name) => this.replica.marks.get(name) ?? 0,
      sendMarker: (name, move) => this.#remotes.sendMarker(name, move),
      sourceOf: ({ publisher }) => this.#ingress.nodeOf(publisher) ?? options.name,
      settleOwner: (clientId) => void this.#claims.reclaim(clientId),
    });
    this.#claims = new ClientClaims({
      name: options.name,
      sessions: node.sessions,
      now: () => around.now(),
      beginMove: (clientId, move) => this.#moves.begin(clientId, move),
      takeMoved: (from, clientId, move) => this.#moves.take(from, clientId, move),
      wallMs: () => around.wallMs(),
      write: (write) => this.#writer.write(write),
      release: (clientId, claim) =>
        // One claim's end is not the last word on another's.
        this.#announcements.say(['delete', `${CLIENTS}${clientId}`, claim], claim),
      others,
      after,
      call: (to, method, body, timeoutMs) => this.#call(to, method, body, timeoutMs),
    });
    this.membership = new Membership(this.#membershipHost());
    const { discovery, role } = options;
    if (role === 'core' && discovery !== undefined) {
      const deps = { random: () => around.random(), schedule: realSchedule };
      this.#autocluster = new Autocluster(discovery, this.#autoclusterOperations(), {
        ...deps,
        report: (line) => around.say(line),
      });
    }
    this.#autoclean = new Autoclean(options.autocleanMs);
    this.#heal = new Autoheal(
      {
        self: () => ({ name: options.name, guid: this.guid }),
        upCores: () =>
          [...this.replica.up()]
            .filter(([, { role }]) => role === 'core')
            .map(([name, { guid }]) => ({ name, guid })),
        // One node after the other enters again within a call.
        call: (to, method, body) => this.#callBack(to, method, body, 10 * CALL_TIMEOUT_MS),
        reenter: () => this.#reenter(),
        after,
        say: (line) => around.say(line),
      },
      options.heal,
    );
  }

  /**
   * Takes the node into the cluster; resolves when its copy is complete and clients may be let in.
   * Throws BrokerError if the link address cannot be had.
   */
  async start(): Promise<void> {
    const { linkHost, linkPort, database } = this.options;
    const { now, say } = this.#around;
    const address = {
      name: 'link',
      host: linkHost,
      port: linkPort,
      maxConnections: Number.POSITIVE_INFINITY,
    };
    const around = { now, complain: say, ingress: this.#ingress };
    [this.#listener] = await TcpListener.openAll(this.#node, [address], around);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#node.router.localRoutes = this.#announcer;
    this.#node.router.retainer = (message) => this.#retain(message);
    this.#node.registry = this.#claims;
    this.#node.whenAnnounced = (then) => this.#announcements.whenSaid(() => then(now()));
    if (this.options.role === 'core') {
      if (database === undefined) throw new RangeError('a core has a database');
      await this.#startCore(database.store);
      this.#autocluster?.enable();
    } else await this.#startFollower();
  }

  hello(): Hello {
    const { name, role, cluster } = this.options;
    return { name, guid: this.guid, role, cluster, protocol: PROTOCOL };
  }

  get linkPort(): number {
    return this.#listener?.port ?? 0;
  }

  /** What is wrong now, a line each. */
  get alarms(): string[] {
    return [...this.#alarms.values()];
  }

  /** The core that a replicant follows. */
  get followed(): string | undefined {
    return this.#follower?.core?.hello?.name;
  }

  /** Replicants that follow this core. */
  get followers(): number {
    return this.#feed.followers;
  }

  /** Nodes that belong to the cluster as this one knows it, sorted; replicants only while they run, as in EMQX. */
  members(): { running: string[]; stopped: string[]; roles: Record<string, Role> } {
    const roles: Record<string, Role> = { [this.options.name]: this.options.role };
    for (const [name, { role }] of this.replica.members) roles[name] = role;
    for (const [name, { role }] of this.replica.up()) roles[name] = role;
    const names = Object.keys(roles).sort();
    const isUp = (name: string): boolean =>
      name === this.options.name || this.replica.nodes.get(name)?.record !== undefined;
    return {
      running: names.filter(isUp),
      stopped: names.filter((name) => !isUp(name)),
      roles,
    };
  }

  /** Whether there is contact to a node. */
  reaches(name: string): boolean {
    return name === this.options.name || this.links.get(name) !== undefined;
  }

  /**
   * Takes another node out of the cluster, for good if it is gone; one that runs is told to leave, for it would be
   * back. False if it does not belong to the cluster.
   */
  async forceLeave(name: string): Promise<boolean> {
    if (await this.#hasLeft(name)) return true;
    if (this.#core !== undefined) return this.#remove(name);
    const core = this.#follower?.core;
    if (core === undefined) throw new CallError('NO_CORE', 'no core is followed');
    return (await core.call('force-leave', name, CALL_TIMEOUT_MS)) as boolean;
  }

  async #hasLeft(name: string): Promise<boolean> {
    const link = this.links.get(name);
    if (link === undefined) return false;
    const isMember = (): boolean => {
      const { running, stopped } = this.members();
      return running.includes(name) || stopped.includes(name);
    };
    try {
      await link.call('leave', null, CALL_TIMEOUT_MS);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      // It leaves, and our link to it ends: the answer may be lost by that.
      if (error.code !== 'LINK_LOST') {
        this.#around.say(`'${name}' does not leave by itself: ${error.message}`);
        return false;
      }
    }
    const endMs = performance.now() + ASK_TIMEOUT_MS;
    while (isMember() && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
    return !isMember();
  }

  /** The clients' listeners are open (or others than before): other nodes are told. */
  async listening(): Promise<void> {
    const record = JSON.stringify(this.#record());
    this.#announcements.say(['put', `${NODES}${this.options.name}`, record]);
    // Written later if not now: clients are let in meanwhile.
    await this.#allSaid().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#autocluster?.disable();
    this.#heal.close();
    this.#announcements.close();
    this.#claims.close();
    clearInterval(this.#timer);
    clearTimeout(this.#grace);
    this.#follower?.close();
    const core = this.#follower?.core;
    if (core !== undefined) await core.call('bye', null, 1000).catch(() => undefined);
    await this.#core?.close(this.options.name);
    this.links.close();
    this.#ingress.close(this.#around.now());
    await this.#listener?.close(ReasonCode.SERVER_SHUTTING_DOWN, 1000);
  }

  #tick(): void {
    const nowMs = this.#around.now();
    this.links.tick(nowMs);
    void this.#follower?.look();
    this.#checkAnnounced();
    if (this.#core === undefined || this.#alarms.has('store') || this.#heal.cutOff) return;
    for (const name of this.#autoclean.overdue(this.members().stopped, nowMs)) {
      this.#around.say(`'${name}' has been down for too long: it is taken out of the cluster`);
      this.#remove(name).catch((error: unknown) => this.#notWritten(error));
    }
  }

  /** Takes a node out of the cluster; false if it does not belong to it. */
  async #remove(name: string): Promise<boolean> {
    const isCore = this.replica.members.has(name);
    const wasThere = (await this.#core?.remove(name)) ?? false;
    if (isCore) await this.options.database?.forget(name);
    return wasThere;
  }

  // Roles

  /** `keeps`: nodes whose routes stay though this database does not have them; they announce them to it soon. */
  async #startCore(
    store: CoreDatabase['store'],
    keeps: (node: string) => boolean = () => false,
  ): Promise<void> {
    const core = new Core(store, this.replica, {
      changed: (changes) => this.#feed.log(changes),
      reread: () => this.#feed.startOver(),
      retained: (topic, value) => {
        const { now, wallMs } = this.#around;
        storeRetained(this.#node.router, topic, value, now(), wallMs());
      },
      retainedTopics: () => this.#retainedTopics(),
      leaseLost: (name) => this.#leaseLost(name),
      connected: (connected, why) => {
        this.#alarm('store', connected ? undefined : `no contact to the cluster database: ${why}`);
        // What failed meanwhile, and nobody tries again, must not be said for ever.
        if (connected && this.#announcements.isComplete) this.#alarm('write', undefined);
        this.#heal.contact(connected);
      },
    });
    this.#core = core;
    await core.start(keeps);
    await core.enter(this.options.name, this.#record());
  }

  async #startFollower(): Promise<void> {
    this.#node.retained = {
      match: (filter, nowMs, give) => {
        const own = this.#node.router.retained.match(filter, nowMs);
        const core = this.#follower?.core;
        if (core === undefined) give(own, nowMs);
        else {
          core.call('retained', filter, CALL_TIMEOUT_MS).then(
            (packed) => {
              const foundMs = this.#around.now();
              give([...own, ...unpackRetained(packed as string[], foundMs)], foundMs);
            },
            () => give(own, this.#around.now()),
          );
        }
      },
    };
    const follower = new Follower({
      loaded: (snapshot, isOther) => this.#loaded(snapshot, isOther),
      changed: (change) => this.replica.apply(change),
      candidates: () => this.#candidates(),
      random: () => this.#around.random(),
      enter: async (core) => {
        await core.call('enter', this.#record(), CALL_TIMEOUT_MS);
      },
      followed: async (core) => {
        this.#onlyCore = undefined;
        this.#isSeeking = false;
        this.#letSoughtGo(core);
        this.#alarm('core', undefined);
        this.#around.say(`follows core '${core.hello?.name}', ${this.replica.routeCount} routes`);
        this.#ready?.();
        this.#ready = undefined;
        await this.#announceAll();
      },
      lost: (why) => this.#alarm('core', `no contact to a core: ${why}`),
    });
    this.#follower = follower;
    const ready = new Promise<void>((resolve, reject) => {
      this.#ready = resolve;
      this.#unwelcome = reject;
    });
    this.#alarm('core', 'no core was found yet: clients are let in when one is');
    follower.start();
    await ready;
  }

  /**
   * A core without a file starts again with an empty database. Nodes that we are linked to are up all the same, and
   * have their subscribers: they are sent to as before until they have entered there as well.
   */
  #loaded(snapshot: Snapshot, isOther: boolean): void {
    if (isOther && this.#onlyCore === undefined) this.#beginGrace();
    // As they are known before the snapshot: it has new starts of nodes, and what the old ones had is gone.
    const kept = new Set<string>();
    if (this.#grace !== undefined) {
      for (const [name, { guid }] of this.replica.up()) {
        if (this.links.get(name)?.hello?.guid === guid) kept.add(name);
      }
    }
    this.replica.reset(snapshot, (name) => kept.has(name));
  }

  #beginGrace(): void {
    clearTimeout(this.#grace);
    this.#grace = setTimeout(() => {
      this.#grace = undefined;
      this.replica.dropUnconfirmed();
    }, LEASE_MS).unref();
  }

  async #candidates(): Promise<PeerLink[]> {
    const found = await this.#coresToAsk();
    for (const [name, address] of found) {
      this.links.want(name, address);
      this.#sought.add(name);
    }
    const opening = [...found.keys()].map((name) =>
      this.links.whenOpen(name, CANDIDATE_TIMEOUT_MS),
    );
    const isOne = Promise.any(opening).then(() => passed(SPREAD_MS));
    const outcomes = Promise.allSettled(opening);
    // Those that are there answer soon; nobody waits for one that is not.
    await Promise.race([outcomes, isOne.catch(() => outcomes)]);
    const open = [...found.keys()].flatMap((name) => this.links.get(name) ?? []);
    if (open.length === 0) this.#noCandidate(await outcomes);
    return open;
  }

  /** Those that discovery finds and those of the cluster; at first only these, since discovery may take seconds. */
  async #coresToAsk(): Promise<Map<string, PeerAddress>> {
    const found = new Map<string, PeerAddress>();
    if (this.#onlyCore !== undefined) {
      return found.set(this.#onlyCore, this.options.addressOf(this.#onlyCore));
    }
    for (const name of this.#sought) {
      const link = this.links.get(name);
      if (link !== undefined) found.set(name, link.address);
    }
    for (const [name, { role, host, linkPort }] of this.replica.up()) {
      if (role === 'core') found.set(name, { host, port: linkPort });
    }
    const isLinked = [...found.keys()].some((name) => this.links.get(name) !== undefined);
    if (!isLinked || this.#isSeeking) {
      for (const { name, ...address } of await this.options.seeds()) found.set(name, address);
    }
    this.#isSeeking = true;
    found.delete(this.options.name);
    return found;
  }

  #noCandidate(outcomes: readonly PromiseSettledResult<PeerLink>[]): void {
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue;
      const { code, message } = outcome.reason as CallError;
      // One that follows a core may look for a better one and find none: nothing is wrong with it.
      if (this.#follower?.core === undefined) this.#alarm('core', message);
      // Another cookie, name or release stays so: better an end than a node that never starts.
      if (code === 'REJECTED' && this.#ready !== undefined) {
        this.#unwelcome?.(new BrokerError('NOT_WELCOME', message));
      }
    }
  }

  /** Those that were found and belong to no cluster of this node are looked for when a core is needed again. */
  #letSoughtGo(followed: CoreLink): void {
    for (const name of this.#sought) if (this.links.get(name) !== followed) this.#letGo(name);
    this.#sought.clear();
  }

  // Writes

  #record(): NodeRecord {
    const { role, linkHost, version } = this.options;
    const { linkPort, guid } = this;
    const listeners = this.#around.listeners();
    return { guid, role, host: linkHost, linkPort, listeners, version };
  }

  async #write(writes: readonly WireWrite[]): Promise<WireOutcome[]> {
    const outcomes = await this.#ask(writes);
    if (this.#announcements.isComplete) this.#alarm('write', undefined);
    return outcomes;
  }

  #ask(writes: readonly WireWrite[]): Promise<WireOutcome[]> {
    if (this.#core !== undefined) return this.#core.write(this.options.name, writes);
    const core = this.#follower?.core;
    if (core === undefined) return Promise.reject(new CallError('NO_CORE', 'no core is followed'));
    return core.call('write', writes, CALL_TIMEOUT_MS).catch((error: CallError) => {
      if (error.code === 'NOT_ENTERED') this.#follower?.notEntered(core);
      throw error;
    }) as Promise<WireOutcome[]>;
  }

  async #announceAll(): Promise<void> {
    for (const write of this.#announcer.everything()) this.#announcements.say(write);
    this.#announcements.retry();
    await Promise.all([this.#allSaid(), this.#saidMark(), this.#claims.announce()]);
    if (this.#core !== undefined) await this.#core.announced(this.options.name);
    else await this.#follower?.core?.call('announced', null, CALL_TIMEOUT_MS);
  }

  /** Resolves when all that this node says of itself is written; rejects when something is not yet. */
  #allSaid(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#announcements.whenSaid((error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  }

  /** A node whose copy has this mark knows what this one has subscribers of now. */
  #saidMark(): Promise<number> {
    this.#mark++;
    const mark = this.#mark;
    return new Promise((resolve, reject) => {
      const write = ['put', `${MARKS}${this.options.name}`, `${mark}`] as const;
      this.#announcements.sayBehind(write, (error) => {
        if (error === undefined) resolve(mark);
        else reject(error);
      });
    });
  }

  #checkAnnounced(): void {
    const stands = this.replica.nodes.get(this.options.name);
    // While the copy is not followed, and before this node is up in it, it says nothing.
    if (stands?.record?.guid !== this.guid || !this.#announcements.isComplete) return;
    if (this.#core === undefined && this.#follower?.core === undefined) return;
    this.#announcer.check(stands);
  }

  #notWritten(error: unknown): void {
    if (error instanceof CallError || error instanceof StoreError) {
      if (!this.#closed) this.#alarm('write', `a write to the cluster failed: ${error.message}`);
    } else throw error;
  }

  #leaseLost(name: string): void {
    if (this.#closed) return;
    if (name !== this.options.name) {
      // The replicant attaches again, and says again what it has.
      this.#ingress.closeFrom(name, this.#around.now());
      return;
    }
    const { heal } = this.options;
    this.#alarm(
      'split',
      heal.on
        ? 'was cut off from the cluster: others do not know of its clients until it has entered again'
        : 'was cut off from the cluster, and cluster.autoheal is off: restart it to have it enter again',
    );
    this.#heal.lost(!this.#alarms.has('store'));
  }

  /** Says again all that the cluster has forgotten of this core. */
  async #reenter(): Promise<void> {
    await this.#core?.enter(this.options.name, this.#record());
    await this.#announceAll();
    this.#alarm('split', undefined);
  }

  #retain(message: Message): void {
    const { now, wallMs } = this.#around;
    const waits = message.qos > 0 && this.options.forward === 'acked';
    if (waits) message.awaitNode();
    const receipt = waits ? message.receipt : undefined;
    this.#writer.write(retainedWrite(message, now(), wallMs())).then(
      () => receipt?.settle(now()),
      (error: unknown) => {
        // Delivered to those who are there, but nobody will find it later; only with MQTT 5 can its publisher hear so.
        this.#node.counters[DROPPED_MESSAGES]!++;
        this.#node.counters[NOT_RETAINED]!++;
        receipt?.fail(ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR, now());
        this.#notWritten(error);
      },
    );
  }

  // Other nodes

  #nodeUp(name: string, record: NodeRecord): void {
    this.#refusals.delete(name);
    if (name === this.options.name) return;
    if (record.role === 'core') {
      this.#rememberCores(false).catch((error: Error) => this.#around.say(error.message));
    }
    this.links.want(name, { host: record.host, port: record.linkPort });
    const link = this.links.get(name);
    if (link !== undefined) this.#remotes.carry(name, link);
  }

  #nodeDown(name: string, next: NodeRecord | undefined): void {
    if (name === this.options.name) return;
    this.#claims.gone(name);
    // It may be its new start that we are linked to already, and follow.
    const link = this.links.get(name);
    if (link !== undefined && link === this.#follower?.core) {
      // It goes to another cluster, and says when; with it, or to another core, it is this node's to choose then.
      this.#sought.add(name);
    } else if (next === undefined || link?.hello?.guid !== next.guid) this.links.unwant(name);
    // It is down for all: no contact to it is as it should be.
    this.#alarms.delete(`link ${name}`);
  }

  #linkOpened(name: string, link: PeerLink): void {
    this.#refusals.delete(name);
    this.#alarm(`link ${name}`, undefined);
    this.#remotes.carry(name, link);
    this.#claims.linked(name);
  }

  #linkClosed(name: string, how: 'refused' | 'rejected' | 'lost', why: string): void {
    if (this.#closed) return;
    const record = this.replica.nodes.get(name)?.record;
    if (record !== undefined) this.#alarm(`link ${name}`, `no contact to '${name}': ${why}`);
    if (how !== 'refused' || record === undefined || this.#core === undefined) return;
    const refusals = (this.#refusals.get(name) ?? 0) + 1;
    this.#refusals.set(name, refusals);
    if (refusals < REFUSALS_UNTIL_GONE) return;
    this.#refusals.delete(name);
    this.#core.expel(name, record.guid).catch((error: unknown) => {
      // Without contact to the database, which has an alarm of its own; it is tried again at the next refusals.
      if (!(error instanceof StoreError) || error.code !== 'UNAVAILABLE') this.#notWritten(error);
    });
  }

  #unlinked({ hello, channel }: InboundPeer): void {
    this.#feed.detach(channel);
    const core = this.#core;
    if (core === undefined || hello.role === 'core' || this.#closed) return;
    const lease = core.leaseOf(hello.name, hello.guid);
    if (lease === undefined) return;
    // Its core keeps a replicant's lease for it: not for longer than the store would.
    setTimeout(() => {
      if (this.#closed || this.#feed.follows(hello.name)) return;
      // It may have entered again a moment ago.
      if (core.leaseOf(hello.name, hello.guid) !== lease) return;
      core.leave(hello.name).catch((error: unknown) => this.#notWritten(error));
    }, LEASE_MS).unref();
  }

  #deliverToMember(message: Message): void {
    const { router } = this.#node;
    const found = this.#announcer.member(message.member);
    const where = found ?? this.#announcer.groupLeft(message.member);
    if (where === undefined) return;
    const group = router.group(where.group, where.filter);
    const member = found === undefined ? undefined : group?.subscriptionOf(found.subscriber);
    if (member !== undefined) member.subscriber.deliver(message, member, group);
    else if (group !== undefined) group.deliver(message);
  }

  #call(to: string, method: string, body: unknown, timeoutMs: number): Promise<unknown> {
    const link = this.links.get(to);
    if (link === undefined) return Promise.reject(new CallError('NO_LINK', `no link to '${to}'`));
    return link.call(method, body, timeoutMs);
  }

  /** Asks a node that the cluster may have taken for gone: then there is no link to it any more. */
  async #callBack(to: string, method: string, body: unknown, timeoutMs: number): Promise<unknown> {
    try {
      const link = this.links.get(to) ?? (await this.#reach(to));
      return await link.call(method, body, timeoutMs);
    } finally {
      this.#letGo(to);
    }
  }

  async #onCall(method: string, body: unknown, { hello, channel }: InboundPeer): Promise<unknown> {
    const core = this.#core;
    const { name } = hello;
    switch (method) {
      case 'load': {
        const load: Load = {
          role: this.options.role,
          followers: this.#feed.followers,
          serving: core !== undefined && !this.#alarms.has('store'),
          cores: this.#coreCount(),
          discoverable: this.#isDiscoverable(),
        };
        if (core === undefined) return load;
        return { ...load, database: core.databaseId, engine: this.options.database?.engine };
      }
      case 'leave': {
        const { say } = this.#around;
        say(`'${name}' tells this node to leave the cluster`);
        return this.membership.leave(say);
      }
      case 'members':
        return this.members().running;
      case 'ping':
        return null;
      case 'takeover': {
        const { clientId, claim, move } = body as {
          clientId: string;
          claim: string;
          move?: string;
        };
        const state: SessionState | null = await this.#claims.handOver(clientId, claim, move);
        return state;
      }
      case 'cut':
        return this.#moves.cut(body as CutRequest);
      case 'end-move':
        return this.#moves.end(body as EndRequest);
      case 'reclaim':
        return this.#claims.reclaim((body as { clientId: string }).clientId);
    }
    if (core === undefined) throw new CallError('NO_CORE', `'${this.options.name}' is no core`);
    switch (method) {
      case 'enter':
        if (this.options.singleton) throw new CallError('SINGLETON', SINGLETON);
        await this.#refuseTaken(body as NodeRecord, name);
        return core.enter(name, body as NodeRecord);
      case 'invite':
        return this.membership.invite(hello);
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
        return packRetained(this.#node.router, body as string, this.#around.now());
      case 'heal-report':
        return this.#heal.reported(body as HealNode);
      case 'heal':
        return this.#heal.heal(body as string[]);
      case 'heal-reenter':
        return this.#heal.reenter();
      case 'force-leave':
        return this.#remove(body as string);
      case 'bye':
        return core.leave(name);
      default:
        throw new CallError('NO_METHOD', `there is no call '${method}'`);
    }
  }

  // Membership

  #membershipHost(): ConstructorParameters<typeof Membership>[0] {
    const { name, role, database, singleton } = this.options;
    return {
      name,
      role,
      database,
      singleton,
      databaseId: () => this.#core?.databaseId ?? this.#follower?.database,
      others: () => {
        const { running, stopped, roles } = this.members();
        return [...running, ...stopped]
          .filter((other) => other !== name)
          .map((other) => ({ name: other, role: roles[other] as Role }));
      },
      isRunning: (other) => this.members().running.includes(other) && this.reaches(other),
      answeringGuid: (other) => this.#answeringGuid(other),
      serving: () => !this.#alarms.has('store') && !this.#heal.cutOff,
      clients: () => this.#node.sessions.count,
      retained: () => [...this.#retainedTopics()].length,
      reach: (other) => this.#reach(other),
      letGo: (other) => this.#letGo(other),
      exchange: (move, keepsFollowers) => this.#exchange(move, keepsFollowers),
      moveTo: async (move) => {
        await this.#core?.moveTo(move.store);
        await this.#rememberCores(true);
      },
      discover: async (on) => {
        if (on) this.#autocluster?.enable();
        else await this.#autocluster?.disable();
      },
      follow: (other) => this.#follow(other),
      unfollow: () => this.#unfollow(),
      say: (line) => this.#around.say(line),
    };
  }

  /** A core leaves its cluster and enters that of another database; its clients stay and are announced there. */
  async #exchange({ store }: DatabaseMove, keepsFollowers: boolean): Promise<void> {
    const { name } = this.options;
    await this.#gate.exchange(async () => {
      await this.#core?.remove(name);
      await this.#core?.close(name);
      // Whoever follows this core goes with it, or to another one of the cluster that it leaves.
      const follows = keepsFollowers ? new Set(this.#feed.nodes()) : new Set<string>();
      if (follows.size > 0) this.#beginGrace();
      try {
        await this.#startCore(store, (node) => follows.has(node));
      } catch (error) {
        await this.#startCore((this.options.database as CoreDatabase).store);
        throw error;
      }
    });
    await this.#announceAll();
    await this.#rememberCores(true);
  }

  /** A replicant goes to the cluster of this core. */
  async #follow(core: string): Promise<void> {
    const follower = this.#follower as Follower;
    const before = follower.core;
    this.#onlyCore = core;
    await before?.call('bye', null, ASK_TIMEOUT_MS).catch(() => undefined);
    follower.startOver(`it was told to follow '${core}'`);
    const endMs = performance.now() + CALL_TIMEOUT_MS;
    while (this.#onlyCore !== undefined) {
      if (performance.now() > endMs) {
        this.#onlyCore = undefined;
        throw new CallError('NOT_FOLLOWED', this.#alarms.get('core') ?? 'it does not answer');
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
    await this.#rememberCores(true);
  }

  /** A replicant leaves its cluster, and serves nobody until it is told to join one. */
  async #unfollow(): Promise<void> {
    const follower = this.#follower as Follower;
    const before = follower.core;
    follower.close();
    for (const session of [...this.#node.sessions.values()]) {
      this.#node.sessions.kick(session, this.#around.now());
    }
    await before?.call('bye', null, ASK_TIMEOUT_MS).catch(() => undefined);
    this.replica.reset([]);
    this.#alarm(
      'core',
      `it has left its cluster: 'fleetgauge ctl cluster join <node>' takes it into one`,
    );
    await this.options.remember([], true);
  }

  #autoclusterOperations(): AutoclusterOperations {
    const self = this.options.name;
    return {
      self,
      isAlive: async (node) => {
        try {
          await this.#reach(node);
          return true;
        } catch (error) {
          this.#letGo(node);
          // Another cookie or cluster: that is for somebody to put right.
          if (error instanceof CallError && error.code !== 'REJECTED') return false;
          throw error;
        }
      },
      members: () => this.members().running,
      memberRecord: async (node) => {
        if (node === self) {
          const { guid } = this;
          const [cores, discoverable] = [this.#coreCount(), this.#isDiscoverable()];
          return { node, guid, role: 'core', cores, discoverable };
        }
        const link = await this.#reach(node);
        const { role, cores, discoverable } = (await link.call(
          'load',
          null,
          ASK_TIMEOUT_MS,
        )) as Load;
        return { node, guid: link.hello?.guid ?? '', role, cores, discoverable };
      },
      join: (node) => this.membership.join(node, (line) => this.#around.say(line)),
      letGo: (node) => {
        // An order to join may be using the link.
        if (!this.membership.isJoining) this.#letGo(node);
      },
    };
  }

  /** Whether discovery may take it into a cluster. */
  #isDiscoverable(): boolean {
    return !this.membership.left && !this.options.singleton;
  }

  /** Cores of its cluster, those that are down as well. */
  #coreCount(): number {
    return Object.values(this.members().roles).filter((role) => role === 'core').length;
  }

  async #rememberCores(isOrder: boolean): Promise<void> {
    const cores = new Set(this.replica.members.keys());
    for (const [name, { role }] of this.replica.up()) if (role === 'core') cores.add(name);
    cores.delete(this.options.name);
    await this.options.remember([...cores], isOrder);
  }

  #letGo(name: string): void {
    if (this.replica.nodes.get(name)?.record === undefined) this.links.unwant(name);
  }

  async #reach(name: string): Promise<PeerLink> {
    const { host, port } = this.options.addressOf(name);
    this.links.want(name, { host, port });
    return this.links.whenOpen(name, CANDIDATE_TIMEOUT_MS);
  }

  async #answeringGuid(name: string): Promise<string | undefined> {
    const link = this.links.get(name);
    if (link === undefined) return undefined;
    return link.call('ping', null, CANDIDATE_TIMEOUT_MS).then(
      () => link.hello?.guid,
      () => undefined,
    );
  }

  /** A node of the same name that runs elsewhere keeps it; one that is cut off or gone loses it. */
  async #refuseTaken({ guid }: NodeRecord, name: string): Promise<void> {
    const there = this.replica.nodes.get(name)?.record;
    if (there === undefined || there.guid === guid) return;
    if ((await this.#answeringGuid(name)) === there.guid) {
      throw new CallError(
        'NAME_TAKEN',
        `there is a node '${name}' already; node names must differ`,
      );
    }
  }

  /** Clients', not the node's own. */
  *#retainedTopics(): Generator<string> {
    for (const topic of this.#node.router.retained.topics()) {
      if (!topic.startsWith('$SYS/')) yield topic;
    }
  }

  #alarm(about: string, line: string | undefined): void {
    if (line === undefined) {
      if (this.#alarms.delete(about)) this.#around.say(`over: ${about}`);
      return;
    }
    const before = this.#alarms.get(about);
    this.#alarms.set(about, line);
    if (before === undefined) this.#around.say(line);
  }
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

function after(ms: number, then: () => void): () => void {
  const timer = setTimeout(then, ms).unref();
  return () => clearTimeout(timer);
}
