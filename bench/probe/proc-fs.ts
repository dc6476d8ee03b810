import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The little of a file system that /proc needs, so that tests can make one up. All of it may throw. */
export interface ProcFs {
  readFile(path: string): string;
  readDir(path: string): string[];
  readLink(path: string): string;
}

/** The machine's own /proc. Reads are small, from memory, and synchronous. */
export const procFs: ProcFs = {
  readFile: (path) => readFileSync(path, 'utf8'),
  readDir: (path) => readdirSync(path),
  readLink: (path) => readlinkSync(path),
};

/** Constants of the machine that figures in /proc are multiples of. */
export interface ProcUnits {
  /** Of the CPU times in `stat`. */
  readonly ticksPerSec: number;
  /** Of the sizes in `statm`. */
  readonly pageBytes: number;
}

/** What every Linux of the last decades on x86 and most on ARM has. */
const COMMON_UNITS: ProcUnits = { ticksPerSec: 100, pageBytes: 4096 };

let units: ProcUnits | undefined;

/** Asks `getconf` once; takes the common values where it is missing. */
export function procUnits(): ProcUnits {
  units ??= {
    ticksPerSec: getconf('CLK_TCK') ?? COMMON_UNITS.ticksPerSec,
    pageBytes: getconf('PAGESIZE') ?? COMMON_UNITS.pageBytes,
  };
  return units;
}

function getconf(name: string): number | undefined {
  try {
    const text = execFileSync('getconf', [name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 2000,
    });
    const value = Number(text.trim());
    return value > 0 ? value : undefined;
  } catch {
    return undefined;
  }
}
