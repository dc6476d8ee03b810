import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Not compiled with the rest: its place is the source's. */
const SOURCE = fileURLToPath(new URL('../../perf/ping-pong.c', import.meta.url));
const START_MS = 10_000;

/** perf/ping-pong.c, compiled into a folder of its own. */
export class PingPongProgram {
  readonly path: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, 'ping-pong');
  }

  /** @throws Error that says so where there is no compiler */
  static async compile(): Promise<PingPongProgram> {
    const compiler = process.env.CC ?? 'cc';
    const program = new PingPongProgram(await mkdtemp(join(tmpdir(), 'fleetgauge-perf-')));
    try {
      await promisify(execFile)(compiler, ['-O2', '-o', program.path, SOURCE]);
      return program;
    } catch (error) {
      await program.remove();
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      throw isMissing
        ? new Error(`no C compiler: '${compiler}' is not there; install gcc, or name one in CC`)
        : error;
    }
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }
}

/** The server of ping-pong.c in a process of its own, on one core. It counts what it answers. */
export class PingPongServer {
  readonly pid: number;
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  private constructor(child: ChildProcess, lines: Interface, port: number) {
    this.pid = child.pid as number;
    this.port = port;
    this.#child = child;
    this.#lines = lines;
  }

  static async start(program: PingPongProgram, core: number): Promise<PingPongServer> {
    const child = spawn('taskset', ['-c', String(core), program.path, 'server'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout });
    const signal = AbortSignal.timeout(START_MS);
    const [port] = (await once(lines, 'line', { signal })) as [string];
    return new PingPongServer(child, lines, Number(port));
  }

  /** PUBLISH acknowledged since it began. */
  async acknowledged(): Promise<number> {
    this.#child.stdin!.write('\n');
    const signal = AbortSignal.timeout(START_MS);
    const [count] = (await once(this.#lines, 'line', { signal })) as [string];
    return Number(count);
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.stdin!.end();
    await gone;
  }
}
