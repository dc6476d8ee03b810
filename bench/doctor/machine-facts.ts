import { availableParallelism } from 'node:os';
import { memoryBytes, parseCores } from '../probe/machine.js';
import type { ProcFs } from '../probe/mod.js';
import { type CgroupLimits, cgroupLimits } from './cgroup.js';

/** What this machine has, as its kernel says; undefined where it does not say. */
export interface MachineFacts {
  readonly cores: number;
  readonly ports: { readonly first: number; readonly count: number };
  readonly reservedPorts: number;
  /** Sockets that wait out their time: each holds a port. */
  readonly timeWait: number;
  readonly openFiles: { readonly soft: number; readonly hard: number };
  /** Of the whole machine: open now, and at most. */
  readonly allFiles: { readonly used: number; readonly most: number } | undefined;
  readonly somaxconn: number | undefined;
  readonly synBacklog: number | undefined;
  readonly conntrack: { readonly count: number; readonly most: number } | undefined;
  readonly availableBytes: number | undefined;
  readonly cgroup: CgroupLimits;
  readonly clockSource: string | undefined;
  /** By core; empty where it cannot be set, as in most virtual machines. */
  readonly governors: readonly string[];
}

/** Never throws: what cannot be read is unknown. */
export function machineFacts(fs: ProcFs, cores = availableParallelism()): MachineFacts {
  const text = (path: string): string | undefined => {
    try {
      return fs.readFile(path).trim();
    } catch {
      return undefined;
    }
  };
  const number = (path: string): number | undefined => {
    const value = Number(text(path) || Number.NaN);
    return Number.isNaN(value) ? undefined : value;
  };
  const meminfo = text('/proc/meminfo') ?? '';
  const tracked = number('/proc/sys/net/netfilter/nf_conntrack_count');
  const trackedMost = number('/proc/sys/net/netfilter/nf_conntrack_max');
  const [used, , most] = (text('/proc/sys/fs/file-nr') ?? '').split(/\s+/).map(Number);
  const coreCount = parseCores(text('/proc/stat') ?? '', 100).length;
  return {
    cores,
    ports: parsePortRange(text('/proc/sys/net/ipv4/ip_local_port_range')),
    reservedPorts: countPorts(text('/proc/sys/net/ipv4/ip_local_reserved_ports') ?? ''),
    timeWait: Number(/^TCP:.* tw (\d+)/m.exec(text('/proc/net/sockstat') ?? '')?.[1] ?? 0),
    openFiles: parseFileLimits(text('/proc/self/limits') ?? ''),
    allFiles: used === undefined || most === undefined ? undefined : { used, most },
    somaxconn: number('/proc/sys/net/core/somaxconn'),
    synBacklog: number('/proc/sys/net/ipv4/tcp_max_syn_backlog'),
    conntrack:
      tracked === undefined || trackedMost === undefined
        ? undefined
        : { count: tracked, most: trackedMost },
    availableBytes: memoryBytes(meminfo, 'MemAvailable'),
    cgroup: cgroupLimits(text),
    clockSource: text('/sys/devices/system/clocksource/clocksource0/current_clocksource'),
    governors: Array.from({ length: coreCount }, (_, core) =>
      text(`/sys/devices/system/cpu/cpu${core}/cpufreq/scaling_governor`),
    ).flatMap((governor) => governor ?? []),
  };
}

/** `32768 60999`; IANA's dynamic range, which systems other than Linux use, if there is none. */
export function parsePortRange(text: string | undefined): { first: number; count: number } {
  const [low, high] = (text ?? '49152 65535').split(/\s+/).map(Number);
  return { first: low!, count: high! - low! + 1 };
}

/** `8080,9000-9010`. */
function countPorts(text: string): number {
  return text
    .split(',')
    .filter((part) => part.trim() !== '')
    .reduce((sum, part) => {
      const [from, to = from] = part.split('-').map(Number);
      return sum + to! - from! + 1;
    }, 0);
}

/** Soft and hard from `/proc/<pid>/limits`; Infinity where it says `unlimited`, or nothing. */
export function parseFileLimits(limits: string): { soft: number; hard: number } {
  const [, soft, hard] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(limits) ?? [];
  const limit = (text: string | undefined): number => {
    const value = Number(text);
    return Number.isNaN(value) ? Number.POSITIVE_INFINITY : value;
  };
  return { soft: limit(soft), hard: limit(hard) };
}
