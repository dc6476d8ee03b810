import type { Role } from './hello.js';
import type { Replica } from './replica.js';

export interface MemberList {
  running: string[];
  stopped: string[];
  roles: Record<string, Role>;
}

/** Who belongs to the cluster, as a node's copy knows it; the node itself always does. */
export class Members {
  readonly #self: { name: string; role: Role };
  readonly #replica: Replica;

  constructor(self: { name: string; role: Role }, replica: Replica) {
    this.#self = self;
    this.#replica = replica;
  }

  /** All of them, sorted; replicants only while they run, as in EMQX. */
  list(): MemberList {
    const self = this.#self;
    const roles: Record<string, Role> = { [self.name]: self.role };
    for (const [name, { role }] of this.#replica.members) roles[name] = role;
    for (const [name, { role }] of this.#replica.up()) roles[name] = role;
    const names = Object.keys(roles).sort();
    const isUp = (name: string): boolean =>
      name === self.name || this.#replica.nodes.get(name)?.record !== undefined;
    return {
      running: names.filter(isUp),
      stopped: names.filter((name) => !isUp(name)),
      roles,
    };
  }

  has(name: string): boolean {
    return Object.hasOwn(this.list().roles, name);
  }

  /** Other nodes that are up. */
  othersUp(): string[] {
    return [...this.#replica.up()].flatMap(([name]) => (name === this.#self.name ? [] : [name]));
  }

  /** Other nodes, cores also while they are down. */
  others(): { name: string; role: Role }[] {
    const { running, stopped, roles } = this.list();
    return [...running, ...stopped]
      .filter((name) => name !== this.#self.name)
      .map((name) => ({ name, role: roles[name] as Role }));
  }

  /** Other cores, those that are down as well. */
  otherCores(): string[] {
    return this.others()
      .filter(({ role }) => role === 'core')
      .map(({ name }) => name);
  }

  /** Other nodes to look for the cluster at: what is up as a core, and members, whatever they run as now. */
  coresToRemember(): string[] {
    const cores = new Set(this.#replica.members.keys());
    for (const [name, { role }] of this.#replica.up()) if (role === 'core') cores.add(name);
    cores.delete(this.#self.name);
    return [...cores];
  }

  /** Cores of the cluster, those that are down as well. */
  get coreCount(): number {
    const { role } = this.#self;
    return this.otherCores().length + (role === 'core' ? 1 : 0);
  }
}
