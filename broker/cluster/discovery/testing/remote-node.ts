import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { DiscoveryOptions } from '../mod.js';

const PROGRAM = fileURLToPath(new URL('discovery-node.js', import.meta.url));

export interface RemoteNodeOptions {
  self: string;
  cluster?: string;
  cookie?: string;
  /** The network namespace to run in. */
  namespace?: string;
}

/** A discovery in a process of its own. */
export class RemoteNode {
  readonly warnings: string[] = [];
  readonly #child: ChildProcess;
  readonly #answers: ((line: Record<string, unknown>) => void)[] = [];

  constructor(options: DiscoveryOptions, node: RemoteNodeOptions) {
    const { self, cluster = 'emqxcl', cookie = 'secret', namespace } = node;
    const inNamespace = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace];
    const deps = { self, clusterName: cluster, cookie };
    const program = [process.execPath, PROGRAM, JSON.stringify(options), JSON.stringify(deps)];
    const [name, ...args] = [...inNamespace, ...program] as [string, ...string[]];
    this.#child = spawn(name, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout! }).on('line', (text) => {
      const line = JSON.parse(text) as Record<string, unknown>;
      if (typeof line.warning === 'string') this.warnings.push(line.warning);
      else this.#answers.shift()?.(line);
    });
    this.#child.once('exit', () => {
      for (const answer of this.#answers.splice(0)) answer({ code: 'GONE', message: 'it ended' });
    });
  }

  /** Calls a method over there; rejects as it does, with `code`. */
  async ask(method: string): Promise<unknown> {
    const answer = new Promise<Record<string, unknown>>((resolve) => this.#answers.push(resolve));
    this.#child.stdin!.write(`${method}\n`);
    const line = await answer;
    if ('result' in line) return line.result;
    throw Object.assign(new Error(String(line.message)), { code: line.code });
  }

  /** kill -9: it has no time to say goodbye. */
  async kill(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}
