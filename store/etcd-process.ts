import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { StoreError } from './store-error.js';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** A process that lived this long had started well: the next pause is a short one again. */
const SETTLED_MS = 10_000;
const STOP_MS = 5_000;
const KEPT_LINES = 20;

export interface EtcdProcessOptions {
  args: readonly string[];
  /** Where programs are looked for, as in $PATH. */
  path: string;
  /** Told each time it ends unasked for, with what it said last. */
  died: (why: string) => void;
}

/** One `etcd` process, started again, after growing pauses, whenever it ends unasked for. */
export class EtcdProcess {
  readonly #options: EtcdProcessOptions;
  readonly #program: string;
  readonly #prefix: readonly string[];
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #lines: string[] = [];
  /** Go says its reason first and then, at length, where it was. */
  #isTracing = false;
  #isStopping = false;

  /** @throws StoreError BAD_CONFIG where there is no etcd */
  constructor(options: EtcdProcessOptions) {
    this.#options = options;
    const etcd = EtcdProcess.find(options.path);
    // So that nothing is left behind when this process is killed: Linux then ends etcd, too.
    const setpriv = findProgram('setpriv', options.path);
    this.#program = setpriv ?? etcd;
    this.#prefix = setpriv === undefined ? [] : ['--pdeathsig', 'KILL', etcd];
    this.#start();
  }

  /** The program. @throws StoreError BAD_CONFIG where there is none */
  static find(path: string): string {
    const etcd = findProgram('etcd', path);
    if (etcd !== undefined) return etcd;
    throw new StoreError(
      'BAD_CONFIG',
      "there is no program 'etcd' on the PATH: install Debian's package etcd-server (apt-get install etcd-server)",
    );
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** What etcd said last, in one line. */
  lastWords(): string {
    const said = this.#lines.map(messageOf).join('; ');
    return said === '' ? 'it said nothing' : `it said: ${said}`;
  }

  /** Asks it to end, then makes it. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }

  #start(): void {
    const startedMs = performance.now();
    const child = spawn(this.#program, [...this.#prefix, ...this.#options.args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      // etcd takes ETCD_… from its environment and refuses to start where they contradict its flags.
      env: { PATH: this.#options.path },
    });
    this.#child = child;
    this.#isTracing = false;
    child.stderr.setEncoding('utf8');
    let rest = '';
    child.stderr.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#heard(line);
    });
    child.once('error', (error) => this.#lines.push(error.message));
    child.once('close', (code, signal) => {
      this.#heard(rest);
      this.#child = undefined;
      if (this.#isStopping) return;
      if (performance.now() - startedMs > SETTLED_MS) this.#pauseMs = FIRST_PAUSE_MS;
      const how = signal === null ? `exit code ${code}` : signal;
      this.#options.died(`etcd ended (${how}); ${this.lastWords()}`);
      this.#timer = setTimeout(() => this.#start(), this.#pauseMs);
      this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
    });
  }

  #heard(line: string): void {
    if (/^goroutine \d+ \[/.test(line)) this.#isTracing = true;
    if (line.trim() === '' || this.#isTracing) return;
    this.#lines = [...this.#lines, line].slice(-KEPT_LINES);
  }
}

function findProgram(name: string, path: string): string | undefined {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** etcd logs a line of JSON each; of it, what a reader wants. */
function messageOf(line: string): string {
  try {
    const { msg, error } = JSON.parse(line) as { msg?: string; error?: string };
    return [msg, error].filter((part) => part !== undefined).join(': ');
  } catch {
    return line;
  }
}
