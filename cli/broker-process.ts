import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.js';

const CLI = fileURLToPath(new URL('../cli.js', import.meta.url));
const START_TIMEOUT_MS = 15_000;
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
}

/**
 * Starts `fleetgauge broker start` on a free port of 127.0.0.1, under a name that no other node has; `env` is
 * put on top of our own environment.
 */
export async function startBrokerProcess(env: NodeJS.ProcessEnv = {}): Promise<BrokerProcess> {
  const host = '127.0.0.1';
  const port = await freePort(host);
  const nodeName = `fleetgauge-${port}@${host}`;
  const child = spawn(
    process.execPath,
    [CLI, 'broker', 'start', '--host', host, '--port', String(port), '--node-name', nodeName],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...withoutTwins(process.env), ...env } },
  );
  // Whatever happens to us, it does not outlive us.
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', kill);
  try {
    const greeting = await firstLine(child);
    return {
      host,
      port,
      pid: child.pid!,
      greeting,
      stop: async () => {
        await end(child);
        process.off('exit', kill);
      },
    };
  } catch (error) {
    kill();
    process.off('exit', kill);
    throw error;
  }
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

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await gone;
  clearTimeout(timer);
}

/** Without our flags' environment twins, which are meant for the verb that was typed. */
function withoutTwins(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('FLEETGAUGE_')),
  );
}
