import { ReasonCode } from '../../wire/mod.js';
import { TcpListener } from '../listener/mod.js';
import type { Node } from '../session/mod.js';
import { after } from './after.js';
import { Alarms } from './alarms.js';
import { Announcer } from './announcer.js';
import { autoclusterOperations } from './autocluster-operations.js';
import { ClientClaims } from './client-claims.js';
import type { ClusterOptions, ClusterSurroundings } from './cluster-options.js';
import { Contacts } from './contacts.js';
import { CoreSide } from './core-side.js';
import { createMembership } from './create-membership.js';
import { Autocluster, realSchedule } from './discovery/mod.js';
import type { LogEntry } from './feed.js';
import { tellToLeave } from './force-leave.js';
import { type Hello, newGuid, PROTOCOL } from './hello.js';
import { CLIENTS, NODES, type NodeRecord } from './keys.js';
import { Links } from './links.js';
import { type MemberList, Members } from './members.js';
import type { Membership } from './membership.js';
import { Moves } from './moves.js';
import { OwnWrites } from './own-writes.js';
import { PeerCalls } from './peer-calls.js';
import { PeerIngress } from './peer-ingress.js';
import type { PeerLink } from './peer-link.js';
import { RemoteNodes } from './remote-nodes.js';
import { Replica } from './replica.js';
import { ReplicantSide } from './replicant-side.js';
import { RetainedWriter } from './retained-writer.js';

const TICK_MS = 1000;

/**
 * One node's part in a cluster. Here its parts are put together:
 *
 * - the copy of what all must know (`Replica`), fed by the node's side of the cluster database (`CoreSide` or
 *   `ReplicantSide`) and put into the router (`RemoteNodes`);
 * - links to other nodes (`Links`, `Contacts`) and from them (`PeerIngress`, `PeerCalls`);
 * - what the node writes (`OwnWrites`): its subscribers (`Announcer`), its clients (`ClientClaims`), retained messages;
 * - sessions that come and go (`Moves`), and the node itself that does (`Membership`, `Autocluster`).
 */
