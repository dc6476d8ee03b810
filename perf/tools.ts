import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { FleetProcess } from './fleet-process.js';
import { freePort } from './target-process.js';

export const TOOL_CORE = 1;
const MQTTJS_LOOP = fileURLToPath(new URL('./mqttjs-loop.js', import.meta.url));
/** Not compiled: its place is the source's. */
const TSUNG_XML = fileURLToPath(new URL('../../perf/tsung.xml', import.meta.url));

export interface Publishing {
  clients: number;
  qos: 0 | 1;
  /** Of QoS 1, of each client. */
  inflight: number;
}

export interface Connecting {
  clients: number;
  perSec: number;
}

export interface Running {
  /** Its first process; others are children of it. */
  pid: number;
  stop(): Promise<void>;
}

/** A load generator, as one uses it: against mosquitto on this machine, all of it on one core. */
export interface Tool {
  name: string;
  /** The file that shows that it is there. */
  needs?: string;
  publish(port: number, what: Publishing): Promise<Running>;
  connect?(port: number, what: Connecting): Promise<Running>;
}

/** In a process group of its own, for some tools start others. */
function start(
  command: readonly string[],
  env: NodeJS.ProcessEnv = {},
  input: Readable | 'pipe' = 'pipe',
): ChildProcess {
  return spawn('taskset', ['-c', String(TOOL_CORE), ...command], {
    stdio: [input, 'ignore', 'ignore'],
    env: { ...process.env, ...env },
    detached: true,
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  process.kill(-(child.pid as number), 'SIGKILL');
  await gone;
}

function running(child: ChildProcess): Running {
  return { pid: child.pid as number, stop: () => end(child) };
}

const groups = (clients: number, perSec: number, publish: string, inflight = 1): string => `name: t
connect: { ratePerSec: ${perSec} }
groups:
  - { name: d, count: ${clients}, protocol: 3.1.1, keepAlive: 300s, inflight: ${inflight}${publish} }
phases:
  - { name: ramp, kind: ramp }
  - { name: steady, kind: steady, duration: 10m }
`;

function fleet(port: number, scenario: string): Promise<Running> {
  return FleetProcess.start({ scenario, targets: [`mqtt://127.0.0.1:${port}`], core: TOOL_CORE });
}

export const FLEETGAUGE: Tool = {
  name: 'fleetgauge',
  publish: (port, { clients, qos, inflight }) => {
    const payload = 'payload: { bytes: 16 }, arrivals: { kind: saturate }';
    const publish = `, publish: [{ topic: bench/%i, qos: ${qos}, ${payload} }]`;
    return fleet(port, groups(clients, 1000, publish, inflight));
  },
  connect: (port, { clients, perSec }) => fleet(port, groups(clients, perSec, '')),
};

export const MQTTJS: Tool = {
  name: 'MQTT.js loop',
  publish: async (port, { clients, qos }) =>
    running(start([process.execPath, MQTTJS_LOOP, ...[port, clients, 1000, qos].map(String)])),
  connect: async (port, { clients, perSec }) =>
    running(start([process.execPath, MQTTJS_LOOP, ...[port, clients, perSec].map(String), '-'])),
};

/** Its MQTT is 3.1, QoS 0 and 1. */
export const TSUNG: Tool = {
  name: 'tsung',
  needs: '/usr/bin/tsung',
  publish: (port, { clients, qos }) =>
    tsung({ port, clients, perSec: 1000, qos, publishing: 100, idle: 0 }),
  connect: (port, { clients, perSec }) =>
    tsung({ port, clients, perSec, qos: 0, publishing: 0, idle: 100 }),
};

async function tsung(values: Readonly<Record<string, number>>): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), 'fleetgauge-perf-'));
  const file = join(folder, 'tsung.xml');
  const text = readFileSync(TSUNG_XML, 'utf8');
  writeFileSync(
    file,
    text.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place)),
  );
  // Erlang's name server would outlive it as a daemon; so it gets one that is ours.
  const epmdPort = await freePort();
  const env = { ERL_EPMD_PORT: String(epmdPort), ERL_EPMD_ADDRESS: '127.0.0.1', HOME: folder };
  const epmd = spawn('epmd', ['-port', String(epmdPort), '-address', '127.0.0.1'], {
    stdio: 'ignore',
  });
  const epmdGone = once(epmd, 'exit');
  const child = start(['tsung', '-f', file, '-l', join(folder, 'log'), 'start'], env);
  return {
    pid: child.pid as number,
    async stop() {
      await end(child);
      epmd.kill('SIGKILL');
      await epmdGone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const message = (port: number, qos: number): string[] => [
  '-p',
  String(port),
  '-i',
  'pub',
  '-t',
  'bench/a',
  '-q',
  String(qos),
];

/** One client: the next message when the last one is done. */
export const MOSQUITTO_REPEAT: Tool = {
  name: 'mosquitto_pub --repeat',
  needs: '/usr/bin/mosquitto_pub',
  publish: async (port, { qos }) => {
    const repeat = ['-m', 'sixteen bytes...', '--repeat', '2000000000'];
    return running(start(['mosquitto_pub', ...message(port, qos), ...repeat]));
  },
};

/** One client: a message a line of its standard input, up to 20 of QoS 1 in flight. */
export const MOSQUITTO_LINES: Tool = {
  name: 'mosquitto_pub -l',
  needs: '/usr/bin/mosquitto_pub',
  publish: async (port, { qos }) => {
    const lines = spawn('yes', ['sixteen bytes...'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const linesGone = once(lines, 'exit');
    const child = start(['mosquitto_pub', ...message(port, qos), '-l'], {}, lines.stdout);
    return {
      pid: child.pid as number,
      async stop() {
        await end(child);
        lines.kill('SIGKILL');
        await linesGone;
      },
    };
  },
};

export function isThere({ needs }: Tool): boolean {
  return needs === undefined || existsSync(needs);
}
