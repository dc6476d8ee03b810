import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askNode } from '../../broker/mod.js';
import { type Host, Hosts } from '../../broker/testing/hosts.js';
import { type BrokerProcess, startBrokerProcess } from '../broker-process.js';

/** In a namespace of its own every port is free. */
const PORT = 1883;
/** `$LIB` is the loader's word for the folder of its kind of machine. */
const FAKETIME = '/usr/$LIB/faketime/libfaketimeMT.so.1';
/** The library looks once a second. */
const CLOCK_SEEN_MS = 5000;
/**
 * Messages that wait for a subscriber before one is dropped. All clients are one process here, which gets less of a busy
 * machine than the nodes do: what a node gives back after a pause is more than they take within the half second for
 * which publishers wait.
 */
const MOST_QUEUED = 100_000;
/** Lines of the nodes that are kept for whoever looks into a failure. */
const MOST_SAID = 400;

interface Machine {
  readonly name: string;
  readonly host: Host;
  process: BrokerProcess | undefined;
}

/** As `cluster status --json` has it. */
export interface ClusterStatus {
  running_nodes: string[];
  partitioned_nodes?: string[];
  alarms?: string[];
}

/** How many machines of which kind, and how their nodes differ from what is usual here. */
export interface ClusterShape {
  /** One has its database in itself; several have an etcd member each. */
  readonly cores: number;
  readonly replicants: number;
  readonly settings?: Readonly<Record<string, string>>;
  /** The cores that replicants look for when they start, if not all. */
  readonly seeds?: readonly string[];
  /** Their clocks can be set (package libfaketime); etcd reads the kernel's and cannot be deceived so. */
  readonly clocks?: boolean;
}

/**
 * Cores and replicants, each a `fleetgauge broker start` on a machine of its own, and what can befall them.
 * Machines are known by short names: `c1`, `c2`, …, `r1`, `r2`, …
 */
export class FaultyCluster {
  readonly said: string[] = [];
  readonly #shape: ClusterShape;
  readonly #hosts: Hosts;
  readonly #folder: string;
  readonly #machines = new Map<string, Machine>();
  readonly #startedMs = performance.now();

  private constructor(shape: ClusterShape, hosts: Hosts, folder: string) {
    this.#shape = shape;
    this.#hosts = hosts;
    this.#folder = folder;
    for (const [index, host] of hosts.all.entries()) {
      const name = index < shape.cores ? `c${index + 1}` : `r${index - shape.cores + 1}`;
      this.#machines.set(name, { name, host, process: undefined });
    }
  }

  /** Nothing runs on the machines yet. */
  static async create(shape: ClusterShape): Promise<FaultyCluster> {
    const hosts = await Hosts.create(shape.cores + shape.replicants);
    const folder = await mkdtemp(join(tmpdir(), 'fleetgauge-faults-'));
    return new FaultyCluster(shape, hosts, folder);
  }

