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
  readonly port: number;
  readonly secret = randomBytes(16).toString('hex');
  /** How agents name the store. */
  readonly store: string;
  readonly #started: Started[] = [];

  private constructor(folder: string, port: number, store: string) {
    this.folder = folder;
    this.port = port;
    this.store = store;
  }

  /** @param store instead of one that the coordinator serves on a free port of loopback */
  static async with(
    work: (fleet: AgentsUnderTest) => Promise<void>,
    store?: string,
  ): Promise<void> {
    await inFolder({ 's.yaml': SCENARIO }, async (folder) => {
      const port = await freePort('127.0.0.1');
      const fleet = new AgentsUnderTest(folder, port, store ?? `embedded://127.0.0.1:${port}`);
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
    const where = ['--store', 'embedded', '--listen', `127.0.0.1:${this.port}`];
    const out = more.includes('--out') ? [] : ['--out', 'rec'];
    const what = ['run', 's.yaml', '--agents', String(agents), '--target', target];
    return this.start([...what, ...where, '--probe', 'none', ...out, ...more]);
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
