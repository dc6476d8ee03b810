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

/** A socket that listens; its address in the kernel's spelling, 8 or 32 hex digits. */
export interface ListeningSocket {
  readonly address: string;
  readonly inode: string;
}

/** The sockets that listen on a port, from the text of `/proc/net/tcp` or `tcp6`. */
export function listeningSockets(text: string, port: number): ListeningSocket[] {
  const sockets: ListeningSocket[] = [];
  for (const line of text.split('\n').slice(1)) {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    if (state !== LISTEN) continue;
    const [address = '', hexPort = ''] = local.split(':');
    if (Number.parseInt(hexPort, 16) === port) sockets.push({ address, inode });
  }
  return sockets;
}

/** The soft limit of open files from the text of `/proc/<pid>/limits`; null when unlimited or unknown. */
export function parseOpenFileLimit(text: string): number | null {
  const limit = /^Max open files\s+(\d+|unlimited)/m.exec(text)?.[1];
  return limit === undefined || limit === 'unlimited' ? null : Number(limit);
}
