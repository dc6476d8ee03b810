import { StoreError } from '../../store/mod.js';
import { Autoclean } from './autoclean.js';
import type { Core } from './core.js';
import type { Hello } from './hello.js';
import { LEASE_MS } from './leases.js';

/** A node whose machine says that nobody listens any more is gone; asked twice, for it may just be starting. */
const REFUSALS_UNTIL_GONE = 2;

export interface GoneNodesDeps {
  /** A core that stays down for longer is taken out of the cluster, ms; Infinity: never. */
  readonly autocleanMs: number;
  readonly ended: AbortSignal;
  /** Whether a replicant follows this core. */
  isFollowedBy(node: string): boolean;
  /** Takes a node out of the cluster for good. */
  remove(node: string): Promise<unknown>;
  say(line: string): void;
  /** Something was not written; to be thrown again if it is no failure of a write. */
  failed(error: unknown): void;
}

/** How a core finds out that other nodes are gone: it takes out of the database what they had, before their leases end. */
export class GoneNodes {
  readonly #deps: GoneNodesDeps;
  readonly #refusals = new Map<string, number>();
  readonly #autoclean: Autoclean;

  constructor(deps: GoneNodesDeps) {
    this.#deps = deps;
    this.#autoclean = new Autoclean(deps.autocleanMs);
  }

  /** The node is there. */
  answered(name: string): void {
    this.#refusals.delete(name);
  }

  /** Nobody listens where this start of the node should. */
  refused(core: Core, name: string, guid: string): void {
    const refusals = (this.#refusals.get(name) ?? 0) + 1;
    this.#refusals.set(name, refusals);
    if (refusals < REFUSALS_UNTIL_GONE) return;
    this.#refusals.delete(name);
    core.expel(name, guid).catch((error: unknown) => {
      // Without contact to the database, which has an alarm of its own; it is tried again at the next refusals.
      if (!(error instanceof StoreError) || error.code !== 'UNAVAILABLE') this.#deps.failed(error);
    });
  }

  /** The link from this node is over. */
  unlinked(core: Core, { name, guid, role }: Hello): void {
    const { ended, isFollowedBy, failed } = this.#deps;
    if (role === 'core' || ended.aborted) return;
    const lease = core.leaseOf(name, guid);
    if (lease === undefined) return;
    // Its core keeps a replicant's lease for it: not for longer than the store would.
    setTimeout(() => {
      if (ended.aborted || isFollowedBy(name)) return;
      // It may have entered again a moment ago.
      if (core.leaseOf(name, guid) !== lease) return;
      core.leave(name).catch((error: unknown) => failed(error));
    }, LEASE_MS).unref();
  }

  /** `down`: the members that are, at this moment. To be called every second while the database answers. */
  clean(down: readonly string[], nowMs: number): void {
    for (const name of this.#autoclean.overdue(down, nowMs)) {
      this.#deps.say(`'${name}' has been down for too long: it is taken out of the cluster`);
      this.#deps.remove(name).catch((error: unknown) => this.#deps.failed(error));
    }
  }
}
