import { CallError } from './calls.js';
import type { ClientClaims } from './client-claims.js';
import type { CoreSide } from './core-side.js';
import type { Load } from './load.js';
import type { Members } from './members.js';
import type { Membership } from './membership.js';
import type { CutRequest, EndRequest, Moves } from './moves.js';
import type { InboundPeer } from './peer-ingress.js';
import type { ReplicantSide } from './replicant-side.js';

interface TakeoverRequest {
  clientId: string;
  claim: string;
  move?: string;
}

export interface PeerCallsDeps {
  /** This node's name. */
  readonly self: string;
  readonly side: CoreSide | ReplicantSide;
  readonly members: Members;
  readonly membership: Membership;
  readonly claims: ClientClaims;
  readonly moves: Moves;
  say(line: string): void;
}

/** What other nodes ask this one for. */
export class PeerCalls {
  readonly #deps: PeerCallsDeps;

  constructor(deps: PeerCallsDeps) {
    this.#deps = deps;
  }

  /** @throws CallError and what it is asked to do throws */
  async answer(method: string, body: unknown, peer: InboundPeer): Promise<unknown> {
    const { self, side, members, membership, claims, moves, say } = this.#deps;
    switch (method) {
      case 'load':
        return this.#load();
      case 'leave':
        say(`'${peer.hello.name}' tells this node to leave the cluster`);
        return membership.leave(say);
      case 'members':
        return members.list().running;
      case 'ping':
        return null;
      case 'takeover': {
        const { clientId, claim, move } = body as TakeoverRequest;
        return claims.handOver(clientId, claim, move);
      }
      case 'cut':
        return moves.cut(body as CutRequest);
      case 'end-move':
        return moves.end(body as EndRequest);
      case 'reclaim':
        return claims.reclaim((body as { clientId: string }).clientId);
    }
    if (side.role !== 'core' || !side.isFollowing) {
      throw new CallError('NO_CORE', `'${self}' is no core`);
    }
    if (method === 'invite') return membership.invite(peer.hello);
    return side.answer(method, body, peer);
  }

  #load(): Load {
    const { side, members, membership } = this.#deps;
    return {
      role: side.role,
      ...side.load(),
      cores: members.coreCount,
      discoverable: membership.isDiscoverable,
    };
  }
}
