/**
 * How long a replicant takes to have a copy of a million routes, and what the copy weighs:
 * `node dist/perf/cluster-bootstrap.js [--routes 1000000] [--repeats 3] [--quick] [--profile DIR] [--readme]`.
 * Real processes: a core that has read the routes from its file, and replicants that attach to it, each beside one
 * that attaches to a core without routes. Prints Markdown.
 */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ProcProbe } from '../bench/mod.js';
import { freePort } from '../cli/free-port.js';
import { EmbeddedStore, type Write } from '../store/mod.js';
import { machineFacts } from './machine.js';
import type { MemoryReport } from './memory-report.js';
import { printSection } from './readme-section.js';
import { spreadText } from './spread.js';
import { WatchedNode } from './watched-node.js';

const BATCH = 5000;
const MIB = 2 ** 20;
/** For what a node does after it has said that it follows; its memory is looked at then. */
const SETTLE_MS = 1000;

/** As fleets have them: long, alike at the beginning, one device each. */
const filterOf = (n: number): string => `site/${n % 997}/device/${n}/command`;

interface Attached {
  /** From when the replicant began to look for a core until it followed one, ms. */
  followedMs: number;
  memory: MemoryReport;
  replicantCpuMs: number;
  coreCpuMs: number;
}

/** Two nodes on addresses of their own, as machines have them. */
class Pair {
  readonly #routes: number;
  readonly #folder: string;
  readonly #profile: readonly string[];
  readonly #network = `127.${randomInt(1, 255)}.${randomInt(0, 256)}`;
  readonly #port: number;
  #core: WatchedNode | undefined;

  constructor(routes: number, folder: string, port: number, profile: readonly string[]) {
    this.#routes = routes;
    this.#folder = folder;
    this.#port = port;
    this.#profile = profile;
  }

  /**
   * The routes are those of a third node, put into the core's file; then the core starts. (Its own it would take out: it
   * has no subscribers.) That node is said to be up and does not answer.
   */
  async start(): Promise<void> {
    const file = join(this.#folder, `${this.#routes}.store`);
    const store = await EmbeddedStore.open(file);
    const owner = `owner1@${this.#network}.3`;
    const record = {
      guid: '0',
      role: 'replicant',
      host: `${this.#network}.3`,
      linkPort: this.#port,
      listeners: [],
      version: '0',
    };
    const value = Buffer.from(JSON.stringify(record));
    await store.commit([{ operations: [{ put: `r/node/${owner}`, value }] }]);
    for (let n = 0; n < this.#routes; ) {
      const writes: Write[] = [];
      for (; n < this.#routes && writes.length < BATCH; n++) {
        const put = `r/route/${owner}/${filterOf(n)}`;
        writes.push({ operations: [{ put, value: Buffer.alloc(0) }] });
      }
      await store.commit(writes);
    }
    await store.close();
    this.#core = this.#node(this.#coreName, 'core', { 'cluster.store.file': file });
    await this.#core.said('is started');
  }

  async attach(): Promise<Attached> {
    const replicant = this.#node(`replicant1@${this.#network}.2`, 'replicant', {});
    try {
      const core = new ProcProbe('core', this.#core!.pid);
      const before = core.sample(0).cpuUs;
      const began = await replicant.said('no core was found yet');
      const followed = await replicant.said(
        `follows core '${this.#coreName}', ${this.#routes} routes`,
      );
      await replicant.said('is started');
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const replicantCpuMs = new ProcProbe('replicant', replicant.pid).sample(0).cpuUs / 1000;
      const coreCpuMs = (core.sample(0).cpuUs - before) / 1000;
      const memory = await replicant.memory();
      return { followedMs: followed.atMs - began.atMs, memory, replicantCpuMs, coreCpuMs };
    } finally {
      await replicant.stop();
    }
  }

  coreMemory(): Promise<MemoryReport> {
    return this.#core!.memory();
  }

  async stop(): Promise<void> {
    await this.#core?.stop();
  }

  get #coreName(): string {
    return `core1@${this.#network}.1`;
  }

  #node(name: string, role: string, more: Record<string, string>): WatchedNode {
    const settings = {
      'node.name': name,
      'node.role': role,
      'node.cookie': 'perf',
      'cluster.core_nodes': JSON.stringify([this.#coreName]),
      'listeners.tcp.default.bind': `${name.slice(name.indexOf('@') + 1)}:${this.#port}`,
      'sys_topics.sys_msg_interval': 'disabled',
      ...more,
    };
    return new WatchedNode(settings, this.#profile);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      routes: { type: 'string' },
      repeats: { type: 'string' },
      quick: { type: 'boolean', default: false },
      profile: { type: 'string' },
      readme: { type: 'boolean', default: false },
    },
  });
  const routes = Number(values.routes ?? (values.quick ? 5000 : 1_000_000));
  const repeats = Number(values.repeats ?? (values.quick ? 1 : 5));
  const folder = await mkdtemp(join(tmpdir(), 'fleetgauge-perf-'));
  const profile =
    values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
  const port = await freePort('127.0.0.1');
  const pairs = [0, routes].map((count) => new Pair(count, folder, port, profile));
  const [none, all] = pairs as [Pair, Pair];
  const without: Attached[] = [];
  const withAll: Attached[] = [];
  let core: MemoryReport;
  let emptyCore: MemoryReport;
  try {
    for (const pair of pairs) await pair.start();
    for (let repeat = 0; repeat < repeats; repeat++) {
      without.push(await none.attach());
      withAll.push(await all.attach());
    }
    [emptyCore, core] = [await none.coreMemory(), await all.coreMemory()];
  } finally {
    await Promise.all(pairs.map((pair) => pair.stop()));
    await rm(folder, { recursive: true, force: true });
  }
  const row = (name: string, of: (attached: Attached) => number, digits: number): string => {
    const more = withAll.map((each, index) => of(each) - of(without[index]!));
    const cells = [without.map(of), withAll.map(of), more].map((list) => spreadText(list, digits));
    return `| ${name} | ${cells.join(' | ')} |`;
  };
  const mib = (of: keyof MemoryReport) => (attached: Attached) => attached.memory[of] / MIB;
  printSection('cluster-bootstrap', values.readme, [
    ...machineFacts(),
    `- a core with its file, a replicant that attaches to it; ${routes.toLocaleString('en')} routes like \`${filterOf(routes - 1)}\`; ${repeats} repeats, each beside one without routes: median (min–max)`,
    '',
    `| | no routes | ${routes.toLocaleString('en')} routes | more |`,
    '|---|--:|--:|--:|',
    row('looking for a core → following it, s', ({ followedMs }) => followedMs / 1000, 2),
    row('RSS of the replicant a second later, MiB', mib('rssBytes'), 0),
    row('RSS after a collection of garbage, MiB', mib('collectedRssBytes'), 0),
    row('live V8 heap, MiB', mib('heapBytes'), 0),
    row('CPU of the replicant from its start, s', ({ replicantCpuMs }) => replicantCpuMs / 1000, 2),
    row('CPU of the core for it, s', ({ coreCpuMs }) => coreCpuMs / 1000, 2),
    '',
    `The core itself: ${Math.round((core.collectedRssBytes - emptyCore.collectedRssBytes) / MIB)} MiB more RSS, ${Math.round((core.heapBytes - emptyCore.heapBytes) / MIB)} MiB more live heap than one without routes (its store, its copy).`,
  ]);
}

await main();
