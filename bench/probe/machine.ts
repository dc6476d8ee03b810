import type { Exposition } from './exposition.js';
import type { ProcFs } from './proc-fs.js';
import type { Reading, Sample } from './reading.js';

// A whole machine, by its own /proc or by a node exporter on it: the same figures under the same names.

/** Cumulative seconds of one core. Time for guests is in `user` already; waiting for a disk is idleness. */
export interface CoreTimes {
  readonly name: string;
  readonly busySec: number;
  readonly stealSec: number;
}

/** The cores of `/proc/stat`, proc(5): user nice system idle iowait irq softirq steal, in ticks. */
export function parseCores(stat: string, ticksPerSec: number): CoreTimes[] {
  return stat.split('\n').flatMap((line) => {
    const match = /^cpu(\d+) (.*)$/.exec(line);
    if (match === null) return [];
    const ticks = match[2]!.trim().split(/\s+/).map(Number);
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = ticks;
    const busySec = (user + nice + system + irq + softirq) / ticksPerSec;
    return [{ name: `core${match[1]}`, busySec, stealSec: steal / ticksPerSec }];
  });
}

/** A figure of `/proc/meminfo` in bytes; undefined if there is no such. */
export function memoryBytes(meminfo: string, name: string): number | undefined {
  const kib = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(meminfo)?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}

/** This machine now. @throws whatever the file system throws without a Linux /proc */
export function readMachine(fs: ProcFs, ticksPerSec: number, nowUs: number): Reading {
  const meminfo = fs.readFile('/proc/meminfo');
  const cores = parseCores(fs.readFile('/proc/stat'), ticksPerSec);
  const total = memoryBytes(meminfo, 'MemTotal') ?? 0;
  const available = memoryBytes(meminfo, 'MemAvailable') ?? total;
  const devices = fs.readFile('/proc/net/dev').split('\n').slice(2).flatMap(parseDevice);
  return {
    atUs: nowUs,
    startedSec: new Map(),
    samples: machineSamples(cores, total - available, devices),
  };
}

interface NetworkDevice {
  name: string;
  receivedBytes: number;
  sentBytes: number;
}

/** `/proc/net/dev`: received bytes are the first figure, sent ones the ninth. */
function parseDevice(line: string): NetworkDevice[] {
  const [name, figures] = line.split(':');
  if (name === undefined || figures === undefined) return [];
  const numbers = figures.trim().split(/\s+/).map(Number);
  return [{ name: name.trim(), receivedBytes: numbers[0] ?? 0, sentBytes: numbers[8] ?? 0 }];
}

/** The same from a node exporter's answer; undefined if it has no `node_cpu_seconds_total`. */
export function readNodeExporter({ series }: Exposition, atUs: number): Reading | undefined {
  const cores = new Map<string, { busySec: number; stealSec: number }>();
  const devices = new Map<string, NetworkDevice>();
  const plain = new Map<string, number>();
  const device = (name = '?'): NetworkDevice => {
    const known = devices.get(name) ?? { name, receivedBytes: 0, sentBytes: 0 };
    devices.set(name, known);
    return known;
  };
  for (const { name, labels, value } of series) {
    if (labels.size === 0) plain.set(name, value);
    if (name === 'node_cpu_seconds_total') {
      const core = cores.get(labels.get('cpu') ?? '?') ?? { busySec: 0, stealSec: 0 };
      cores.set(labels.get('cpu') ?? '?', core);
      const mode = labels.get('mode');
      if (mode === 'steal') core.stealSec += value;
      else if (mode !== 'idle' && mode !== 'iowait') core.busySec += value;
    } else if (name === 'node_network_receive_bytes_total') {
      device(labels.get('device')).receivedBytes = value;
    } else if (name === 'node_network_transmit_bytes_total') {
      device(labels.get('device')).sentBytes = value;
    }
  }
  if (cores.size === 0) return undefined;
  const total = plain.get('node_memory_MemTotal_bytes');
  const available = plain.get('node_memory_MemAvailable_bytes');
  const used = total === undefined || available === undefined ? undefined : total - available;
  const booted = plain.get('node_boot_time_seconds');
  return {
    atUs,
    startedSec: new Map(booted === undefined ? [] : [['', booted]]),
    samples: machineSamples(
      [...cores].map(([core, times]) => ({ name: `core${core}`, ...times })),
      used,
      [...devices.values()],
    ),
  };
}

function machineSamples(
  cores: readonly CoreTimes[],
  usedBytes: number | undefined,
  devices: readonly NetworkDevice[],
): Sample[] {
  const percent = (part: string, metric: string, seconds: number): Sample => ({
    part,
    metric,
    value: seconds * 100,
    kind: 'counter',
  });
  const sum = (of: (core: CoreTimes) => number) => cores.reduce((total, c) => total + of(c), 0);
  return [
    percent(
      '',
      'cpuPercent',
      sum((core) => core.busySec),
    ),
    percent(
      '',
      'stealPercent',
      sum((core) => core.stealSec),
    ),
    ...(usedBytes === undefined
      ? []
      : [{ part: '', metric: 'rssBytes', value: usedBytes, kind: 'level' as const }]),
    ...cores.flatMap(({ name, busySec, stealSec }) => [
      percent(name, 'cpuPercent', busySec),
      ...(stealSec > 0 ? [percent(name, 'stealPercent', stealSec)] : []),
    ]),
    ...devices.flatMap(({ name, receivedBytes, sentBytes }) =>
      receivedBytes + sentBytes === 0
        ? []
        : [
            counter(name, 'receivedBytesPerSec', receivedBytes),
            counter(name, 'sentBytesPerSec', sentBytes),
          ],
    ),
  ];
}

function counter(part: string, metric: string, value: number): Sample {
  return { part, metric, value, kind: 'counter' };
}
