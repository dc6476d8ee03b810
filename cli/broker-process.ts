import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.js';

const CLI = fileURLToPath(new URL('../cli.js', import.meta.url));
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
/** A broker node as a process of its own, as a user would start it. */
export interface BrokerProcess {
  host: string;
  port: number;
  pid: number;
  /** What it said when it was ready. */
  greeting: string;
  /** Resolves when it is gone. */
  stop(): Promise<void>;
  /** SIGKILL, as when a machine loses power; resolves when it is gone. */
  kill(): Promise<void>;
}

/** How a node differs from the one that `fleetgauge broker start` starts. */
export interface BrokerProcessOptions {
  host?: string;
  /** A free one if it is left out. */
  port?: number;
  /** Of the config, with dots; in the environment of the process, where nobody else sees a cookie. */
  settings?: Readonly<Record<string, string>>;
  /** On top of our own environment. */
  env?: NodeJS.ProcessEnv;
  /** Where it runs; here if it is left out. */
  cwd?: string;
  /** Of Node itself. */
  execArgv?: readonly string[];
  /** A command in front of it that becomes it in the end, such as `ip netns exec …`. */
  launcher?: readonly string[];
  /** Each line that it says after the first, on stdout or stderr. */
  onLine?: (line: string) => void;
  /** It has ended, and nobody told it to. */
  onDeath?: (how: string) => void;
}

/**
 * Starts `fleetgauge broker start`, on a free port of 127.0.0.1 and under a name that no other node has if
 * nothing else is said.
 */
export async function startBrokerProcess({
  host = '127.0.0.1',
  port: wantedPort,
  settings = {},
  env = {},
  cwd,
  execArgv = [],
  launcher = [],
  onLine = () => undefined,
  onDeath = () => undefined,
}: BrokerProcessOptions = {}): Promise<BrokerProcess> {
  const port = wantedPort ?? (await freePort(host));
  const named = { 'node.name': `fleetgauge-${port}@${host}`, ...settings };
  const given = Object.entries(named).map(([key, value]) => [twin(key), value]);
  const start = [process.execPath, ...execArgv, CLI, 'broker', 'start'];
  start.push('--host', host, '--port', String(port));
  // Nothing is ever written to it: that it ends tells the node that we are gone, however we went.
  start.push('--stop-with-stdin');
  const [program, ...args] = [...launcher, ...start] as [string, ...string[]];
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...withoutTwins(process.env), ...env, ...Object.fromEntries(given) },
    // Ctrl-C is for whoever started us, and he tells the nodes in his order.
    detached: true,
  });
  let stopping = false;
  mustNotOutliveUs(child);
  try {
    const greeting = await firstLine(child);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', onLine);
    }
    child.once('exit', (code, signal) => {
      if (!stopping) onDeath(signal ?? `exit code ${code}`);
    });
    return {
      host,
      port,
      pid: child.pid!,
      greeting,
      stop: async () => {
        stopping = true;
        await end(child, 'SIGTERM');
      },
      kill: async () => {
        stopping = true;
        await end(child, 'SIGKILL');
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

const running = new Set<ChildProcess>();

/** Whatever happens to us. */
function mustNotOutliveUs(child: ChildProcess): void {
  if (running.size === 0) process.once('exit', killRunning);
  running.add(child);
  child.once('exit', () => {
    running.delete(child);
    if (running.size === 0) process.off('exit', killRunning);
  });
}

function killRunning(): void {
  for (const child of running) child.kill('SIGKILL');
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let complaint = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-2000);
    });
    const timer = setTimeout(() => {
      reject(new Error(`the broker did not start within ${START_TIMEOUT_MS / 1000} s`));
    }, START_TIMEOUT_MS);
    createInterface({ input: child.stdout! }).once('line', (line) => {
      clearTimeout(timer);
      resolve(line);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      reject(new Error(`the broker ended with exit code ${code}: ${complaint.trim()}`));
    });
  });
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await gone;
  clearTimeout(timer);
}

/** The variable that sets a key of the config. */
function twin(key: string): string {
  return `FLEETGAUGE_${key.toUpperCase().replaceAll('.', '__')}`;
}

/** Without what in the environment stands for flags and config keys: it is meant for the verb that was typed. */
function withoutTwins(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !name.startsWith('FLEETGAUGE_') && !/^EMQX_.*__/.test(name),
    ),
  );
}
