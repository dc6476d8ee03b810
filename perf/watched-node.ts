import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { MemoryReport } from './memory-report.js';

const CLI = fileURLToPath(new URL('../cli.js', import.meta.url));
const REPORTER = new URL('./memory-report.js', import.meta.url).href;
const LINE_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 20_000;

/** What a node said, and when by the clock of this process. */
export interface Saying {
  text: string;
  atMs: number;
}

/** A node as a process of its own, whose lines are kept with the time they came at, and whose memory can be asked for. */
export class WatchedNode {
  readonly pid: number;
  readonly #child: ReturnType<typeof spawn>;
  readonly #lines: Saying[] = [];
  #told = (): void => undefined;

  /** `settings`: of the config, with dots. */
  constructor(settings: Readonly<Record<string, string>>, nodeFlags: readonly string[] = []) {
    const { 'node.cookie': cookie = '', ...rest } = settings;
    const sets = Object.entries(rest).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
    this.#child = spawn(
      process.execPath,
      [...nodeFlags, '--expose-gc', '--import', REPORTER, CLI, 'broker', 'start', ...sets],
      {
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        env: { ...process.env, FLEETGAUGE_NODE__COOKIE: cookie },
      },
    );
    this.pid = this.#child.pid as number;
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream! }).on('line', (text) => {
        this.#lines.push({ text, atMs: performance.now() });
        this.#told();
      });
    }
    this.#child.once('exit', () => this.#told());
  }

  /** The first line with this in it from that moment on; waits for it. */
  async said(part: string, fromMs = 0): Promise<Saying> {
    const endMs = performance.now() + LINE_TIMEOUT_MS;
    for (;;) {
      const line = this.#lines.find(({ text, atMs }) => atMs >= fromMs && text.includes(part));
      if (line !== undefined) return line;
      const leftMs = endMs - performance.now();
      if (this.#child.exitCode !== null || leftMs <= 0) {
        const all = this.#lines.map(({ text }) => text).join('\n');
        throw new Error(`the node has not said '${part}' but:\n${all}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#told = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async memory(): Promise<MemoryReport> {
    this.#child.send('memory');
    const [report] = (await once(this.#child, 'message')) as [MemoryReport];
    return report;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await gone;
    clearTimeout(timer);
  }
}
