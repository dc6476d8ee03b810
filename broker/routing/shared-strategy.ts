/** How a group chooses the member for a message; EMQX's words, meanings and default (`round_robin`). */
export const SHARED_STRATEGIES = [
  'random',
  'round_robin',
  'round_robin_per_group',
  'sticky',
  'local',
  'hash_clientid',
  'hash_topic',
] as const;

export type SharedStrategy = (typeof SHARED_STRATEGIES)[number];

/**
 * The member with the highest weight for a key (rendezvous hashing, Thaler and Ravishankar 1998): every node
 * finds the same one whatever order it knows the members in, and when one leaves only its keys move.
 * Returns its index; `members` must not be empty.
 */
export function chooseByHash(key: number, members: readonly { readonly hash: number }[]): number {
  let best = 0;
  let highest = -1;
  for (let index = 0; index < members.length; index++) {
    const weight = mix(key ^ (members[index] as { hash: number }).hash);
    if (weight > highest) {
      highest = weight;
      best = index;
    }
  }
  return best;
}

/** FNV-1a over the text's UTF-16 units, then mixed. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return mix(hash);
}

/** MurmurHash3's finalizer; 0 … 2³²−1. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
