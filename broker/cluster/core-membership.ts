import type { Store } from '../../store/mod.js';
import type { Node } from '../session/mod.js';
import { CallError } from './calls.js';
import { ClusterError } from './cluster-error.js';
import type { Contacts } from './contacts.js';
import type { CoreDatabase, DatabaseMove, Invitation } from './core-database.js';
import type { Hello } from './hello.js';
import type { Load } from './load.js';
import type { Members } from './members.js';
import { clientsTopics } from './retained-copies.js';
import { type MemberLink, type RoleMembership, type Say, sayStaying } from './role-membership.js';

/** Growing copies the whole database. */
const INVITE_TIMEOUT_MS = 300_000;

export interface CoreMembershipDeps {
  /** This node's name. */
  readonly self: string;
  readonly database: CoreDatabase;
  readonly node: Node;
  readonly members: Members;
  readonly contacts: Contacts;
  /** Whether the database answers. */
  isServing(): boolean;
  /** Leaves the cluster for that of another database; those that follow this core come along if it keeps them. */
  exchange(store: Store, keepsFollowers: boolean): Promise<void>;
  /** Goes on in an empty database with all that the one in use has. */
  moveTo(store: Store): Promise<void>;
  say: Say;
}

/** A core has its cluster's database open: it changes databases to change clusters. */
export class CoreMembership implements RoleMembership {
  readonly #deps: CoreMembershipDeps;

  constructor(deps: CoreMembershipDeps) {
    this.#deps = deps;
  }

  async join(
    target: string,
    link: MemberLink,
    { engine = 'embedded' }: Load,
    say: Say,
  ): Promise<void> {
    const { database, members } = this.#deps;
    database.checkJoin(engine);
    const others = members.otherCores();
    if (others.length > 0) {
      say(`leaves the cluster of ${others.map((name) => `'${name}'`).join(', ')} first`);
    }
    const retained = this.#retainedCount();
    if (retained > 0) {
      const where = others.length > 0 ? 'left to it' : 'discarded with its own database';
      say(`retained messages ${where}: ${retained}`);
    }
    sayStaying(this.#deps.node.sessions.count, say);
    // Its etcd is of one cluster at a time.
    const leavesFirst = database.engine === 'managed';
    if (leavesFirst) await this.leave();
    let invitation: Invitation;
    try {
      invitation = (await link.call('invite', null, INVITE_TIMEOUT_MS)) as Invitation;
      const move = await database.join(invitation);
      await finish(move, () => this.#deps.exchange(move.store, true));
    } catch (error) {
      if (leavesFirst) say('it has left its own cluster and stays alone');
      throw error;
    }
    if (invitation.engine === 'managed' && members.coreCount === 2) {
      say('with two cores the cluster database needs both: a third lets one of them fail');
    }
    this.#deps.say(`has joined the cluster of '${target}'`);
  }

  sayLeaving(say: Say): void {
    const { self, node } = this.#deps;
    if (!this.#deps.isServing()) {
      throw new ClusterError(
        'NO_STORE',
        `'${self}' has no contact to the cluster database: stop it, and 'cluster force-leave' it at another core`,
      );
    }
    const retained = this.#retainedCount();
    if (retained > 0) say(`retained messages left to the cluster: ${retained}`);
    const clients = node.sessions.count;
    if (clients > 0) say(`sessions that stay here, out of the cluster: ${clients}`);
  }

  /** For an empty database of its own. */
  async leave(): Promise<void> {
    const move = await this.#deps.database.leave();
    await finish(move, () => this.#deps.exchange(move.store, false));
  }

  /** An embedded database moves out of this process for that. */
  async invite({ name, guid }: Hello): Promise<Invitation> {
    const { database, contacts } = this.#deps;
    if (!this.#deps.isServing()) {
      throw new CallError('NO_STORE', 'it has no contact to its cluster database');
    }
    const there = await contacts.answeringGuid(name);
    if (there !== undefined && there !== guid) {
      throw new CallError('NAME_TAKEN', `its cluster has a node '${name}' already`);
    }
    if (database.engine === 'embedded') {
      this.#deps.say(`'${name}' joins: the cluster database moves into an etcd of this node`);
      const move = await database.grow();
      await finish(move, () => this.#deps.moveTo(move.store));
    }
    return database.invitation();
  }

  #retainedCount(): number {
    return [...clientsTopics(this.#deps.node.router)].length;
  }
}

async function finish(move: DatabaseMove, take: () => Promise<void>): Promise<void> {
  try {
    await take();
  } catch (error) {
    await move.undo();
    throw error;
  }
  await move.done();
}
