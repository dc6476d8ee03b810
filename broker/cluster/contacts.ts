import type { Alarms } from './alarms.js';
import { CallError } from './calls.js';
import type { SeedNode } from './cluster-options.js';
import type { Role } from './hello.js';
import type { NodeRecord } from './keys.js';
import { linkKeepAliveSeconds } from './link-limits.js';
import type { Links } from './links.js';
import type { PeerLink } from './peer-link.js';
import type { Replica } from './replica.js';

/** For a node to take a link, or to answer that it is there. */
const REACH_TIMEOUT_MS = 2000;

export interface ContactsDeps {
  readonly links: Links;
  readonly replica: Replica;
  readonly alarms: Alarms;
  /** Where a node of this name would take links. */
  addressOf(node: string): SeedNode;
  /** Of this node. */
  readonly role: () => Role;
}

/** Whom this node is linked to, those of its cluster and for a while others, and what it asks them. */
export class Contacts {
  readonly #deps: ContactsDeps;

  constructor(deps: ContactsDeps) {
    this.#deps = deps;
  }

  /** A node of the cluster is up. */
  up(name: string, { host, linkPort, role }: NodeRecord): void {
    const { links, replica } = this.#deps;
    const keepAlive = linkKeepAliveSeconds(this.#deps.role(), role, replica.nodes.size);
    links.want(name, { host, port: linkPort }, keepAlive);
  }

  /** A node of the cluster is down, or is up again already as `next`; `isFollowed`: the link to it is needed all the same. */
  down(name: string, next: NodeRecord | undefined, isFollowed: boolean): void {
    const { links, alarms } = this.#deps;
    // It may be its new start that we are linked to already.
    const isNext = next !== undefined && links.get(name)?.hello?.guid === next.guid;
    if (!isFollowed && !isNext) links.unwant(name);
    // It is down for all: no contact to it is as it should be.
    alarms.drop(`link ${name}`);
  }

  /** A link that was wanted is open. */
  opened(name: string): void {
    this.#deps.alarms.clear(`link ${name}`);
  }

  /** There is no link to a node that is wanted. */
  lost(name: string, why: string): void {
    if (this.#recordOf(name) === undefined) return;
    this.#deps.alarms.raise(`link ${name}`, `no contact to '${name}': ${why}`);
  }

  hasLink(name: string): boolean {
    return this.#deps.links.get(name) !== undefined;
  }

  /** @throws CallError NO_LINK at once if there is no contact to the node; what the call throws */
  call(to: string, method: string, body: unknown, timeoutMs: number): Promise<unknown> {
    const link = this.#deps.links.get(to);
    if (link === undefined) return Promise.reject(new CallError('NO_LINK', `no link to '${to}'`));
    return link.call(method, body, timeoutMs);
  }

  /** Asks a node that the cluster may have taken for gone: then there is no link to it any more. @throws CallError */
  async callBack(to: string, method: string, body: unknown, timeoutMs: number): Promise<unknown> {
    try {
      const link = this.#deps.links.get(to) ?? (await this.reach(to));
      return await link.call(method, body, timeoutMs);
    } finally {
      this.letGo(to);
    }
  }

  /** A link to a node that need not belong to the cluster. @throws CallError */
  async reach(name: string): Promise<PeerLink> {
    const { links, addressOf } = this.#deps;
    const { host, port } = addressOf(name);
    links.want(name, { host, port });
    return links.whenOpen(name, REACH_TIMEOUT_MS);
  }

  /** That link is not needed any more if the node does not belong to the cluster. */
  letGo(name: string): void {
    if (this.#recordOf(name) === undefined) this.#deps.links.unwant(name);
  }

  /** The start of a node that a link of ours leads to, if it answers. */
  async answeringGuid(name: string): Promise<string | undefined> {
    const link = this.#deps.links.get(name);
    if (link === undefined) return undefined;
    return link.call('ping', null, REACH_TIMEOUT_MS).then(
      () => link.hello?.guid,
      () => undefined,
    );
  }

  /** A node of this name that runs elsewhere keeps it; one that is cut off or gone loses it. @throws CallError NAME_TAKEN */
  async refuseTaken(name: string, guid: string): Promise<void> {
    const there = this.#recordOf(name);
    if (there === undefined || there.guid === guid) return;
    if ((await this.answeringGuid(name)) === there.guid) {
      throw new CallError(
        'NAME_TAKEN',
        `there is a node '${name}' already; node names must differ`,
      );
    }
  }

  #recordOf(name: string): NodeRecord | undefined {
    return this.#deps.replica.nodes.get(name)?.record;
  }
}
