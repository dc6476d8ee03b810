import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { StoreError } from './store-error.js';

/**
 * Keeps a second process off the file: beside it lies `<path>.lock` with who has it. What a killed process
 * left is taken over; the start time tells it from a later process with the same number.
 */
export function lockFile(path: string): () => void {
  const lock = `${path}.lock`;
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(lock, identityOf(process.pid) ?? String(process.pid), { flag: 'wx' });
      return () => rmSync(lock, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const owner = ownerOf(lock);
      if (owner !== undefined) {
        throw new StoreError(
          'BAD_CONFIG',
          `${path} is in use by process ${owner}; stop it or name another file`,
        );
      }
      rmSync(lock, { force: true });
    }
  }
  throw new StoreError('BAD_CONFIG', `${path} was taken by another process just now`);
}

/** Number of the living process that holds the lock. */
function ownerOf(lock: string): string | undefined {
  let content: string;
  try {
    content = readFileSync(lock, 'utf8');
  } catch {
    return undefined;
  }
  const [pid = '', start] = content.split(' ');
  const now = identityOf(Number(pid));
  if (now !== undefined) return now === content ? pid : undefined;
  if (start !== undefined || !/^[1-9]\d*$/.test(pid)) return undefined;
  // No /proc on this system: all that can be told is whether a process has that number.
  try {
    process.kill(Number(pid), 0);
    return Number(pid) === process.pid ? undefined : pid;
  } catch {
    return undefined;
  }
}

/** "pid start-time", the latter in clock ticks since the machine started (field 22 of proc_pid_stat(5)). */
function identityOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return `${pid} ${afterName[19]}`;
  } catch {
    return undefined;
  }
}
