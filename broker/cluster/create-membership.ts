import type { Node } from '../session/mod.js';
import type { ClusterOptions } from './cluster-options.js';
import type { Contacts } from './contacts.js';
import { CoreMembership } from './core-membership.js';
import type { CoreSide } from './core-side.js';
import type { Members } from './members.js';
import { Membership } from './membership.js';
import type { OwnWrites } from './own-writes.js';
import { ReplicantMembership } from './replicant-membership.js';
import type { ReplicantSide } from './replicant-side.js';

export interface MembershipParts {
  readonly options: ClusterOptions;
  readonly node: Node;
  readonly side: CoreSide | ReplicantSide;
  readonly members: Members;
  readonly contacts: Contacts;
  readonly writes: OwnWrites;
  /** Writes again all that this node has. */
  announceAll(): Promise<void>;
  /** Discovery takes the node nowhere from now on, or does again. */
  discover(on: boolean): Promise<void>;
  say(line: string): void;
}

/** The orders to join and to leave, for a node of either role; where they take it is kept for its next start. */
export function createMembership(parts: MembershipParts): Membership {
  const { options, side, members, contacts, discover, say } = parts;
  return new Membership({
    self: options.name,
    singleton: options.singleton,
    members,
    contacts,
    role: side.role === 'core' ? coreMembership(side, parts) : replicantMembership(side, parts),
    databaseId: () => side.databaseId,
    discover,
    say,
  });
}

function coreMembership(side: CoreSide, parts: MembershipParts): CoreMembership {
  const { options, node, members, contacts, writes, announceAll, say } = parts;
  return new CoreMembership({
    self: options.name,
    database: side.database,
    node,
    members,
    contacts,
    isServing: () => side.isServing,
    exchange: async (store, keepsFollowers) => {
      await writes.exchange(() => side.exchange(store, keepsFollowers));
      await announceAll();
      await options.remember(members.coresToRemember(), true);
    },
    moveTo: async (store) => {
      await side.moveTo(store);
      await options.remember(members.coresToRemember(), true);
    },
    say,
  });
}

function replicantMembership(side: ReplicantSide, parts: MembershipParts): ReplicantMembership {
  const { options, node, members } = parts;
  return new ReplicantMembership({
    sessions: node.sessions,
    follow: async (core) => {
      await side.follow(core);
      await options.remember(members.coresToRemember(), true);
    },
    unfollow: async () => {
      await side.unfollow();
      await options.remember([], true);
    },
  });
}
