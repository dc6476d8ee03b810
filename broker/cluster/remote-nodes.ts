import type { Router } from '../routing/mod.js';
import type { Node } from '../session/mod.js';
import type { NodeRecord } from './keys.js';
import type { PeerLink } from './peer-link.js';
import { type Forwarding, RemoteMember, RemoteNode } from './remote-node.js';
import type { ReplicaSink, Share } from './replica.js';

interface Known {
  remote: RemoteNode;
  record: NodeRecord;
}

/** Told which nodes a link is needed to. */
export interface RemoteNodesOwner {
  up(name: string, record: NodeRecord): void;
  down(name: string, next: NodeRecord | undefined): void;
  /** The replica has, or has no longer, a route or a member of this node itself. */
  ownRoute(filter: string, isThere: boolean): void;
  ownShare(number: number, isThere: boolean): void;
  /** A node's mark is in the replica. */
  markSeen(): void;
  now(): number;
}

/** Puts what the replica says of other nodes into the router: who gets a copy of what. */
export class RemoteNodes implements ReplicaSink {
  readonly #self: string;
  readonly #node: Node;
  readonly #router: Router;
  readonly #forwarding: Forwarding;
  readonly #owner: RemoteNodesOwner;
  readonly #known = new Map<string, Known>();
  #made = 0;

  constructor(self: string, node: Node, forwarding: Forwarding, owner: RemoteNodesOwner) {
    this.#self = self;
    this.#node = node;
    this.#router = node.router;
    this.#forwarding = forwarding;
    this.#owner = owner;
  }

  /** A link is open: if it leads to the start of the node that the replica knows, it carries our messages. */
  carry(name: string, link: Pick<PeerLink, 'hello' | 'carry'>): void {
    const known = this.#known.get(name);
    if (known !== undefined && known.record.guid === link.hello?.guid) link.carry(known.remote);
  }

  /** Messages for this node that are not taken yet. */
  pendingFor(name: string): number {
    const remote = this.#known.get(name)?.remote;
    return remote === undefined ? 0 : remote.inflight + remote.queued;
  }

  nodeUp(name: string, record: NodeRecord): void {
    if (name !== this.#self) {
      const remote = new RemoteNode(name, this.#node, this.#forwarding, this.#owner.now());
      remote.number = ++this.#made;
      this.#known.set(name, { remote, record });
    }
    this.#owner.up(name, record);
  }

  nodeDown(name: string, next: NodeRecord | undefined): void {
    const known = this.#known.get(name);
    this.#known.delete(name);
    if (known !== undefined) {
      known.remote.detach(this.#owner.now());
      // Its members have left their groups: what it did not take of theirs goes to others.
      known.remote.end(this.#owner.now());
    }
    this.#owner.down(name, next);
  }

  routeAdded(name: string, filter: string): void {
    if (name === this.#self) this.#owner.ownRoute(filter, true);
    const remote = this.#known.get(name)?.remote;
    if (remote !== undefined) this.#router.addRemote(remote.subscription, filter);
  }

  routeRemoved(name: string, filter: string): void {
    if (name === this.#self) this.#owner.ownRoute(filter, false);
    const remote = this.#known.get(name)?.remote;
    if (remote !== undefined) this.#router.removeRemote(remote, filter);
  }

  shareAdded(name: string, number: number, { group, filter, clientId }: Share): void {
    if (name === this.#self) this.#owner.ownShare(number, true);
    const remote = this.#known.get(name)?.remote;
    if (remote === undefined) return;
    const member = new RemoteMember(remote, number, clientId, filter);
    remote.members.set(number, { group, member });
    this.#router.addRemoteMember(group, member.subscription);
  }

  markSeen(): void {
    this.#owner.markSeen();
  }

  /** Sends a marker behind all messages for this node; false if it is not known. */
  sendMarker(name: string, move: string): boolean {
    const remote = this.#known.get(name)?.remote;
    remote?.mark(move, this.#owner.now());
    return remote !== undefined;
  }

  shareRemoved(name: string, number: number, { group, filter }: Share): void {
    if (name === this.#self) this.#owner.ownShare(number, false);
    const remote = this.#known.get(name)?.remote;
    const member = remote?.members.get(number)?.member;
    if (remote === undefined || member === undefined) return;
    remote.members.delete(number);
    this.#router.removeRemoteMember(group, filter, member);
  }
}
