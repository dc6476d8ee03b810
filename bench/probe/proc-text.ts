// The formats of the files in /proc, as in the proc(5) manual page.

/** What we need of `/proc/<pid>/stat`. */
export interface ProcStat {
  readonly name: string;
  /** `Z` and `X` are processes that have ended and still have an entry. */
  readonly state: string;
  readonly parentPid: number;
  /** User and system time of all threads, ended ones included (of one thread in `task/<tid>/stat`). */
  readonly cpuTicks: number;
  /** Since boot: with the pid it says which process this is. */
  readonly startTicks: number;
}

/** Field numbers of proc(5), less the two before the closing parenthesis and the one it counts from. */
const STATE = 0;
const PPID = 1;
const UTIME = 11;
const STIME = 12;
const STARTTIME = 19;

/** Undefined for text that is not a stat line. The name may hold blanks and parentheses. */
export function parseStat(text: string): ProcStat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const fields = text.slice(close + 2).split(' ');
  const cpuTicks = Number(fields[UTIME]) + Number(fields[STIME]);
  const startTicks = Number(fields[STARTTIME]);
  if (Number.isNaN(cpuTicks) || Number.isNaN(startTicks)) return undefined;
  return {
    name: text.slice(open + 1, close),
    state: fields[STATE] ?? '?',
    parentPid: Number(fields[PPID]),
    cpuTicks,
    startTicks,
  };
}

/** Nanoseconds on a CPU from `schedstat`; undefined where the kernel does not keep them. */
export function parseSchedstat(text: string): number | undefined {
  const [onCpuNs = '', waitingNs = '', slices = ''] = text.trim().split(' ');
  const value = Number(onCpuNs);
  if (onCpuNs === '' || Number.isNaN(value)) return undefined;
  // Without CONFIG_SCHED_INFO all three are zero.
  return value === 0 && Number(waitingNs) === 0 && Number(slices) === 0 ? undefined : value;
}

/** Resident pages, the second figure of `statm`. */
export function parseResidentPages(text: string): number {
  return Number(text.split(' ')[1] ?? 0);
}

/** `0A` in `/proc/net/tcp`, include/net/tcp_states.h. */
const LISTEN = '0A';

/**
 * Inodes of the sockets that listen on a port, from the text of `/proc/net/tcp` or `tcp6`. With an IPv4
 * `address` only those that a connection to it would reach: bound to it, or to all addresses.
 */
export function listeningInodes(text: string, port: number, address?: string): string[] {
  const wanted = address === undefined ? undefined : hexOf(address);
  const inodes: string[] = [];
  for (const line of text.split('\n').slice(1)) {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    if (state !== LISTEN) continue;
    const colon = local.lastIndexOf(':');
    if (Number.parseInt(local.slice(colon + 1), 16) !== port) continue;
    const bound = local.slice(0, colon);
    // An IPv4 address in a socket of IPv6 stands in its last eight digits.
    if (wanted === undefined || /^0+$/.test(bound) || bound.endsWith(wanted)) inodes.push(inode);
  }
  return inodes;
}

/** As the kernel writes an IPv4 address: the bytes of a little-endian word. */
function hexOf(address: string): string {
  const bytes = address.split('.').reverse();
  return bytes.map((byte) => Number(byte).toString(16).padStart(2, '0').toUpperCase()).join('');
}

/** The soft limit of open files from the text of `/proc/<pid>/limits`; null when unlimited or unknown. */
export function parseOpenFileLimit(text: string): number | null {
  const limit = /^Max open files\s+(\d+|unlimited)/m.exec(text)?.[1];
  return limit === undefined || limit === 'unlimited' ? null : Number(limit);
}
