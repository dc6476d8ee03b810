import { ProbeError } from './probe-error.js';
import { type ProcFs, procFs } from './proc-fs.js';
import { listeningInodes } from './proc-text.js';

/**
 * The process of this machine that listens on a TCP port: socket inodes from /proc/net/tcp and tcp6, then
 * whoever has one of them open. Of several (a parent that passed its socket on to workers) the one with the
 * lowest pid.
 * @throws ProbeError NO_LISTENER; NOT_READABLE when it is another user's; NO_PROC without a Linux /proc
 */
export function pidListening(port: number, fs: ProcFs = procFs, address?: string): number {
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => {
      try {
        return listeningInodes(fs.readFile(path), port, address);
      } catch {
        return [];
      }
    }),
  );
  const pids = processes(fs);
  if (inodes.size === 0) {
    throw new ProbeError('NO_LISTENER', `nothing on this machine listens on TCP port ${port}`);
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
    `something listens on TCP port ${port}, but not in a process this user may look into ` +
      `(${unreadable} could not be read): give its pid, or run as its user or root`,
  );
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
