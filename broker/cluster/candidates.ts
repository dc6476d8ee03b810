import { setTimeout as passed } from 'node:timers/promises';
import type { CallError } from './calls.js';
import type { SeedNode } from './cluster-options.js';
import type { Contacts } from './contacts.js';
import type { CoreLink } from './follower.js';
import type { Links } from './links.js';
import type { PeerAddress, PeerLink } from './peer-link.js';
import type { Replica } from './replica.js';

/** Links that a replicant waits for before it chooses among the cores that answer. */
const CANDIDATE_TIMEOUT_MS = 2000;
/** For the others, once one has answered. */
const SPREAD_MS = 500;

export interface CandidatesDeps {
  /** This node's name. */
  readonly self: string;
  readonly links: Links;
  readonly contacts: Contacts;
  readonly replica: Replica;
  /** Finds nodes outside the copy. */
  seeds(): Promise<readonly SeedNode[]>;
  /** Where a node of this name would take links. */
  addressOf(node: string): SeedNode;
  /** None has answered: why each has not. */
  noneAnswers(error: CallError): void;
}

/** The nodes that a replicant looks for a core among, and its links to them while it looks. */
export class Candidates {
  /** It is on its way to the cluster of this core, and asks nobody else until it follows one. */
  only: string | undefined = undefined;
  readonly #deps: CandidatesDeps;
  /** Whom it has linked to for that. */
  readonly #sought = new Set<string>();
  /** It has no core, and the first that it asked did not help. */
  #isSeeking = false;

  constructor(deps: CandidatesDeps) {
    this.#deps = deps;
  }

  /** Another one, that it is linked to already. */
  add(name: string): void {
    this.#sought.add(name);
  }

  /** Open links to nodes that may be cores. */
  async find(): Promise<PeerLink[]> {
    const { links } = this.#deps;
    const found = await this.#toAsk();
    for (const [name, address] of found) {
      links.want(name, address);
      this.#sought.add(name);
    }
    const opening = [...found.keys()].map((name) => links.whenOpen(name, CANDIDATE_TIMEOUT_MS));
    const isOne = Promise.any(opening).then(() => passed(SPREAD_MS, undefined, { ref: false }));
    const outcomes = Promise.allSettled(opening);
    // Those that are there answer soon; nobody waits for one that is not.
    await Promise.race([outcomes, isOne.catch(() => outcomes)]);
    const open = [...found.keys()].flatMap((name) => links.get(name) ?? []);
    if (open.length === 0) {
      for (const outcome of await outcomes) {
        if (outcome.status === 'rejected') this.#deps.noneAnswers(outcome.reason as CallError);
      }
    }
    return open;
  }

  /** A core is followed: those that belong to no cluster of this node are looked for when one is needed again. */
  followed(core: CoreLink): void {
    this.only = undefined;
    this.#isSeeking = false;
    const { links, contacts } = this.#deps;
    for (const name of this.#sought) if (links.get(name) !== core) contacts.letGo(name);
    this.#sought.clear();
  }

  /** Those that discovery finds and those of the cluster; at first only these, since discovery may take seconds. */
  async #toAsk(): Promise<Map<string, PeerAddress>> {
    const { self, links, replica, addressOf, seeds } = this.#deps;
    const found = new Map<string, PeerAddress>();
    if (this.only !== undefined) return found.set(this.only, addressOf(this.only));
    for (const name of this.#sought) {
      const link = links.get(name);
      if (link !== undefined) found.set(name, link.address);
    }
    for (const [name, { role, host, linkPort }] of replica.up()) {
      if (role === 'core') found.set(name, { host, port: linkPort });
    }
    const isLinked = [...found.keys()].some((name) => links.get(name) !== undefined);
    if (!isLinked || this.#isSeeking) {
      for (const { name, ...address } of await seeds()) found.set(name, address);
    }
    this.#isSeeking = true;
    found.delete(self);
    return found;
  }
}
