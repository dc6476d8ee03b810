/** A core as autoheal sees it; the guid of an older start is lower. */
export interface HealNode {
  name: string;
  guid: string;
}

/** What autoheal needs of its node. */
export interface HealHost {
  self(): HealNode;
  /** Cores that are up in the cluster database, this one among them only if its lease was never lost. */
  upCores(): HealNode[];
  /** Asks another node; itself is asked directly. */
  call(
    node: string,
    method: 'heal-report' | 'heal' | 'heal-reenter',
    body: unknown,
  ): Promise<unknown>;
  /** Announces again all that this node has: a lease, its record, routes, clients; from a fresh snapshot. */
  reenter(): Promise<void>;
  /** Calls after `ms`; returns how to call it off. */
  after(ms: number, then: () => void): () => void;
  say(line: string): void;
}

export interface HealTimes {
  on: boolean;
  /** From contact until a node reports that it was cut off; EMQX's 3 s. */
  confirmAfterMs: number;
  /** From the last report until healing begins; EMQX's 15 s. */
  afterMs: number;
}

/**
 * How the sides of a split come together again, in EMQX's steps. The store's quorum has gone on on one side, the
 * majority; nodes of the other have lost their lease there.
 *
 * 1. a node that has contact again, and still has it after `confirmAfterMs`, reports to the leader, the oldest core;
 * 2. the leader waits until no report has come for `afterMs`;
 * 3. it makes the SplitView: who is up in the store, and who has reported;
 * 4. the coordinator, the oldest of the majority, is given the minority;
 * 5. it has them enter again one after the other. Nothing restarts, and clients stay connected.
 */
export class Autoheal {
  readonly #host: HealHost;
  readonly #times: HealTimes;
  /** This node was cut off and has not entered again. */
  #cutOff = false;
  #confirm: (() => void) | undefined;
  /** As leader: who has reported. */
  readonly #reports = new Map<string, HealNode>();
  #healTimer: (() => void) | undefined;

  constructor(host: HealHost, times: HealTimes) {
    this.#host = host;
    this.#times = times;
  }

  get cutOff(): boolean {
    return this.#cutOff;
  }

  /** The store does not know this node's lease any more, or knows it again: `contact` says whether it answers. */
  lost(contact: boolean): void {
    this.#cutOff = true;
    this.contact(contact);
  }

  /** The store answers, or does not. */
  contact(contact: boolean): void {
    this.#confirm?.();
    this.#confirm = undefined;
    if (!contact || !this.#cutOff || !this.#times.on) return;
    this.#confirm = this.#host.after(this.#times.confirmAfterMs, () => void this.#report());
  }

  /** As leader: a node reports that it was cut off and is back. */
  reported(node: HealNode): void {
    this.#reports.set(node.name, node);
    this.#healTimer?.();
    this.#healTimer = this.#host.after(this.#times.afterMs, () => void this.#split());
  }

  /** As coordinator: the nodes that enter again, one after the other. */
  async heal(minority: readonly string[]): Promise<void> {
    for (const name of minority) {
      try {
        await this.#ask(name, 'heal-reenter', null);
      } catch (error) {
        this.#host.say(`'${name}' did not enter again: ${textOf(error)}`);
      }
    }
  }

  /** As one of the minority: enters again now. */
  async reenter(): Promise<void> {
    await this.#host.reenter();
    this.#cutOff = false;
  }

  close(): void {
    this.#confirm?.();
    this.#healTimer?.();
  }

  async #report(): Promise<void> {
    this.#confirm = undefined;
    if (!this.#cutOff) return;
    const self = this.#host.self();
    const leader = oldest(this.#host.upCores()) ?? self;
    try {
      // With nobody up there is no majority to come back to: the first to be back begins it.
      if (leader.name === self.name) await this.reenter();
      else await this.#host.call(leader.name, 'heal-report', self);
    } catch (error) {
      this.#host.say(`the leader '${leader.name}' does not take a report: ${textOf(error)}`);
    }
    // Asked again until it has entered: a leader may be lost as well.
    if (this.#cutOff) {
      const againMs = this.#times.confirmAfterMs + 2 * this.#times.afterMs;
      this.#confirm = this.#host.after(againMs, () => void this.#report());
    }
  }

  async #split(): Promise<void> {
    this.#healTimer = undefined;
    const minority = [...this.#reports.values()];
    this.#reports.clear();
    const majority = this.#host
      .upCores()
      .filter(({ name }) => !minority.some((node) => node.name === name));
    const coordinator = oldest(majority) ?? this.#host.self();
    const names = minority.sort(byAge).map(({ name }) => name);
    this.#host.say(
      `healing: ${names.join(', ')} enter again by '${coordinator.name}', one after the other`,
    );
    try {
      await this.#ask(coordinator.name, 'heal', names);
    } catch (error) {
      this.#host.say(`the coordinator '${coordinator.name}' does not heal: ${textOf(error)}`);
    }
  }

  #ask(name: string, method: 'heal' | 'heal-reenter', body: unknown): Promise<unknown> {
    if (name !== this.#host.self().name) return this.#host.call(name, method, body);
    return method === 'heal' ? this.heal(body as string[]) : this.reenter();
  }
}

function oldest(nodes: readonly HealNode[]): HealNode | undefined {
  return [...nodes].sort(byAge)[0];
}

function byAge(one: HealNode, other: HealNode): number {
  return one.guid < other.guid ? -1 : 1;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
