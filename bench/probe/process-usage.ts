import type { ProcFs, ProcUnits } from './proc-fs.js';
import { type ProcStat, parseResidentPages, parseSchedstat, parseStat } from './proc-text.js';

export interface ThreadUsage {
  readonly tid: number;
  readonly name: string;
  /** Cumulative, user and system. */
  readonly cpuUs: number;
}

/** One process as it stands. */
export interface ProcessUsage {
  readonly cpuUs: number;
  readonly rssBytes: number;
  readonly threads: readonly ThreadUsage[];
}

/**
 * Follows the CPU time of one process. `stat` counts every thread, ended ones too, but in ticks of 10 ms;
 * `task/<tid>/schedstat` counts nanoseconds, but of living threads only. So: the sum of the threads' fine
 * times, what ended threads had when last seen, and the process's own count as the floor.
 */
export class ProcessReader {
  readonly pid: number;
  readonly #fs: ProcFs;
  readonly #units: ProcUnits;
  readonly #startTicks: number;
  readonly #threads = new Map<number, { name: string; cpuUs: number }>();
  /** CPU time of threads that have ended. */
  #endedUs: number | undefined;
  #cpuUs = 0;

  /** @throws whatever the file system throws when there is no such process */
  constructor(pid: number, fs: ProcFs, units: ProcUnits) {
    this.pid = pid;
    this.#fs = fs;
    this.#units = units;
    const stat = parseStat(fs.readFile(`/proc/${pid}/stat`));
    if (stat === undefined || hasEnded(stat)) throw new Error(`process ${pid} has ended`);
    this.#startTicks = stat.startTicks;
  }

  /** What it had used when it was last read. */
  get lastCpuUs(): number {
    return this.#cpuUs;
  }

  /** Undefined once the process is gone, or its pid is another process's. */
  read(): ProcessUsage | undefined {
    const stat = this.#stat();
    if (stat === undefined) return undefined;
    let threads: ThreadUsage[];
    let rssBytes: number;
    try {
      threads = this.#readThreads();
      rssBytes =
        parseResidentPages(this.#fs.readFile(`/proc/${this.pid}/statm`)) * this.#units.pageBytes;
    } catch {
      return undefined;
    }
    const livingUs = threads.reduce((sum, thread) => sum + thread.cpuUs, 0);
    const tickUs = this.#ticksToUs(stat.cpuTicks);
    this.#endedUs ??= Math.max(0, tickUs - livingUs);
    this.#cpuUs = Math.max(this.#cpuUs, livingUs + this.#endedUs, tickUs);
    return { cpuUs: this.#cpuUs, rssBytes, threads };
  }

  #stat(): ProcStat | undefined {
    try {
      const stat = parseStat(this.#fs.readFile(`/proc/${this.pid}/stat`));
      if (stat === undefined || hasEnded(stat)) return undefined;
      return stat.startTicks === this.#startTicks ? stat : undefined;
    } catch {
      return undefined;
    }
  }

  #readThreads(): ThreadUsage[] {
    const seen = new Set<number>();
    for (const entry of this.#fs.readDir(`/proc/${this.pid}/task`)) {
      const tid = Number(entry);
      const path = `/proc/${this.pid}/task/${tid}`;
      // A thread may end between the listing and the reading.
      const cpuUs = this.#threadCpuUs(path);
      if (cpuUs === undefined) continue;
      seen.add(tid);
      const known = this.#threads.get(tid);
      if (known !== undefined && known.cpuUs <= cpuUs) {
        known.cpuUs = cpuUs;
      } else {
        // A smaller time under a known number is a new thread that got an ended one's number.
        if (known !== undefined) this.#endedUs = (this.#endedUs ?? 0) + known.cpuUs;
        this.#threads.set(tid, { name: this.#threadName(path), cpuUs });
      }
    }
    for (const [tid, { cpuUs }] of this.#threads) {
      if (seen.has(tid)) continue;
      this.#endedUs = (this.#endedUs ?? 0) + cpuUs;
      this.#threads.delete(tid);
    }
    return [...this.#threads].map(([tid, { name, cpuUs }]) => ({ tid, name, cpuUs }));
  }

  #threadCpuUs(path: string): number | undefined {
    const schedstat = this.#tryRead(`${path}/schedstat`);
    const ns = schedstat === undefined ? undefined : parseSchedstat(schedstat);
    if (ns !== undefined) return ns / 1000;
    const stat = this.#tryRead(`${path}/stat`);
    const parsed = stat === undefined ? undefined : parseStat(stat);
    return parsed === undefined ? undefined : this.#ticksToUs(parsed.cpuTicks);
  }

  #threadName(path: string): string {
    return this.#tryRead(`${path}/comm`)?.trim() ?? '?';
  }

  #tryRead(path: string): string | undefined {
    try {
      return this.#fs.readFile(path);
    } catch {
      return undefined;
    }
  }

  #ticksToUs(ticks: number): number {
    return (ticks / this.#units.ticksPerSec) * 1e6;
  }
}

/** A zombie has its entry until its parent asks for the exit code. */
function hasEnded(stat: ProcStat): boolean {
  return stat.state === 'Z' || stat.state === 'X';
}
