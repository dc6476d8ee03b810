import { ProbeError } from './probe-error.js';
import { type ProcFs, procFs } from './proc-fs.js';
import { type ListeningSocket, listeningSockets } from './proc-text.js';

/**
 * The process of this machine that listens on a TCP port of an address: socket inodes from /proc/net/tcp and
 * tcp6, then whoever has one of them open. Of several (a parent that passed its socket on to workers) the one
 * with the lowest pid.
 * @param host an IPv4 address, `::1` or `localhost`
 * @throws ProbeError NO_LISTENER; NOT_READABLE when it is another user's; NO_PROC without a Linux /proc
 */
export function pidListening(port: number, host: string, fs: ProcFs = procFs): number {
  const sockets = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => {
    try {
      return listeningSockets(fs.readFile(path), port);
    } catch {
      return [];
    }
  });
  const inodes = inodesAt(host, sockets);
  const pids = processes(fs);
  if (inodes.size === 0) {
    throw new ProbeError(
      'NO_LISTENER',
      `nothing on this machine listens on TCP port ${port} of ${host}`,
    );
  }
  let unreadable = 0;
  for (const pid of pids) {
    try {
      if (hasSocket(pid, inodes, fs)) return pid;
    } catch {
      unreadable += 1;
    }
  }
  throw new ProbeError(
    'NOT_READABLE',
    `something listens on TCP port ${port} of ${host}, but not in a process this user may look into ` +
      `(${unreadable} could not be read): give its pid, or run as its user or root`,
  );
}

const ANY_V4 = '00000000';
const ANY_V6 = '0'.repeat(32);
const LOOPBACK_V6 = '00000000000000000000000001000000';

/** Who connects to an address gets its own listener, and that of all addresses where it has none. */
function inodesAt(host: string, sockets: readonly ListeningSocket[]): Set<string> {
  const own = addressesOf(host);
  const exact = sockets.filter(({ address }) => own.includes(address));
  const any = sockets.filter(({ address }) => address === ANY_V4 || address === ANY_V6);
  return new Set((exact.length > 0 ? exact : any).map(({ inode }) => inode));
}

/** Each group of four bytes as the number that it is on a little-endian machine. */
function addressesOf(host: string): string[] {
  if (host === 'localhost') return [...addressesOf('127.0.0.1'), LOOPBACK_V6];
  if (host === '::1') return [LOOPBACK_V6];
  const hex = host
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0').toUpperCase())
    .reverse()
    .join('');
  return [hex, `0000000000000000FFFF0000${hex}`];
}

function processes(fs: ProcFs): number[] {
  try {
    return fs
      .readDir('/proc')
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && pid > 0)
      .sort((a, b) => a - b);
  } catch (cause) {
    throw new ProbeError('NO_PROC', 'there is no /proc here: probes need Linux', { cause });
  }
}

function hasSocket(pid: number, inodes: ReadonlySet<string>, fs: ProcFs): boolean {
  for (const fd of fs.readDir(`/proc/${pid}/fd`)) {
    let link: string;
    try {
      link = fs.readLink(`/proc/${pid}/fd/${fd}`);
    } catch {
      continue;
    }
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}
