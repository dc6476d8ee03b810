/** Nodes of a cluster without sockets: routes, links and calls between them, each arriving when the test says so. */
import { encode, type Packet } from '../../wire/mod.js';
import { Announcements } from '../cluster/announcements.js';
import { Announcer } from '../cluster/announcer.js';
import { CallError, callPacket, SESSION_METHOD } from '../cluster/calls.js';
import { ClientClaims } from '../cluster/client-claims.js';
import { MARKS, NODES } from '../cluster/keys.js';
import { type CutRequest, type EndRequest, Moves } from '../cluster/moves.js';
import { NodeWriter } from '../cluster/node-writer.js';
import { PeerIngress } from '../cluster/peer-ingress.js';
import type { RemoteNode } from '../cluster/remote-node.js';
import { RemoteNodes } from '../cluster/remote-nodes.js';
import { Replica, type ReplicaChange } from '../cluster/replica.js';
import type { WireOutcome, WireWrite } from '../cluster/wire-write.js';
import { FakeLink } from './fake-link.js';
import { helloOf, shakeHands } from './simulated-peer.js';
import { type SimulatedClient, SimulatedNode } from './simulation.js';

type Arrival = () => void;

/** The store, its log to each node, and the links. */
export class SimulatedCluster {
  readonly nodes = new Map<string, ClusteredNode>();
  readonly #store = new Map<string, string>();
  /** What keeps its order: the log to a node, a link in one direction. */
  readonly #pipes: Arrival[][] = [];
  /** Of these nothing arrives for the time being. */
  readonly #slow = new Set<Arrival[]>();
  /** What arrives in any order: calls, writes, and their answers. */
  readonly #loose: Arrival[] = [];
  #later: { atMs: number; then: () => void }[] = [];
  readonly links: SimulatedLink[] = [];
  nowMs = 1_000_000;

  constructor(names: readonly string[]) {
    for (const name of names) this.nodes.set(name, new ClusteredNode(name, this));
    for (const name of names) {
      const { guid, role } = helloOf(name);
      const record = { guid, role, host: 'h', linkPort: 1, listeners: [], version: '1' };
      this.write(['put', `${NODES}${name}`, JSON.stringify(record)]);
    }
  }

  pipe(): Arrival[] {
    const pipe: Arrival[] = [];
    this.#pipes.push(pipe);
    return pipe;
  }

  write([kind, key, value]: WireWrite): WireOutcome {
    const before = this.#store.get(key) ?? null;
    if (kind === 'add' && before !== null) return before;
    if (kind === 'renew') return before === value ? null : before;
    if (kind === 'delete' && value !== undefined && value !== before) return before;
    if (kind === 'delete') this.#store.delete(key);
    else this.#store.set(key, value);
    const change: ReplicaChange = [key, kind === 'delete' ? undefined : value];
    if (key.startsWith('r/')) {
      for (const { log, replica } of this.nodes.values()) log.push(() => replica.apply(change));
    }
    return kind === 'add' ? null : before;
  }