export class ClusterNode {
  readonly options: ClusterOptions;
  readonly guid: string;
  readonly replica: Replica;
  readonly links: Links;
  readonly membership: Membership;
  readonly #node: Node;
  readonly #around: ClusterSurroundings;
  /** Aborted when the node begins to close. */
  readonly #ending = new AbortController();
  readonly #alarms: Alarms;
  readonly #members: Members;
  readonly #contacts: Contacts;
  readonly #remotes: RemoteNodes;
  readonly #ingress: PeerIngress;
  readonly #side: CoreSide | ReplicantSide;
  readonly #writes: OwnWrites;
  readonly #announcer: Announcer;
  readonly #claims: ClientClaims;
  readonly #moves: Moves;
  readonly #calls: PeerCalls;
  /** Cores form a cluster of what discovery finds. */
  readonly #autocluster: Autocluster | undefined;
  #listener: TcpListener | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ClusterOptions, node: Node, around: ClusterSurroundings) {
    const { name, role, cookie, discovery } = options;
    const say = (line: string): void => around.say(line);
    const now = (): number => around.now();
    const ended = this.#ending.signal;
    this.options = options;
    this.#node = node;
    this.#around = around;
    this.guid = newGuid(around.wallMs(), `${name} ${process.pid} ${around.random()}`);
    this.#alarms = new Alarms(say);
    this.#remotes = new RemoteNodes(name, node, options.forward, {
      up: (other, record) => this.#nodeUp(other, record),
      down: (other, next) => this.#nodeDown(other, next),
      markSeen: () => this.#moves.markSeen(),
      ownRoute: (filter, isThere) => this.#announcer.routeSeen(filter, isThere),
      ownShare: (number, isThere) => this.#announcer.shareSeen(number, isThere),
      now,
    });
    this.replica = new Replica(this.#remotes);
    this.#members = new Members(options, this.replica);
    this.links = new Links({
      node,
      cookie,
      now,
      hello: () => this.hello(),
      opened: (other, link) => this.#linkOpened(other, link),
      closed: (other, how, why) => this.#linkClosed(other, how, why),
      // Without its link a replicant notices, and attaches again.
      over: (link, why) => {
        if (!ended.aborted) this.#replicant?.linkOver(link, why);
      },
      logged: (link, body) => this.#replicant?.logged(link, body as LogEntry),
    });
    this.#contacts = new Contacts({
      links: this.links,
      replica: this.replica,
      alarms: this.#alarms,
      addressOf: (other) => options.addressOf(other),
      role: () => options.role,
    });
    this.#ingress = new PeerIngress({
      node,
      cookie,
      hello: () => this.hello(),
      deliverToMember: (message) => this.#announcer.deliver(message, node.router),
      onCall: (method, body, peer) => this.#calls.answer(method, body, peer),
      onMarker: (other, move) => this.#moves.marked(other, move),
      linked: () => undefined,
      unlinked: (peer) => this.#core?.unlinked(peer),
      complain: say,
    });
    this.#side = this.#createSide();
    this.#writes = new OwnWrites({
      self: name,
      alarms: this.#alarms,
      ended,
      firstMark: Math.round(around.wallMs()),
      send: (writes) => this.#side.write(writes),
    });
    this.#announcer = new Announcer(
      name,
      (write) => this.#writes.say(write),
      () => around.random(),
    );
    const others = {
      others: () => this.#members.othersUp(),
      call: (to: string, method: string, body: unknown, timeoutMs: number) =>
        this.#contacts.call(to, method, body, timeoutMs),
    };
    this.#moves = new Moves({
      ...others,
      name,
      sessions: node.sessions,
      now,
      after,
      said: () => this.#writes.saidMark(),
      markOf: (other) => this.replica.marks.get(other) ?? 0,
      sendMarker: (other, move) => this.#remotes.sendMarker(other, move),
      sourceOf: ({ publisher }) => this.#ingress.nodeOf(publisher) ?? name,
      settleOwner: (clientId) => void this.#claims.reclaim(clientId),
    });
    this.#claims = new ClientClaims({
      ...others,
      name,
      sessions: node.sessions,
      now,
      after,
      beginMove: (clientId, move) => this.#moves.begin(clientId, move),
      takeMoved: (from, clientId, move) => this.#moves.take(from, clientId, move),
      wallMs: () => around.wallMs(),
      write: (write) => this.#writes.write(write),
      release: (clientId, claim) =>
        // One claim's end is not the last word on another's.
        this.#writes.say(['delete', `${CLIENTS}${clientId}`, claim], claim),
    });
    this.membership = createMembership({
      options,
      node,
      side: this.#side,
      members: this.#members,
      contacts: this.#contacts,
      writes: this.#writes,
      announceAll: () => this.#announceAll(),
      discover: async (on) => {
        if (on) this.#autocluster?.enable();
        else await this.#autocluster?.disable();
      },
      say,
    });
    this.#calls = new PeerCalls({
      self: name,
      side: this.#side,
      members: this.#members,
      membership: this.membership,
      claims: this.#claims,
      moves: this.#moves,
      say,
    });
    if (role === 'core' && discovery !== undefined) {
      const operations = autoclusterOperations({
        self: { name, guid: this.guid },
        members: this.#members,
        membership: this.membership,
        contacts: this.#contacts,
        say,
      });
      const deps = { random: () => around.random(), schedule: realSchedule, report: say };
      this.#autocluster = new Autocluster(discovery, operations, deps);
    }
  }

  #createSide(): CoreSide | ReplicantSide {
    const parts = {
      options: this.options,
      node: this.#node,
      around: this.#around,
      replica: this.replica,
      contacts: this.#contacts,
      alarms: this.#alarms,
      record: () => this.#record(),
      announceAll: () => this.#announceAll(),
    };
    if (this.options.role === 'replicant')
      return new ReplicantSide({ ...parts, links: this.links });
    return new CoreSide({
      ...parts,
      guid: this.guid,
      members: this.#members,
      ended: this.#ending.signal,
      answered: () => this.#writes.answered(),
      failed: (error) => this.#writes.failed(error),
      closeFrom: (name) => this.#ingress.closeFrom(name, this.#around.now()),
    });
  }

  /**
   * Takes the node into the cluster; resolves when its copy is complete and clients may be let in.
   * Throws BrokerError if the link address cannot be had.
   */
  async start(): Promise<void> {
    const { linkHost, linkPort, forward } = this.options;
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
    const retained = new RetainedWriter(this.#node, forward, this.#around, this.#writes);
    this.#node.router.localRoutes = this.#announcer;
    this.#node.router.retainer = (message) => retained.retain(message);
    this.#node.registry = this.#claims;
    this.#node.whenAnnounced = (then) => this.#writes.whenSaid(() => then(now()));
    await this.#side.start();
    this.#autocluster?.enable();
  }

  /** The node's side of the database, if it is a core's, or a replicant's. */
  get #core(): CoreSide | undefined {
    return this.#side.role === 'core' ? this.#side : undefined;
  }

  get #replicant(): ReplicantSide | undefined {
    return this.#side.role === 'replicant' ? this.#side : undefined;
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
    return this.#alarms.lines;
  }

  /** The core that a replicant follows. */
  get followed(): string | undefined {
    return this.#replicant?.followed?.hello?.name;
  }

  /** Nodes that belong to the cluster as this one knows it, sorted; replicants only while they run, as in EMQX. */
  members(): MemberList {
    return this.#members.list();
  }

  /** Whether there is contact to a node. */
  reaches(name: string): boolean {
    return name === this.options.name || this.#contacts.hasLink(name);
  }

  /**
   * Takes another node out of the cluster, for good if it is gone; one that runs is told to leave, for it would be
   * back. False if it does not belong to the cluster.
   */
  async forceLeave(name: string): Promise<boolean> {
    const parts = { links: this.links, members: this.#members, say: this.#around.say };
    return (await tellToLeave(name, parts)) || this.#side.remove(name);
  }

  /** The clients' listeners are open (or others than before): other nodes are told. */
  async listening(): Promise<void> {
    const record = JSON.stringify(this.#record());
    this.#writes.say(['put', `${NODES}${this.options.name}`, record]);
    // Written later if not now: clients are let in meanwhile.
    await this.#writes.allSaid().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#autocluster?.disable();
    this.#writes.close();
    this.#claims.close();
    clearInterval(this.#timer);
    await this.#side.close();
    this.links.close();
    this.#ingress.close(this.#around.now());
    await this.#listener?.close(ReasonCode.SERVER_SHUTTING_DOWN, 1000);
  }

  #tick(): void {
    const nowMs = this.#around.now();
    this.links.tick(nowMs);
    this.#side.tick(nowMs);
    this.#checkAnnounced();
  }

  #record(): NodeRecord {
    const { role, linkHost, version } = this.options;
    const { linkPort, guid } = this;
    const listeners = this.#around.listeners();
    return { guid, role, host: linkHost, linkPort, listeners, version };
  }

  /** Says all that this node has to a database that may not know it. */
  async #announceAll(): Promise<void> {
    for (const write of this.#announcer.everything()) this.#writes.say(write);
    this.#writes.retry();
    await Promise.all([this.#writes.allSaid(), this.#writes.saidMark(), this.#claims.announce()]);
    await this.#side.announced();
  }

  #checkAnnounced(): void {
    const stands = this.replica.nodes.get(this.options.name);
    // While the copy is not followed, and before this node is up in it, it says nothing.
    if (stands?.record?.guid !== this.guid || !this.#writes.isComplete) return;
    if (this.#side.isFollowing) this.#announcer.check(stands);
  }

  // Other nodes

  #nodeUp(name: string, record: NodeRecord): void {
    this.#core?.answered(name);
    if (name === this.options.name) return;
    if (record.role === 'core') {
      const cores = this.#members.coresToRemember();
      this.options.remember(cores, false).catch((error: Error) => this.#around.say(error.message));
    }
    this.#contacts.up(name, record);
    const link = this.links.get(name);
    if (link !== undefined) this.#remotes.carry(name, link);
  }

  #nodeDown(name: string, next: NodeRecord | undefined): void {
    if (name === this.options.name) return;
    this.#claims.gone(name);
    this.#contacts.down(name, next, this.#replicant?.keepsLink(name) ?? false);
  }

  #linkOpened(name: string, link: PeerLink): void {
    this.#core?.answered(name);
    this.#contacts.opened(name);
    this.#remotes.carry(name, link);
    this.#claims.linked(name);
  }

  #linkClosed(name: string, how: 'refused' | 'rejected' | 'lost', why: string): void {
    if (this.#ending.signal.aborted) return;
    this.#contacts.lost(name, why);
    if (how === 'refused') this.#core?.refused(name);
  }
}
