import { ProbeError } from './probe-error.js';
import { type ProcFs, type ProcUnits, procFs, procUnits } from './proc-fs.js';
import { parseStat } from './proc-text.js';
import { ProcessReader, type ProcessUsage, type ThreadUsage } from './process-usage.js';

/** One look at a target process. */
export interface ProbeSample {
  readonly tUs: number;
  /** The process has ended, or its pid belongs to another one now; then the CPU time is the last known. */
  readonly gone: boolean;
  /** User and system, cumulative, all threads; never falls. */
  readonly cpuUs: number;
  readonly rssBytes: number;
  readonly threads: readonly ThreadUsage[];
}

export interface ProbeOptions {
  readonly fs?: ProcFs;
  readonly units?: ProcUnits;
  /** Counts the process's descendants with it: a cluster of worker processes under one parent. */
  readonly includeChildren?: boolean;
}

/**
 * Watches CPU time and resident memory of one process on this machine through /proc. A sample is a handful
 * of small reads a thread; meant for once a second.
 */
export class ProcProbe {
  readonly name: string;
  readonly pid: number;
  readonly #fs: ProcFs;
  readonly #units: ProcUnits;
  readonly #includeChildren: boolean;
  readonly #readers = new Map<number, ProcessReader>();
  /** CPU time of children that have ended. */
  #endedUs = 0;

  /** @throws ProbeError NO_SUCH_PROCESS */
  constructor(name: string, pid: number, options: ProbeOptions = {}) {
    this.name = name;
    this.pid = pid;
    this.#fs = options.fs ?? procFs;
    this.#units = options.units ?? procUnits();
    this.#includeChildren = options.includeChildren ?? false;
    try {
      this.#readers.set(pid, new ProcessReader(pid, this.#fs, this.#units));
    } catch (cause) {
      throw new ProbeError(
        'NO_SUCH_PROCESS',
        `cannot probe ${name}: there is no process ${pid} on this machine; probes read /proc of the same host`,
        { cause },
      );
    }
  }

  /** Never throws: a process that went away is data. `nowUs` is the caller's clock, passed through. */
  sample(nowUs: number): ProbeSample {
    if (this.#includeChildren) this.#adoptChildren();
    let own: ProcessUsage | undefined;
    let cpuUs = 0;
    let rssBytes = 0;
    const threads: ThreadUsage[] = [];
    for (const [pid, reader] of this.#readers) {
      const usage = reader.read();
      if (pid === this.pid) own = usage;
      if (usage === undefined) {
        if (pid === this.pid) {
          cpuUs += reader.lastCpuUs;
        } else {
          this.#endedUs += reader.lastCpuUs;
          this.#readers.delete(pid);
        }
        continue;
      }
      cpuUs += usage.cpuUs;
      rssBytes += usage.rssBytes;
      for (const thread of usage.threads) threads.push(thread);
    }
    return { tUs: nowUs, gone: own === undefined, cpuUs: cpuUs + this.#endedUs, rssBytes, threads };
  }

  #adoptChildren(): void {
    for (const pid of descendants(this.pid, this.#fs)) {
      if (this.#readers.has(pid)) continue;
      try {
        this.#readers.set(pid, new ProcessReader(pid, this.#fs, this.#units));
      } catch {
        // It ended between the listing and the reading.
      }
    }
  }
}

/** What a process did between two samples; percentages are of one core, null when it was gone. */
export interface ProbeRate {
  readonly cpuPercent: number | null;
  readonly rssBytes: number | null;
  /** The thread that was busiest. */
  readonly busiestThreadPercent: number | null;
}

export function rateBetween(earlier: ProbeSample, later: ProbeSample): ProbeRate {
  const elapsedUs = later.tUs - earlier.tUs;
  if (later.gone || elapsedUs <= 0) {
    return { cpuPercent: null, rssBytes: null, busiestThreadPercent: null };
  }
  const before = new Map(earlier.threads.map((thread) => [thread.tid, thread.cpuUs]));
  let busiestUs = 0;
  for (const { tid, cpuUs } of later.threads) {
    const usedUs = cpuUs - (before.get(tid) ?? 0);
    if (usedUs > busiestUs) busiestUs = usedUs;
  }
  return {
    cpuPercent: ((later.cpuUs - earlier.cpuUs) / elapsedUs) * 100,
    rssBytes: later.rssBytes,
    busiestThreadPercent: (busiestUs / elapsedUs) * 100,
  };
}

function descendants(root: number, fs: ProcFs): number[] {
  const childrenOf = new Map<number, number[]>();
  let entries: string[];
  try {
    entries = fs.readDir('/proc');
  } catch {
    return [];
  }
  for (const entry of entries) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    let stat: ReturnType<typeof parseStat>;
    try {
      stat = parseStat(fs.readFile(`/proc/${pid}/stat`));
    } catch {
      continue;
    }
    if (stat === undefined) continue;
    const siblings = childrenOf.get(stat.parentPid);
    if (siblings === undefined) childrenOf.set(stat.parentPid, [pid]);
    else siblings.push(pid);
  }
  const found: number[] = [];
  const open = [root];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    const children = childrenOf.get(pid) ?? [];
    found.push(...children);
    open.push(...children);
  }
  return found;
}
