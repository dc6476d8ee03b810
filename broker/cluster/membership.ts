import { CallError } from './calls.js';
import { ClusterError } from './cluster-error.js';
import type { CoreDatabase, DatabaseMove, Engine, Invitation } from './core-database.js';
import type { Hello, Role } from './hello.js';

/** Growing copies the whole database. */
const INVITE_TIMEOUT_MS = 300_000;
const ASK_TIMEOUT_MS = 5000;
const SEEN_TIMEOUT_MS = 30_000;
const LOOK_AGAIN_MS = 50;

export const SINGLETON = 'cluster.discovery_strategy = singleton: this node stays alone';

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

/** An open link to another node. */
export interface MemberLink {
  readonly hello: Hello | undefined;
  /** @throws CallError */
  call(method: string, body: unknown, timeoutMs?: number): Promise<unknown>;
}

/** A node, as far as its belonging to a cluster goes. */
export interface MembershipHost {
  readonly name: string;
  readonly role: Role;
  /** A core's. */
  readonly database: CoreDatabase | undefined;
  readonly singleton: boolean;
  /** Which database it uses now. */
  databaseId(): string | undefined;
  /** Other nodes that belong to the cluster: all cores, replicants that run. */
  others(): { name: string; role: Role }[];
  isRunning(node: string): boolean;
  /** The start of that node that a link of ours leads to, if it answers. */
  answeringGuid(node: string): Promise<string | undefined>;
  /** Whether the database answers. */
  serving(): boolean;
  clients(): number;
  retained(): number;
  /** A link to a node that need not belong to the cluster. @throws CallError */
  reach(node: string): Promise<MemberLink>;
  /** That link is not needed if the node does not belong to the cluster. */
  letGo(node: string): void;
  /** A core: leaves its cluster for that of another database. */
  exchange(move: DatabaseMove, keepsFollowers: boolean): Promise<void>;
  /** A core: goes on in an empty database with all that the one in use has. */
  moveTo(move: DatabaseMove): Promise<void>;
  /** A core: discovery takes it nowhere from now on, or does again. */
  discover(on: boolean): Promise<void>;
  /** A replicant: leaves the core it follows; follows one of that node's cluster. */
  follow(node: string): Promise<void>;
  /** A replicant: leaves the core it follows; disconnects its clients. */
  unfollow(): Promise<void>;
  say(line: string): void;
}

/** A node's ways into a cluster and out of it by order: `cluster join`, `cluster leave`, and being joined. */
export class Membership {
  readonly #host: MembershipHost;
  /** By order alone: discovery keeps off. */
  #left = false;
  /** Orders and invitations, one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #joining = false;

  constructor(host: MembershipHost) {
    this.#host = host;
  }

  get isJoining(): boolean {
    return this.#joining;
  }

  /** It was ordered to leave: discovery does not take it back. */
  get left(): boolean {
    return this.#left;
  }