  /** All, cores first. */
  get machines(): string[] {
    return [...this.#machines.keys()];
  }

  get cores(): string[] {
    return this.machines.slice(0, this.#shape.cores);
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
  async start(name: string, settings: Readonly<Record<string, string>> = {}): Promise<void> {
    const machine = this.#machine(name);
    if (machine.process !== undefined) throw new Error(`${name} runs already`);
    const isCore = this.cores.includes(name);
    const { seeds = this.cores } = this.#shape;
    const known = isCore ? this.cores : seeds;
    this.note(`start ${name}`);
    machine.process = await startBrokerProcess({
      launcher: this.#hosts.on(machine.host),
      host: machine.host.address,
      port: PORT,
      settings: {
        'node.name': this.nodeName(name),
        'node.role': isCore ? 'core' : 'replicant',
        'node.cookie': 'of the faulty cluster',
        'node.data_dir': join(this.#folder, name),
        'cluster.name': 'faulty',
        'cluster.core_nodes': JSON.stringify(known.map((core) => this.nodeName(core))),
        'mqtt.max_mqueue_len': String(MOST_QUEUED),
        'cluster.store.engine': this.#shape.cores === 1 ? 'embedded' : 'managed',
        ...this.#shape.settings,
        ...settings,
      },
      env: { XDG_RUNTIME_DIR: this.#folder, ...this.#clockOf(name) },
      onLine: (line) => this.note(`${name}: ${line}`),
      onDeath: (how) => this.note(`${name} ENDED BY ITSELF: ${how}`),
    });
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

  /** Everything on the machine, as a hypervisor does it. */
  pause(name: string): void {
    this.note(`pause ${name}`);
    const { pid } = this.#process(name);
    for (const each of [pid, ...childrenOf(pid)]) process.kill(each, 'SIGSTOP');
  }

  resume(name: string): void {
    this.note(`resume ${name}`);
    const { pid } = this.#process(name);
    for (const each of [...childrenOf(pid), pid]) process.kill(each, 'SIGCONT');
  }

  /** kill -9 of its etcd alone. */
  killEtcd(name: string): void {
    this.note(`kill the etcd of ${name}`);
    // None while it is being started again after an earlier one.
    for (const pid of childrenOf(this.#process(name).pid)) process.kill(pid, 'SIGKILL');
  }

  /** Its node's clock is off by so many seconds from now on; resolves when the node goes by it. */
  async setClock(name: string, offSeconds: number): Promise<void> {
    this.note(`the clock of ${name} is off by ${offSeconds} s`);
    await writeFile(this.#clockFile(name), signed(offSeconds));
    const endMs = performance.now() + CLOCK_SEEN_MS;
    for (;;) {
      const lines = await this.ctl(name, 'broker');
      const text = lines.find((line) => line.startsWith('datetime'))?.replace(/^datetime *: */, '');
      const offBy = (Date.parse(text ?? '') - Date.now()) / 1000;
      if (Math.abs(offBy - offSeconds) < 60) return;
      if (performance.now() > endMs) {
        throw new Error(`the clock of ${name} is off by ${offBy} s: is libfaketime there?`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
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

  async status(name: string): Promise<ClusterStatus> {
    const lines = await this.ctl(name, 'cluster', 'status', '--json');
    return JSON.parse(lines.join('')) as ClusterStatus;
  }

  /**
   * Waits until all nodes that run, or those alone that are named, know each other and no more, reach each other and
   * have these routes, `filter -> node`. Returns how long that took, ms.
   */
  async settled(
    routes: () => ReadonlySet<string>,
    limitMs: number,
    among?: readonly string[],
  ): Promise<number> {
    const beganMs = performance.now();
    for (;;) {
      const wrong = await this.#unsettled(routes(), among ?? this.running);
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
    this.said.push(`${this.secondsAt(performance.now())} ${line}`);
    if (this.said.length > MOST_SAID) this.said.shift();
  }

  /** As the lines of its story have it. */
  secondsAt(atMs: number): string {
    return ((atMs - this.#startedMs) / 1000).toFixed(3);
  }

  async close(): Promise<void> {
    for (const { process } of this.#machines.values()) await process?.kill();
    await this.#hosts.remove();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #unsettled(
    routes: ReadonlySet<string>,
    names: readonly string[],
  ): Promise<string | undefined> {
    const nodes = names.map((name) => this.nodeName(name)).sort();
    const wanted = [...routes].sort().join('\n');
    for (const name of names) {
      const status = await this.status(name);
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

  #clockFile(name: string): string {
    return join(this.#folder, `${name}.clock`);
  }

  #clockOf(name: string): NodeJS.ProcessEnv {
    if (this.#shape.clocks !== true) return {};
    return {
      LD_PRELOAD: FAKETIME,
      FAKETIME_TIMESTAMP_FILE: this.#clockFile(name),
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
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

/** Of a node: its etcd. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter((text) => text !== '')
    .map(Number);
}

function signed(seconds: number): string {
  return seconds < 0 ? String(seconds) : `+${seconds}`;
}
