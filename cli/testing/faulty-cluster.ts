import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askNode } from '../../broker/mod.js';
import { type Host, Hosts } from '../../broker/testing/hosts.js';
import { type BrokerProcess, startBrokerProcess } from '../broker-process.js';

/** In a namespace of its own every port is free. */
const PORT = 1883;
/** Lines of the nodes that are kept for whoever looks into a failure. */
const MOST_SAID = 400;

interface Machine {
  readonly name: string;
  readonly host: Host;
  process: BrokerProcess | undefined;
  isPaused: boolean;
}

/**
 * One core and replicants, each a `fleetgauge broker start` on a machine of its own, and what can befall them.
 * Machines are known by short names: `core`, `r1`, `r2`, …
 */
export class FaultyCluster {
  readonly said: string[] = [];
  readonly #hosts: Hosts;
  readonly #folder: string;
  readonly #machines = new Map<string, Machine>();
  readonly #startedMs = performance.now();

  private constructor(hosts: Hosts, folder: string) {
    this.#hosts = hosts;
    this.#folder = folder;
    for (const [index, host] of hosts.all.entries()) {
      const name = index === 0 ? 'core' : `r${index}`;
      this.#machines.set(name, { name, host, process: undefined, isPaused: false });
    }
  }

  /** Machines for that many replicants; nothing runs on them yet. */
  static async create(replicants: number): Promise<FaultyCluster> {
    const hosts = await Hosts.create(1 + replicants);
    const folder = await mkdtemp(join(tmpdir(), 'fleetgauge-faults-'));
    return new FaultyCluster(hosts, folder);
  }

  /** Machines whose node runs, paused ones too. */
  get running(): string[] {
    return [...this.#machines.values()]
      .filter((machine) => machine.process !== undefined)
      .map(({ name }) => name);
  }

  url(name: string): string {
    return `mqtt://${this.#machine(name).host.address}:${PORT}`;
  }

  /** As the node calls itself. */
  nodeName(name: string): string {
    return `${name}@${this.#machine(name).host.address}`;
  }

  /** Resolves when the node takes clients. */
  async start(name: string): Promise<void> {
    const machine = this.#machine(name);
    if (machine.process !== undefined) throw new Error(`${name} runs already`);
    this.note(`start ${name}`);
    machine.process = await startBrokerProcess({
      launcher: this.#hosts.on(machine.host),
      host: machine.host.address,
      port: PORT,
      settings: {
        'node.name': this.nodeName(name),
        'node.role': name === 'core' ? 'core' : 'replicant',
        'node.cookie': 'of the faulty cluster',
        'cluster.name': 'faulty',
        'cluster.core_nodes': JSON.stringify([this.nodeName('core')]),
      },
      env: { XDG_RUNTIME_DIR: this.#folder },
      onLine: (line) => this.note(`${name}: ${line}`),
      onDeath: (how) => this.note(`${name} ENDED BY ITSELF: ${how}`),
    });
    machine.isPaused = false;
  }

  /** kill -9; the machine stays. */
  async kill(name: string): Promise<void> {
    this.note(`kill ${name}`);
    const { process } = this.#forget(name);
    await process.kill();
  }

  /** In order, as by SIGTERM. */
  async stop(name: string): Promise<void> {
    this.note(`stop ${name}`);
    const { process } = this.#forget(name);
    await process.stop();
  }

  pause(name: string): void {
    this.note(`pause ${name}`);
    this.#machine(name).isPaused = true;
    process.kill(this.#process(name).pid, 'SIGSTOP');
  }

  resume(name: string): void {
    this.note(`resume ${name}`);
    this.#machine(name).isPaused = false;
    process.kill(this.#process(name).pid, 'SIGCONT');
  }

  /** One way. */
  async cut(from: string, to: string): Promise<void> {
    this.note(`cut ${from} -> ${to}`);
    await this.#hosts.cut(this.#machine(from).host, this.#machine(to).host);
  }

  /** Both ways. */
  async part(one: string, other: string): Promise<void> {
    this.note(`part ${one} ${other}`);
    await this.#hosts.part(this.#machine(one).host, this.#machine(other).host);
  }

  async heal(): Promise<void> {
    this.note('heal');
    await this.#hosts.heal();
  }

  /** What `fleetgauge ctl` says on the machine. */
  async ctl(name: string, ...argv: string[]): Promise<string[]> {
    const lines: string[] = [];
    const out = (line: string): void => void lines.push(line);
    const folder = join(this.#folder, 'fleetgauge');
    const code = await askNode({ folder, node: this.nodeName(name), argv }, { out, err: out });
    if (code !== 0) throw new Error(`ctl ${argv.join(' ')} on ${name}: ${code}, ${lines.join()}`);
    return lines;
  }

  /**
   * Waits until all nodes that run know the same nodes, reach each other and have these routes, `filter -> node`.
   * Returns how long that took, ms.
   */
  async settled(routes: () => ReadonlySet<string>, limitMs: number): Promise<number> {
    const beganMs = performance.now();
    for (;;) {
      const wrong = await this.#unsettled(routes());
      const tookMs = performance.now() - beganMs;
      if (wrong === undefined) {
        this.note(`settled after ${Math.round(tookMs)} ms`);
        return tookMs;
      }
      if (tookMs > limitMs) throw new Error(`not settled within ${limitMs} ms: ${wrong}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** A line about what happens, with its time. */
  note(line: string): void {
    this.said.push(`${((performance.now() - this.#startedMs) / 1000).toFixed(3)} ${line}`);
    if (this.said.length > MOST_SAID) this.said.shift();
  }

  async close(): Promise<void> {
    for (const { process } of this.#machines.values()) await process?.kill();
    await this.#hosts.remove();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #unsettled(routes: ReadonlySet<string>): Promise<string | undefined> {
    const names = this.running;
    const nodes = names.map((name) => this.nodeName(name)).sort();
    const wanted = [...routes].sort().join('\n');
    for (const name of names) {
      const status = JSON.parse((await this.ctl(name, 'cluster', 'status', '--json')).join('')) as {
        running_nodes: string[];
        partitioned_nodes?: string[];
        alarms?: string[];
      };
      if (status.partitioned_nodes !== undefined) {
        return `${name} does not reach ${status.partitioned_nodes}`;
      }
      if (status.alarms !== undefined) return `${name} complains: ${status.alarms.join()}`;
      if (status.running_nodes.join() !== nodes.join()) {
        return `for ${name} there are ${status.running_nodes}, not ${nodes}`;
      }
      const known = (await this.ctl(name, 'topics', 'list')).sort().join('\n');
      if (known !== wanted) return `${name} has the routes\n${known}\nnot\n${wanted}`;
    }
    return undefined;
  }

  #machine(name: string): Machine {
    const machine = this.#machines.get(name);
    if (machine === undefined) throw new Error(`there is no machine '${name}'`);
    return machine;
  }

  #process(name: string): BrokerProcess {
    const { process } = this.#machine(name);
    if (process === undefined) throw new Error(`no node runs on '${name}'`);
    return process;
  }

  #forget(name: string): { process: BrokerProcess } {
    const process = this.#process(name);
    this.#machine(name).process = undefined;
    return { process };
  }
}
