import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const TARGETS = ['fleetgauge', 'mosquitto', 'aedes'] as const;
export type TargetName = (typeof TARGETS)[number];

export interface TargetProcess {
  name: TargetName;
  port: number;
  pid: number;
  stop(): Promise<void>;
}

/** No limits of its own that would drop messages, nothing written to disk, no Nagle delay. */
const MOSQUITTO_CONF = `allow_anonymous true
persistence false
log_type error
set_tcp_nodelay true
max_inflight_messages 0
max_queued_messages 0
`;

/**
 * Starts a broker in a process of its own, on one core, and waits until it takes connections.
 * @param sysIntervalSec how often mosquitto publishes its own counts; 0: never
 */
export async function startTarget(
  name: TargetName,
  core: number,
  nodeFlags: readonly string[] = [],
  sysIntervalSec = 0,
): Promise<TargetProcess> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'fleetgauge-perf-'));
  const broker = command(name, port, folder, nodeFlags, sysIntervalSec);
  const child = spawn('taskset', ['-c', String(core), ...broker], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await waitForPort(port, child, name);
  return {
    name,
    port,
    pid: child.pid as number,
    async stop() {
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(force);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function command(
  name: TargetName,
  port: number,
  folder: string,
  nodeFlags: readonly string[],
  sysIntervalSec: number,
): string[] {
  const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
  if (name === 'mosquitto') {
    const file = join(folder, 'mosquitto.conf');
    writeFileSync(
      file,
      `listener ${port} 127.0.0.1\nsys_interval ${sysIntervalSec}\n${MOSQUITTO_CONF}`,
    );
    return ['mosquitto', '-c', file];
  }
  const script = name === 'aedes' ? './aedes-target.js' : './fleetgauge-target.js';
  return [process.execPath, ...nodeFlags, here(script), String(port)];
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
      });
    });
  });
}

async function waitForPort(port: number, child: ChildProcess, name: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (child.exitCode !== null) throw new Error(`${name} ended with exit code ${child.exitCode}`);
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${name} does not take connections on port ${port}`);
}
