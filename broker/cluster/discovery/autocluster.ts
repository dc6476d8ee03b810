import type { Discovery } from './discovery.js';
import { DiscoveryError, reasonOf } from './errors.js';
import { sortedUnique } from './node-name.js';
import { type Schedule, within } from './schedule.js';

/** What a node says about itself. */
export interface MemberRecord {
  node: string;
  /** Made when the node started; compares as text, and the lower is the older. */
  guid: string;
  role: 'core' | 'replicant';
  /** How many cores its cluster has, itself and those that are down among them. */
  cores: number;
  /** False after `cluster leave`: it wants to stay alone. */
  discoverable: boolean;
}

/** The cluster, as the loop needs it. */
export interface AutoclusterOperations {
  /** This node's name. */
  self: string;
  /** Answers within a bounded time; throws if the node is there and will have nothing to do with this one. */
  isAlive(node: string): Promise<boolean>;
  /** Names of the present members, this node among them. */
  members(): readonly string[];
  /** The record that a node (this one, too) gives of itself. */
  memberRecord(node: string): Promise<MemberRecord>;
  /** Has this node leave what it is in and join that node. */
  join(node: string): Promise<void>;
  /** There is nothing more to ask of a node that is no member. */
  letGo(node: string): void;
}

export interface AutoclusterDeps {
  /** From 0 to 1, 1 excluded. */
  random: () => number;
  schedule: Schedule;
  /** One line for whoever runs the node. */
  report: (line: string) => void;
}

/** Nodes that start together without a lock must not all look at the same moment. */
const LONGEST_SPREAD_MS = 3000;
const AGAIN_AFTER_MS = 5000;
const RECORDS_LIMIT_MS = 30_000;

/**
 * Forms the cluster out of what discovery finds, on core nodes: look, join the cluster with most cores, of several
 * such that of the oldest node, look again every 5 s until all is as it should be. EMQX goes by age alone: then
 * a cluster that is started after a new node gives up all that it has.
 */
export class Autocluster {
  readonly #discovery: Discovery;
  readonly #cluster: AutoclusterOperations;
  readonly #deps: AutoclusterDeps;
  #state: 'off' | 'looking' | 'settled' = 'off';
  /** Counts `enable` and `disable`: a turn that waited through one of them is void. */
  #era = 0;
  #cancelWait = () => {};
  /** A join or registration under way. */
  #acting: Promise<void> = Promise.resolve();
  /** What was reported in this turn and the one before. */
  #said = new Set<string>();
  #saidBefore = new Set<string>();

  constructor(discovery: Discovery, cluster: AutoclusterOperations, deps: AutoclusterDeps) {
    this.#discovery = discovery;
    this.#cluster = cluster;
    this.#deps = deps;
  }

  get state(): 'off' | 'looking' | 'settled' {
    return this.#state;
  }

  /** Begins to look; also after `disable` or once settled. With `manual` there is nothing to look for. */
  enable(): void {
    if (this.#state === 'looking' || this.#discovery.strategy === 'manual') return;
    this.#state = 'looking';
    this.#era++;
    void this.#loop(this.#era);
  }

  /**
   * For `cluster leave` and shutdown: joins nothing from now on and takes this node out of the register.
   * Resolves when a join under way is through, so that what is left is known.
   */
  async disable(): Promise<void> {
    this.#state = 'off';
    this.#era++;
    this.#cancelWait();
    await this.#acting;
    await this.#try('take this node out of the register', () => this.#discovery.unregister?.());
  }

  async #loop(era: number): Promise<void> {
    while (this.#era === era) {
      const settled = await this.#turn(era).catch((error) => {
        // What waited when discovery was stopped has nothing to complain about.
        if (this.#era === era) this.#report(`cluster discovery: ${reasonOf(error)}`);
        return false;
      });
      if (this.#era !== era) return;
      this.#saidBefore = this.#said;
      this.#said = new Set();
      if (settled) {
        this.#state = 'settled';
        return;
      }
      await this.#wait(AGAIN_AFTER_MS);
    }
  }