  /** There and back again, each on its own. */
  ask<T>(serve: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#loose.push(() => {
        serve().then(
          (value) => this.#loose.push(() => resolve(value)),
          (error: unknown) => this.#loose.push(() => reject(error)),
        );
      });
    });
  }

  after(ms: number, then: () => void): () => void {
    const timer = { atMs: this.nowMs + ms, then };
    this.#later.push(timer);
    return () => {
      this.#later = this.#later.filter((other) => other !== timer);
    };
  }

  /** Something that is under way arrives; false if nothing is. */
  async step(which: number): Promise<boolean> {
    const pipes = this.#pipes.filter((pipe) => pipe.length > 0 && !this.#slow.has(pipe));
    const count = pipes.length + this.#loose.length;
    if (count === 0) return false;
    const at = which % count;
    const arrive = pipes[at]?.shift() ?? this.#loose.splice(at - pipes.length, 1)[0];
    arrive?.();
    await this.told();
    return true;
  }

  /** All that is under way arrives, and what was to be done later is done. */
  async settle(): Promise<void> {
    this.#slow.clear();
    await this.told();
    for (let steps = 0; (await this.step(0)) || (await this.#pass()); steps++) {
      if (steps > 100_000) throw new Error('does not come to an end');
    }
  }

  /** One of the links or logs is slow from now on, and the one that was is not any more. */
  slow(which: number): void {
    this.#slow.clear();
    this.#slow.add(this.#pipes[which % this.#pipes.length] as Arrival[]);
  }

  async told(): Promise<void> {
    for (let turn = 0; turn < 30; turn++) await Promise.resolve();
    for (const { simulated } of this.nodes.values()) simulated.settle();
    for (const link of this.links) link.gather();
    await Promise.resolve();
  }

  async #pass(): Promise<boolean> {
    this.#later.sort((one, other) => one.atMs - other.atMs);
    const next = this.#later.shift();
    if (next === undefined) return false;
    this.nowMs = next.atMs;
    for (const { simulated } of this.nodes.values()) simulated.nowMs = this.nowMs;
    next.then();
    await this.told();
    return true;
  }
}

export class ClusteredNode {
  readonly name: string;
  readonly simulated = new SimulatedNode();
  readonly replica: Replica;
  readonly log: Arrival[];
  readonly ingress: PeerIngress;
  readonly claims: ClientClaims;
  readonly moves: Moves;
  readonly #cluster: SimulatedCluster;
  readonly #announcements: Announcements;
  readonly #announcer: Announcer;
  #mark = 0;

  constructor(name: string, cluster: SimulatedCluster) {
    this.name = name;
    this.#cluster = cluster;
    this.log = cluster.pipe();
    const { node } = this.simulated;
    const now = (): number => this.simulated.nowMs;
    const after = (ms: number, then: () => void): (() => void) => cluster.after(ms, then);
    const write = (writes: readonly WireWrite[]): Promise<WireOutcome[]> =>
      cluster.ask(async () => writes.map((one) => cluster.write(one)));
    const remotes = new RemoteNodes(name, node, 'acked', {
      up: (other) => {
        if (other !== name) remotes.carry(other, this.#linkTo(other));
      },
      down: () => {},
      ownRoute: () => {},
      ownShare: () => {},
      markSeen: () => this.moves.markSeen(),
      now,
    });
    this.replica = new Replica(remotes);
    this.ingress = new PeerIngress({
      node,
      cookie: 'secret',
      hello: () => helloOf(name),
      deliverToMember: (message) => this.#announcer.deliver(message, node.router),
      onCall: () => Promise.reject(new Error('calls do not go over simulated links')),
      onMarker: (from, move) => this.moves.marked(from, move),
      linked: () => {},
      unlinked: () => {},
      complain: () => {},
    });
    this.#announcements = new Announcements({
      send: write,
      after,
      failed: (error) => {
        throw error;
      },
      complete: () => {},
    });
    this.#announcer = new Announcer(
      name,
      (one) => this.#announcements.say(one),
      () => 0,
    );
    node.router.localRoutes = this.#announcer;
    const others = (): string[] => [...cluster.nodes.keys()].filter((other) => other !== name);
    const call = (to: string, method: string, body: unknown): Promise<unknown> =>
      cluster.ask(async () => {
        const there = cluster.nodes.get(to) as ClusteredNode;
        return JSON.parse(JSON.stringify((await there.#serve(method, body)) ?? null)) as unknown;
      });
    this.moves = new Moves({
      name,
      sessions: node.sessions,
      now,
      after,
      others,
      call,
      said: () => this.#saidMark(),
      markOf: (other) => this.replica.marks.get(other) ?? 0,
      sendMarker: (other, move) => remotes.sendMarker(other, move),
      sourceOf: ({ publisher }) => this.ingress.nodeOf(publisher) ?? name,
      settleOwner: (clientId) => void this.claims.reclaim(clientId),
    });
    const writer = new NodeWriter(write);
    this.claims = new ClientClaims({
      name,
      sessions: node.sessions,
      now,
      wallMs: now,
      write: (one) => writer.write(one),
      release: (clientId, claim) =>
        this.#announcements.say(['delete', `c/${clientId}`, claim], claim),
      beginMove: (clientId, move) => this.moves.begin(clientId, move),
      takeMoved: (from, clientId, move) => this.moves.take(from, clientId, move),
      others,
      after,
      call,
    });
    node.registry = this.claims;
    node.whenAnnounced = (then) => this.#announcements.whenSaid(() => then(now()));
  }

  async #serve(method: string, body: unknown): Promise<unknown> {
    switch (method) {
      case 'takeover': {
        const { clientId, claim, move } = body as { clientId: string; claim: string; move: string };
        return this.claims.handOver(clientId, claim, move);
      }
      case 'reclaim':
        return this.claims.reclaim((body as { clientId: string }).clientId);
      case 'cut':
        return this.moves.cut(body as CutRequest);
      case 'end-move':
        return this.moves.end(body as EndRequest);
      default:
        throw new CallError('NO_METHOD', method);
    }
  }

  #saidMark(): Promise<number> {
    this.#mark++;
    const mark = this.#mark;
    return new Promise((resolve) => {
      const write = ['put', `${MARKS}${this.name}`, `${mark}`] as const;
      this.#announcements.sayBehind(write, () => resolve(mark));
    });
  }

  #linkTo(name: string): SimulatedLink {
    const there = this.#cluster.nodes.get(name) as ClusteredNode;
    const link = new SimulatedLink(this, there, this.#cluster.pipe(), this.#cluster.pipe());
    this.#cluster.links.push(link);
    return link;
  }
}

