import { Autocluster, type AutoclusterOperations, type MemberRecord } from '../autocluster.js';
import type { Discovery } from '../discovery.js';
import { SimulatedClock } from './simulated-clock.js';

/** Takes as long as a node's restart within a cluster. */
const JOIN_MS = 400;
const ANSWER_MS = 5;

/** Nodes that run the loop against each other, on one simulated clock. */
export class SimulatedCluster {
  readonly clock = new SimulatedClock();
  readonly nodes = new Map<string, SimulatedNode>();
  readonly #random: () => number;

  constructor(random: () => number = () => 0.5) {
    this.#random = random;
  }

  /** Adds a node that is not looking yet; `guid` orders by age. */
  add(name: string, guid: string, discovery: Discovery): SimulatedNode {
    const node = new SimulatedNode(this, name, guid, discovery, this.#random);
    this.nodes.set(name, node);
    return node;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.schedule(resolve, ms);
    });
  }
}

export class SimulatedNode implements AutoclusterOperations {
  readonly self: string;
  readonly record: MemberRecord;
  readonly loop: Autocluster;
  readonly reports: string[] = [];
  readonly joined: string[] = [];
  /** Nodes that it has nothing more to ask. */
  readonly letGone = new Set<string>();
  alive = true;
  /** Why it will have nothing to do with others. */
  refusal: Error | undefined;
  /** What it says when it is asked for its record. */
  recordFailure: Error | undefined;
  joinFailure: Error | undefined;
  recordNeverComes = false;
  #members = new Set<string>();
  readonly #cluster: SimulatedCluster;

  constructor(
    cluster: SimulatedCluster,
    name: string,
    guid: string,
    discovery: Discovery,
    random: () => number,
  ) {
    this.#cluster = cluster;
    this.self = name;
    this.record = { node: name, guid, role: 'core', cores: 1, discoverable: true };
    this.#members.add(name);
    this.loop = new Autocluster(discovery, this, {
      random,
      schedule: cluster.clock.schedule,
      report: (line) => this.reports.push(line),
    });
  }

  members(): string[] {
    return [...this.#members].sort();
  }

  /** As if it had been joined before. */
  setMembers(names: readonly string[]): void {
    this.#members = new Set(names);
  }

  async isAlive(node: string): Promise<boolean> {
    await this.#cluster.sleep(ANSWER_MS);
    const other = this.#cluster.nodes.get(node);
    if (other?.refusal !== undefined) throw other.refusal;
    return other?.alive ?? false;
  }

  async memberRecord(node: string): Promise<MemberRecord> {
    await this.#cluster.sleep(ANSWER_MS);
    const other = this.#cluster.nodes.get(node)!;
    if (other.recordFailure !== undefined) throw other.recordFailure;
    if (other.recordNeverComes) return new Promise(() => {});
    return { ...other.record, cores: other.members().length };
  }

  async join(node: string): Promise<void> {
    await this.#cluster.sleep(JOIN_MS);
    if (this.joinFailure !== undefined) throw this.joinFailure;
    this.joined.push(node);
    this.leave();
    const target = this.#cluster.nodes.get(node)!;
    const names = [...target.members(), this.self];
    for (const name of names) this.#cluster.nodes.get(name)?.setMembers(names);
  }

  letGo(node: string): void {
    this.letGone.add(node);
  }

  leave(): void {
    for (const name of this.members()) {
      this.#cluster.nodes.get(name)?.setMembers(this.members().filter((n) => n !== this.self));
    }
    this.setMembers([this.self]);
  }
}
