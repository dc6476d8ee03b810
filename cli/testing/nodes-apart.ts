import { randomInt } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askNode } from '../../broker/mod.js';
import { type BrokerProcess, startBrokerProcess } from '../broker-process.js';

/** A node that can be started. */
export interface Place {
  /** `app@host` */
  name: string;
  /** The address it takes clients at. */
  host: string;
  /** What goes in front of its command, such as `ip netns exec …`. */
  launcher?: readonly string[];
  settings?: Readonly<Record<string, string>>;
  /** The text of its config file. */
  config?: string;
}

export interface CtlAnswer {
  exit: number;
  out: string;
  err: string;
}

interface Started {
  process: BrokerProcess | undefined;
  /** When it was told to start. */
  atMs: number;
}

/** Nodes that start together are one cluster after a quarter of it, on a machine that does nothing else. */
const LIMIT_MS = 60_000;
const LOOK_AGAIN_MS = 100;

/** A network of loopback addresses that other tests of this machine hardly have. */
export function ownLoopback(): string {
  return `127.${randomInt(1, 255)}.${randomInt(0, 256)}`;
}

/** Processes of nodes that begin without knowing of each other; known by short keys, `c1`, `c2`, `r1`. */
export class NodesApart {
  readonly said: string[] = [];
  readonly folder: string;
  readonly #places: Readonly<Record<string, Place>>;
  readonly #common: Readonly<Record<string, string>>;
  readonly #started = new Map<string, Started>();
  readonly #beganMs = performance.now();

  private constructor(
    folder: string,
    places: Readonly<Record<string, Place>>,
    common: Readonly<Record<string, string>>,
  ) {
    this.folder = folder;
    this.#places = places;
    this.#common = common;
  }

  /** Ends what still runs after `work`; what the nodes said stands behind the message of an error. */
  static async with(
    places: Readonly<Record<string, Place>>,
    common: Readonly<Record<string, string>>,
    work: (nodes: NodesApart) => Promise<void>,
  ): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'fleetgauge-apart-'));
    const nodes = new NodesApart(folder, places, common);
    try {
      await work(nodes);
    } catch (error) {
      if (error instanceof Error) error.message += `\n${nodes.said.join('\n')}`;
      throw error;
    } finally {
      await nodes.end('kill', ...nodes.#started.keys());
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Resolves when all of them take clients; they are told to start at once. */
  async start(...keys: string[]): Promise<void> {
    const starts = await Promise.allSettled(keys.map((key) => this.#start(key)));
    for (const outcome of starts) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** All at once. */
  async end(how: 'stop' | 'kill', ...keys: string[]): Promise<void> {
    for (const key of keys) this.note(`${how} ${key}`);
    await Promise.all(keys.map((key) => this.#started.get(key)?.process?.[how]()));
    for (const key of keys) this.#started.delete(key);
  }

  async ctl(key: string, ...argv: string[]): Promise<CtlAnswer> {
    const out: string[] = [];
    const err: string[] = [];
    const folder = join(this.folder, 'fleetgauge');
    const exit = await askNode(
      { folder, node: this.#place(key).name, argv },
      { out: (line) => out.push(line), err: (line) => err.push(line) },
    );
    return { exit, out: out.join('\n'), err: err.join('\n') };
  }

  /**
   * Resolves when each of these nodes has that status, `c1,c2 stopped c3`, to how long after the last of them was
   * told to start, ms.
   */
  async see(status: string, ...keys: string[]): Promise<number> {
    const endMs = performance.now() + LIMIT_MS;
    for (;;) {
      const seen = await Promise.all(keys.map((key) => this.status(key)));
      if (seen.every((text) => text === status)) break;
      if (performance.now() > endMs) throw new Error(`${seen.join(' | ')} and not ${status}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
    const lastMs = Math.max(...keys.map((key) => this.#started.get(key)?.atMs ?? 0));
    const tookMs = Math.round(performance.now() - lastMs);
    this.note(`${keys.join()} see ${status} after ${tookMs} ms`);
    return tookMs;
  }

  /** Who runs and who is stopped for that node, by their keys. */
  async status(key: string): Promise<string> {
    const { out } = await this.ctl(key, 'cluster', 'status', '--json');
    const { running_nodes: running = [], stopped_nodes: stopped = [] } = JSON.parse(out) as Record<
      string,
      string[]
    >;
    const short = (names: string[]): string => names.map((name) => this.#keyOf(name)).join();
    return stopped.length > 0 ? `${short(running)} stopped ${short(stopped)}` : short(running);
  }

  /** Lines of that node that match. */
  saidBy(key: string, pattern: RegExp): string[] {
    const own = new RegExp(`^\\S+ ${key}: `);
    return this.said.filter((line) => own.test(line) && pattern.test(line));
  }

  pid(key: string): number {
    const pid = this.#started.get(key)?.process?.pid;
    if (pid === undefined) throw new Error(`${key} does not run`);
    return pid;
  }

  /** A line about what happens, with its time. */
  note(line: string): void {
    this.said.push(`${((performance.now() - this.#beganMs) / 1000).toFixed(3)} ${line}`);
  }

  async #start(key: string): Promise<void> {
    const { name, host, launcher = [], settings = {}, config } = this.#place(key);
    const started: Started = { process: undefined, atMs: performance.now() };
    this.#started.set(key, started);
    this.note(`start ${key}`);
    // What its config calls `data` is its own.
    const cwd = join(this.folder, key);
    await mkdir(cwd, { recursive: true });
    const file = join(cwd, 'broker.conf');
    if (config !== undefined) await writeFile(file, config);
    started.process = await startBrokerProcess({
      host,
      port: 1883,
      launcher,
      cwd,
      settings: {
        'node.name': name,
        ...(config === undefined ? { 'node.cookie': 'of these nodes' } : { config: file }),
        ...this.#common,
        ...settings,
      },
      env: { XDG_RUNTIME_DIR: this.folder },
      onLine: (line) => this.note(`${key}: ${line}`),
      onDeath: (how) => this.note(`${key} ended by itself: ${how}`),
    });
    this.note(`${key} takes clients`);
  }

  #keyOf(name: string): string {
    const found = Object.entries(this.#places).find(([, place]) => place.name === name);
    return found?.[0] ?? name;
  }

  #place(key: string): Place {
    const place = this.#places[key];
    if (place === undefined) throw new Error(`there is no node '${key}'`);
    return place;
  }
}
