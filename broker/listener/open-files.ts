import { readdirSync, readFileSync } from 'node:fs';

/** Files a node opens besides its connections after it has started: logs, modules loaded late, DNS. */
const RESERVE = 16;

/**
 * How many connections this process can have at once before it runs out of open files; undefined where
 * that cannot be read. libuv answers a full table by closing new connections without a word, so the
 * listener has to stop before it.
 */
export function connectionRoom(
  readLimits = (): string => readFileSync('/proc/self/limits', 'utf8'),
  openFiles = (): number => readdirSync('/proc/self/fd').length,
): number | undefined {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readLimits())?.[1];
    if (limit === undefined) return undefined;
    return Math.max(1, Number(limit) - openFiles() - RESERVE);
  } catch {
    return undefined;
  }
}
