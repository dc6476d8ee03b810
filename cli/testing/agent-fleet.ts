import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunRecord } from '../../results/mod.js';
import { inFolder, type Started, type StartOptions, startCli } from '../cli-under-test.js';
import { freePort } from '../free-port.js';

/** 40 devices; what is scheduled depends on the seed alone. */
export const SCENARIO = `name: spread
seed: 7
connect: { ratePerSec: 200, timeout: 5s }
groups:
  - name: d
    count: 40
    subscribe: [{ filter: 'p2p/%i', qos: 1 }, { filter: 'all/#', qos: 0 }]
    publish:
      - { topic: 'p2p/%i', qos: 1, arrivals: { kind: periodic, interval: 200ms } }
      - { topic: 'all/%i', qos: 0, arrivals: { kind: poisson, ratePerSec: 10 } }
phases:
  - { name: ramp, kind: ramp }
  - { name: steady, kind: steady, duration: 3s }
  - { name: drain, kind: drain, duration: 3s }
`;

const LIMIT_MS = 40_000;
const LOOK_MS = 50;

/** Agents and coordinators of one test, as processes; what still runs is ended afterwards. */
export class AgentsUnderTest {
  readonly folder: string;
  readonly secret = randomBytes(16).toString('hex');
  /** How agents name the store. */
  readonly store: string;
  readonly #started: Started[] = [];
  /** How the coordinator names the store, and where it listens. */
  readonly #where: readonly string[];

  private constructor(folder: string, store: string, where: readonly string[]) {
    this.folder = folder;
    this.store = store;
    this.#where = where;
  }

  /** @param at where the coordinator listens; `etcd` instead of a store that it serves itself */
  static async with(
    work: (fleet: AgentsUnderTest) => Promise<void>,
    { host = '127.0.0.1', port, etcd }: { host?: string; port?: number; etcd?: string } = {},
  ): Promise<void> {
    await inFolder({ 's.yaml': SCENARIO }, async (folder) => {
      const own = port ?? (etcd === undefined ? await freePort(host) : 0);
      const at = `${host}:${own}`;
      const where = ['--store', etcd ?? 'embedded', '--listen', at];
      const fleet = new AgentsUnderTest(folder, etcd ?? `embedded://${at}`, where);
      try {
        await work(fleet);
      } finally {
        for (const { process } of fleet.#started) process.kill('SIGKILL');
        await Promise.all(fleet.#started.map(({ ended }) => ended));
      }
    });
  }

  start(args: readonly string[], options: StartOptions = {}): Started {
    const env = { FLEETGAUGE_SECRET: this.secret, ...options.env };
    const started = startCli(args, { ...options, cwd: this.folder, env });
    this.#started.push(started);
    return started;
  }

  agent(name: string, options: StartOptions = {}, ...more: string[]): Started {
    return this.start(['agent', '--store', this.store, '--name', name, ...more], options);
  }

  coordinator(agents: number, target: string, ...more: string[]): Started {
    return this.coordinatorAt([], agents, target, ...more);
  }

  /** @param launcher what goes in front of its command */
  coordinatorAt(
    launcher: readonly string[],
    agents: number,
    target: string,
    ...more: string[]
  ): Started {
    const out = more.includes('--out') ? [] : ['--out', 'rec'];
    const what = ['run', 's.yaml', '--agents', String(agents), '--target', target];
    const args = [...what, ...this.#where, '--probe', 'none', ...out, ...more];
    return this.start(args, { launcher });
  }

  record(folder = 'rec'): RunRecord {
    return JSON.parse(readFileSync(join(this.folder, folder, 'run.json'), 'utf8')) as RunRecord;
  }
}

/** Waits until a process has said something on stderr. */
export async function said(started: Started, pattern: RegExp): Promise<void> {
  for (let waitedMs = 0; !pattern.test(started.output.err); waitedMs += LOOK_MS) {
    if (waitedMs > LIMIT_MS || started.process.exitCode !== null) {
      throw new Error(`it did not say ${pattern}, but\n${started.output.err}${started.output.out}`);
    }
    await sleep(LOOK_MS);
  }
}
