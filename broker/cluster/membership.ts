import { CallError } from './calls.js';
import { ClusterError } from './cluster-error.js';
import type { Contacts } from './contacts.js';
import type { Invitation } from './core-database.js';
import type { Hello } from './hello.js';
import type { Load } from './load.js';
import type { Members } from './members.js';
import type { MemberLink, RoleMembership, Say } from './role-membership.js';

const ASK_TIMEOUT_MS = 5000;
const SEEN_TIMEOUT_MS = 30_000;
const LOOK_AGAIN_MS = 50;

export const SINGLETON = 'cluster.discovery_strategy = singleton: this node stays alone';

export interface MembershipDeps {
  /** This node's name. */
  readonly self: string;
  /** It joins nobody, and nobody joins it. */
  readonly singleton: boolean;
  readonly members: Members;
  readonly contacts: Contacts;
  readonly role: RoleMembership;
  /** Which database it uses now. */
  databaseId(): string | undefined;
  /** Discovery takes it nowhere from now on, or does again. */
  discover(on: boolean): Promise<void>;
  say: Say;
}

/** A node's ways into a cluster and out of it by order: `cluster join`, `cluster leave`, and being joined. */
export class Membership {
  readonly #deps: MembershipDeps;
  /** By order alone: discovery keeps off. */
  #left = false;
  /** Orders and invitations, one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #joining = false;

  constructor(deps: MembershipDeps) {
    this.#deps = deps;
  }

  get isJoining(): boolean {
    return this.#joining;
  }

  /** Whether discovery may take it into a cluster: not after an order to leave. */
  get isDiscoverable(): boolean {
    return !this.#left && !this.#deps.singleton;
  }

  /**
   * Leaves what this node is in and joins the cluster of `target`; resolves when both know it. `say` is told what
   * is discarded before it is.
   * @throws ClusterError
   */
  join(target: string, say: Say): Promise<void> {
    if (this.#joining) {
      throw new ClusterError('BUSY', `'${this.#deps.self}' is joining or leaving already: wait`);
    }
    this.#joining = true;
    return this.#inTurn(() => this.#join(target, say)).finally(() => {
      this.#joining = false;
    });
  }

  /** @throws ClusterError NOT_IN_CLUSTER if there is nobody to leave */
  async leave(say: Say): Promise<void> {
    // Before its turn: a join by discovery may be waiting for one.
    await this.#deps.discover(false);
    try {
      await this.#inTurn(() => this.#leave(say));
    } catch (error) {
      await this.#deps.discover(true);
      throw error;
    }
  }

  /** Another core asks for what it needs to join. @throws CallError */
  invite(hello: Hello): Promise<Invitation> {
    const { self, role, singleton } = this.#deps;
    if (singleton) throw new CallError('SINGLETON', SINGLETON);
    // Two that join each other would wait for each other.
    if (this.#joining) {
      throw new CallError('BUSY', `'${self}' is joining another cluster itself`);
    }
    return this.#inTurn(() => role.invite(hello));
  }

  async #join(target: string, say: Say): Promise<void> {
    const { singleton, members, contacts, role, databaseId } = this.#deps;
    if (singleton) throw new ClusterError('SINGLETON', SINGLETON);
    if (members.others().some(({ name }) => name === target)) throw alreadyIn(target);
    try {
      const link = await this.#reach(target);
      const load = (await link.call('load', null, ASK_TIMEOUT_MS)) as Load;
      if (load.role !== 'core') {
        throw new ClusterError('REPLICANT', `'${target}' is a replicant: join a core`);
      }
      if (!load.serving) {
        throw new ClusterError('NO_STORE', `'${target}' has no contact to its cluster database`);
      }
      if (load.database === databaseId()) throw alreadyIn(target);
      await role.join(target, link, load, say);
      this.#left = false;
      await this.#seenBy(link, target);
    } catch (error) {
      throw errorOf(error, target);
    } finally {
      contacts.letGo(target);
    }
  }

  async #leave(say: Say): Promise<void> {
    const { self, members, role } = this.#deps;
    if (members.otherCores().length === 0) {
      throw new ClusterError('NOT_IN_CLUSTER', `'${self}' is in no cluster with other cores`);
    }
    role.sayLeaving(say);
    this.#left = true;
    try {
      await role.leave();
    } catch (error) {
      this.#left = false;
      throw errorOf(error, self);
    }
    this.#deps.say('has left its cluster');
  }

  async #reach(target: string): Promise<MemberLink> {
    try {
      return await this.#deps.contacts.reach(target);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      // EMQX's word for all of it, another cookie included; the line says what it is.
      throw new ClusterError('NODE_DOWN', error.message);
    }
  }

  /** Waits until this node sees the other and the other this one: what is printed then is true. */
  async #seenBy(link: MemberLink, target: string): Promise<void> {
    const { self, members, contacts } = this.#deps;
    const endMs = performance.now() + SEEN_TIMEOUT_MS;
    for (;;) {
      const theirs = (await link
        .call('members', null, ASK_TIMEOUT_MS)
        .catch(() => [])) as readonly string[];
      const isSeen = members.list().running.includes(target) && contacts.hasLink(target);
      if (isSeen && theirs.includes(self)) return;
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