  /** Whether nothing is left to do. */
  async #turn(era: number): Promise<boolean> {
    const unlock = await this.#lock();
    try {
      if (this.#era !== era) return false;
      return await this.#look(era);
    } finally {
      await this.#try('release the lock of cluster discovery', unlock);
    }
  }

  async #lock(): Promise<() => Promise<void>> {
    const { lock } = this.#discovery;
    if (lock !== undefined) return lock.call(this.#discovery);
    await this.#wait(this.#deps.random() * LONGEST_SPREAD_MS);
    return async () => {};
  }

  async #look(era: number): Promise<boolean> {
    const { self } = this.#cluster;
    const found = sortedUnique(await this.#discovery.discover());
    const answers = await Promise.all(found.map((node) => this.#isAlive(node)));
    const alive = found.filter((_, index) => answers[index]);
    try {
      if (this.#era !== era) return false;
      const strangers = await this.#strangers(alive);
      if (this.#era !== era) return false;
      this.#acting = this.#act(strangers ?? []);
      await this.#acting;
      if (strangers === undefined) return false;
      const members = new Set(this.#cluster.members());
      return (
        found.includes(self) &&
        members.size > 1 &&
        alive.length === found.length &&
        strangers.every(({ node }) => members.has(node))
      );
    } finally {
      for (const node of alive) if (node !== self) this.#cluster.letGo(node);
    }
  }

  async #isAlive(node: string): Promise<boolean> {
    if (node === this.#cluster.self) return true;
    try {
      return await this.#cluster.isAlive(node);
    } catch (error) {
      this.#report(`cluster discovery: ${reasonOf(error)}`);
      return false;
    }
  }

  /**
   * Records of the cores to form a cluster with, if one of them is no member yet; none when all are members;
   * undefined when not everybody gave a record.
   */
  async #strangers(alive: readonly string[]): Promise<MemberRecord[] | undefined> {
    const members = new Set(this.#cluster.members());
    if (alive.every((node) => members.has(node))) return [];
    const late = () => new DiscoveryError('NO_RECORD', `no answer in ${RECORDS_LIMIT_MS} ms`);
    const asked = alive.map((node) =>
      within(this.#cluster.memberRecord(node), RECORDS_LIMIT_MS, this.#deps.schedule, late),
    );
    const records: MemberRecord[] = [];
    for (const [index, result] of (await Promise.allSettled(asked)).entries()) {
      if (result.status === 'fulfilled') records.push(result.value);
      else {
        const reason = reasonOf(result.reason);
        this.#report(`cluster discovery: ${alive[index]} does not say how old it is: ${reason}`);
        return undefined;
      }
    }
    return records.filter(({ role, discoverable }) => role === 'core' && discoverable);
  }

  async #act(cores: readonly MemberRecord[]): Promise<void> {
    const [first, ...others] = cores;
    if (first !== undefined) {
      const { node } = others.reduce((a, b) => (goesBefore(b, a) ? b : a), first);
      // If it is one of us, it is for the others to come.
      if (!this.#cluster.members().includes(node)) {
        await this.#try(`join ${node}`, () => this.#cluster.join(node));
      }
    }
    await this.#try('enter this node in the register', () => this.#discovery.register?.());
  }

  async #try(what: string, action: () => Promise<void> | undefined): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#report(`cluster discovery: cannot ${what}: ${reasonOf(error)}`);
    }
  }

  /** What stays the same is said once, not every 5 s. */
  #report(line: string): void {
    const known = this.#said.has(line) || this.#saidBefore.has(line);
    this.#said.add(line);
    if (!known) this.#deps.report(line);
  }

  /** `disable` ends it early. */
  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#deps.schedule(resolve, ms);
      this.#cancelWait = () => {
        cancel();
        resolve();
      };
    });
  }
}

function goesBefore(a: MemberRecord, b: MemberRecord): boolean {
  if (a.cores !== b.cores) return a.cores > b.cores;
  return a.guid === b.guid ? a.node < b.node : a.guid < b.guid;
}
