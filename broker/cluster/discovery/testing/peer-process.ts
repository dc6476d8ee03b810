import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a command to its end. Throws with what it said if it fails, or if its Debian package is missing. */
export async function command(
  debianPackage: string,
  name: string,
  ...args: string[]
): Promise<string> {
  try {
    return (await run(name, args)).stdout;
  } catch (error) {
    throw explained(error, debianPackage, name);
  }
}

/** A real peer, in a process of its own. */
export class PeerProcess {
  readonly #child: ChildProcess;
  #output = '';
  #failure: Error | undefined;

  constructor(debianPackage: string, name: string, args: readonly string[]) {
    this.#child = spawn(name, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.once('error', (error) => {
      this.#failure = explained(error, debianPackage, name);
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-2000);
      });
    }
  }

  /** Resolves once the check does. Throws when the process is gone before. */
  async ready(check: () => Promise<unknown>): Promise<void> {
    await eventually(async () => {
      if (this.#failure !== undefined) return;
      if (this.#isGone()) this.#failure = new Error(`the peer is gone: ${this.#output}`);
      else await check();
    });
    if (this.#failure !== undefined) throw this.#failure;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    if (this.#isGone()) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  #isGone(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid === undefined || exitCode !== null || signalCode !== null;
  }
}

const RETRY_MS = 50;

/** Tries until it throws no more; after the limit its error is the answer. */
export async function eventually<T>(attempt: () => Promise<T>, limitMs = 20_000): Promise<T> {
  const untilMs = performance.now() + limitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

function explained(error: unknown, debianPackage: string, name: string): Error {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
    return new Error(`${name} is missing: install ${debianPackage} (scripts/peers)`);
  }
  return error instanceof Error ? error : new Error(String(error));
}
