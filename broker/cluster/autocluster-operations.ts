import { CallError } from './calls.js';
import type { Contacts } from './contacts.js';
import type { AutoclusterOperations } from './discovery/mod.js';
import type { Load } from './load.js';
import type { Members } from './members.js';
import type { Membership } from './membership.js';

const ASK_TIMEOUT_MS = 2000;

export interface AutoclusterParts {
  readonly self: { name: string; guid: string };
  readonly members: Members;
  readonly membership: Membership;
  readonly contacts: Contacts;
  say(line: string): void;
}

/** What the loop that forms a cluster does with the node and asks others; for cores. */
export function autoclusterOperations(parts: AutoclusterParts): AutoclusterOperations {
  const { self, members, membership, contacts, say } = parts;
  return {
    self: self.name,
    isAlive: async (node) => {
      try {
        await contacts.reach(node);
        return true;
      } catch (error) {
        contacts.letGo(node);
        // Another cookie or cluster: that is for somebody to put right.
        if (error instanceof CallError && error.code !== 'REJECTED') return false;
        throw error;
      }
    },
    members: () => members.list().running,
    memberRecord: async (node) => {
      if (node === self.name) {
        const { coreCount: cores } = members;
        const { isDiscoverable: discoverable } = membership;
        return { node, guid: self.guid, role: 'core', cores, discoverable };
      }
      const link = await contacts.reach(node);
      const load = (await link.call('load', null, ASK_TIMEOUT_MS)) as Load;
      const { role, cores, discoverable } = load;
      return { node, guid: link.hello?.guid ?? '', role, cores, discoverable };
    },
    join: (node) => membership.join(node, say),
    letGo: (node) => {
      // An order to join may be using the link.
      if (!membership.isJoining) contacts.letGo(node);
    },
  };
}