  /**
   * Leaves what this node is in and joins the cluster of `target`; resolves when both know it. `say` is told what
   * is discarded before it is.
   * @throws ClusterError
   */
  join(target: string, say: (line: string) => void): Promise<void> {
    if (this.#joining) {
      throw new ClusterError('BUSY', `'${this.#host.name}' is joining or leaving already: wait`);
    }
    this.#joining = true;
    return this.#inTurn(() => this.#join(target, say)).finally(() => {
      this.#joining = false;
    });
  }

  /** @throws ClusterError NOT_IN_CLUSTER if there is nobody to leave */
  async leave(say: (line: string) => void): Promise<void> {
    // Before its turn: a join by discovery may be waiting for one.
    await this.#host.discover(false);
    try {
      await this.#inTurn(() => this.#leave(say));
    } catch (error) {
      await this.#host.discover(true);
      throw error;
    }
  }

  /** Another core asks for what it needs to join. @throws CallError */
  invite({ name, guid }: Hello): Promise<Invitation> {
    const { database } = this.#host;
    if (database === undefined) {
      throw new CallError('NO_CORE', `'${this.#host.name}' is no core`);
    }
    if (this.#host.singleton) throw new CallError('SINGLETON', SINGLETON);
    // Two that join each other would wait for each other.
    if (this.#joining) {
      throw new CallError('BUSY', `'${this.#host.name}' is joining another cluster itself`);
    }
    return this.#inTurn(async () => {
      if (!this.#host.serving()) {
        throw new CallError('NO_STORE', 'it has no contact to its cluster database');
      }
      const there = await this.#host.answeringGuid(name);
      if (there !== undefined && there !== guid) {
        throw new CallError('NAME_TAKEN', `its cluster has a node '${name}' already`);
      }
      if (database.engine === 'embedded') {
        this.#host.say(`'${name}' joins: the cluster database moves into an etcd of this node`);
        const move = await database.grow();
        await this.#finish(move, () => this.#host.moveTo(move));
      }
      return database.invitation();
    });
  }

  async #join(target: string, say: (line: string) => void): Promise<void> {
    const host = this.#host;
    if (host.singleton) throw new ClusterError('SINGLETON', SINGLETON);
    if (host.others().some(({ name }) => name === target)) throw alreadyIn(target);
    try {
      const link = await this.#reach(target);
      const load = (await link.call('load', null, ASK_TIMEOUT_MS)) as Load;
      if (load.role !== 'core') {
        throw new ClusterError('REPLICANT', `'${target}' is a replicant: join a core`);
      }
      if (!load.serving) {
        throw new ClusterError('NO_STORE', `'${target}' has no contact to its cluster database`);
      }
      if (load.database === host.databaseId()) throw alreadyIn(target);
      if (host.role === 'core') await this.#joinAsCore(target, link, load.engine, say);
      else {
        this.#sayStaying(say);
        await host.follow(target);
      }
      this.#left = false;
      await this.#seenBy(link, target);
    } catch (error) {
      throw errorOf(error, target);
    } finally {
      host.letGo(target);
    }
  }

  async #joinAsCore(
    target: string,
    link: MemberLink,
    engine: Engine = 'embedded',
    say: (line: string) => void,
  ): Promise<void> {
    const host = this.#host;
    const database = host.database as CoreDatabase;
    database.checkJoin(engine);
    const others = host.others().filter(({ role }) => role === 'core');
    if (others.length > 0) {
      say(`leaves the cluster of ${others.map(({ name }) => `'${name}'`).join(', ')} first`);
    }
    const retained = host.retained();
    if (retained > 0) {
      const where = others.length > 0 ? 'left to it' : 'discarded with its own database';
      say(`retained messages ${where}: ${retained}`);
    }
    this.#sayStaying(say);
    // Its etcd is of one cluster at a time.
    const leavesFirst = database.engine === 'managed';
    if (leavesFirst) await this.#toOwn();
    let invitation: Invitation;
    try {
      invitation = (await link.call('invite', null, INVITE_TIMEOUT_MS)) as Invitation;
      const move = await database.join(invitation);
      await this.#finish(move, () => host.exchange(move, true));
    } catch (error) {
      if (leavesFirst) say('it has left its own cluster and stays alone');
      throw error;
    }
    const cores = host.others().filter(({ role }) => role === 'core').length + 1;
    if (invitation.engine === 'managed' && cores === 2) {
      say('with two cores the cluster database needs both: a third lets one of them fail');
    }
    host.say(`has joined the cluster of '${target}'`);
  }

  #sayStaying(say: (line: string) => void): void {
    const clients = this.#host.clients();
    if (clients === 0) return;
    say(`sessions that stay, told to the new cluster: ${clients}`);
    say('a client that is connected there as well is ended here');
  }

  async #leave(say: (line: string) => void): Promise<void> {
    const host = this.#host;
    const others = host.others().filter(({ role }) => role === 'core');
    if (others.length === 0) {
      throw new ClusterError('NOT_IN_CLUSTER', `'${host.name}' is in no cluster with other cores`);
    }
    const clients = host.clients();
    if (host.role === 'replicant') {
      if (clients > 0) {
        say(
          `clients disconnected, their sessions ended: ${clients}; without a core it serves none`,
        );
      }
      this.#left = true;
      await host.unfollow();
    } else {
      if (!host.serving()) {
        throw new ClusterError(
          'NO_STORE',
          `'${host.name}' has no contact to the cluster database: stop it, and 'cluster force-leave' it at another core`,
        );
      }
      const retained = host.retained();
      if (retained > 0) say(`retained messages left to the cluster: ${retained}`);
      if (clients > 0) say(`sessions that stay here, out of the cluster: ${clients}`);
      this.#left = true;
      try {
        await this.#toOwn();
      } catch (error) {
        this.#left = false;
        throw errorOf(error, host.name);
      }
    }
    host.say('has left its cluster');
  }

  async #toOwn(): Promise<void> {
    const move = await (this.#host.database as CoreDatabase).leave();
    await this.#finish(move, () => this.#host.exchange(move, false));
  }

  async #finish(move: DatabaseMove, take: () => Promise<void>): Promise<void> {
    try {
      await take();
    } catch (error) {
      await move.undo();
      throw error;
    }
    await move.done();
  }

  async #reach(target: string): Promise<MemberLink> {
    try {
      return await this.#host.reach(target);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      // EMQX's word for all of it, another cookie included; the line says what it is.
      throw new ClusterError('NODE_DOWN', error.message);
    }
  }

  /** Waits until this node sees the other and the other this one: what is printed then is true. */
  async #seenBy(link: MemberLink, target: string): Promise<void> {
    const endMs = performance.now() + SEEN_TIMEOUT_MS;
    for (;;) {
      const theirs = (await link
        .call('members', null, ASK_TIMEOUT_MS)
        .catch(() => [])) as readonly string[];
      if (theirs.includes(this.#host.name) && this.#host.isRunning(target)) return;
      if (performance.now() > endMs) {
        throw new ClusterError('NOT_SEEN', `'${target}' does not show this node as running yet`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act, act);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

function alreadyIn(target: string): ClusterError {
  return new ClusterError('ALREADY_IN_CLUSTER', `it is in one cluster with '${target}' already`);
}

/** What another node, or the store, says to it, as a cluster's error. */
function errorOf(error: unknown, target: string): unknown {
  if (error instanceof CallError)
    return new ClusterError(error.code, `'${target}': ${error.message}`);
  return error;
}
