import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type IntervalRow, type RunRecord, readRun } from '../results/mod.js';

const CLI = fileURLToPath(new URL('../cli.js', import.meta.url));
const STOP_MS = 20_000;

export interface FleetOptions {
  scenario: string;
  targets: readonly string[];
  /** The one core that all of it runs on. */
  core?: number;
  env?: NodeJS.ProcessEnv;
}

/** `fleetgauge run` as a user starts it: the process that coordinates, and those of the fleet as its children. */
export class FleetProcess {
  readonly pid: number;
  /** What it said of its progress. */
  progress = '';
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #closed: Promise<unknown>;
  #text = '';

  private constructor(child: ChildProcess, folder: string) {
    this.pid = child.pid as number;
    this.#child = child;
    this.#folder = folder;
    this.#closed = once(child, 'close');
    child.stdout!.setEncoding('utf8').on('data', (part: string) => {
      this.#text += part;
    });
    child.stderr!.setEncoding('utf8').on('data', (part: string) => {
      this.progress += part;
    });
  }

  static async start({ scenario, targets, core, env }: FleetOptions): Promise<FleetProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'fleetgauge-perf-'));
    const file = join(folder, 'scenario.yaml');
    await writeFile(file, scenario);
    const target = ['--target', targets.join(',')];
    const run = [CLI, 'run', file, ...target, '--out', join(folder, 'record'), '--json'];
    const command = [process.execPath, ...run];
    const pinned = core === undefined ? command : ['taskset', '-c', String(core), ...command];
    const child = spawn(pinned[0]!, pinned.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    return new FleetProcess(child, folder);
  }

  get isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Waits for its own end and gives what it recorded. */
  async recorded(): Promise<{ record: RunRecord; seconds: IntervalRow[] }> {
    await this.#closed;
    try {
      if (this.#text === '') {
        throw new Error(`the run ended with exit code ${this.#child.exitCode}: ${this.progress}`);
      }
      const run = await readRun(join(this.#folder, 'record'));
      return { record: JSON.parse(this.#text) as RunRecord, seconds: await run.intervals() };
    } finally {
      await rm(this.#folder, { recursive: true, force: true });
    }
  }

  /** Ends it as by Ctrl-C, twice where the first is not enough. */
  async stop(): Promise<void> {
    if (!this.isOver) this.#child.kill('SIGINT');
    const again = setTimeout(() => this.#child.kill('SIGINT'), 2000);
    const force = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await this.#closed;
    clearTimeout(again);
    clearTimeout(force);
    await rm(this.#folder, { recursive: true, force: true });
  }
}