/** Carries messages to another node and their acknowledgements back, in order. */
class SimulatedLink {
  readonly hello: ReturnType<typeof helloOf>;
  readonly #from: ClusteredNode;
  readonly #to: Arrival[];
  readonly #back: Arrival[];
  readonly #peer: SimulatedClient;
  #remote: RemoteNode | undefined;
  #end: FakeLink | undefined;

  constructor(from: ClusteredNode, to: ClusteredNode, there: Arrival[], back: Arrival[]) {
    this.hello = helloOf(to.name);
    this.#from = from;
    this.#to = there;
    this.#back = back;
    this.#peer = to.simulated.client(5, to.ingress);
    shakeHands(this.#peer, helloOf(from.name));
  }

  carry(remote: RemoteNode): void {
    this.#peer.send(callPacket(SESSION_METHOD, 0, remote.number));
    this.#remote = remote;
    this.#end = new FakeLink(this.#from.simulated, remote);
  }

  /** Takes up what the nodes have sent meanwhile; whether there was anything. */
  gather(): void {
    const { sent } = this.#end as FakeLink;
    (this.#end as FakeLink).sent = [];
    for (const packet of sent) this.#to.push(() => this.#peer.sendBytes(encode(packet, 5)));
    const { received } = this.#peer;
    this.#peer.received = [];
    for (const packet of received) this.#back.push(() => this.#answer(packet));
  }

  #answer(packet: Packet): void {
    const remote = this.#remote as RemoteNode;
    const { nowMs } = this.#from.simulated;
    if (packet.type === 'puback') remote.acknowledged(packet.packetId, nowMs);
    else if (packet.type === 'pubcomp') remote.completed(packet.packetId, nowMs);
    else if (packet.type === 'pubrec') {
      const { packetId, reasonCode } = packet;
      remote.received(packetId, reasonCode, nowMs);
      const release = encode({ type: 'pubrel', packetId, reasonCode: 0 }, 5);
      this.#to.push(() => this.#peer.sendBytes(release));
    }
  }
}
