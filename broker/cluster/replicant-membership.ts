import type { SessionRegistry } from '../session/mod.js';
import { CallError } from './calls.js';
import { type RoleMembership, type Say, sayStaying } from './role-membership.js';

export interface ReplicantMembershipDeps {
  readonly sessions: SessionRegistry;
  /** Leaves the core it follows; follows one of that node's cluster. @throws CallError */
  follow(core: string): Promise<void>;
  /** Leaves the core it follows; disconnects its clients. */
  unfollow(): Promise<void>;
}

/** A replicant keeps nothing of the cluster: it follows another core, or none. */
export class ReplicantMembership implements RoleMembership {
  readonly #deps: ReplicantMembershipDeps;

  constructor(deps: ReplicantMembershipDeps) {
    this.#deps = deps;
  }

  async join(target: string, _link: unknown, _load: unknown, say: Say): Promise<void> {
    sayStaying(this.#deps.sessions.count, say);
    await this.#deps.follow(target);
  }

  sayLeaving(say: Say): void {
    const clients = this.#deps.sessions.count;
    if (clients === 0) return;
    say(`clients disconnected, their sessions ended: ${clients}; without a core it serves none`);
  }

  leave(): Promise<void> {
    return this.#deps.unfollow();
  }

  async invite(): Promise<never> {
    throw new CallError('NO_CORE', 'it is no core');
  }
}
