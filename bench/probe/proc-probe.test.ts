import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pidListening } from './listening.js';
import { ProbeError } from './probe-error.js';
import type { ProcFs } from './proc-fs.js';
import { type ProbeSample, ProcProbe, rateBetween } from './proc-probe.js';

const UNITS = { ticksPerSec: 100, pageBytes: 4096 };

describe('a probe of a process', () => {
  it('adds the nanoseconds of its threads, and knows them by name', () => {
    const proc = new MadeUpProc();
    proc.process(7, { ticks: 150, pages: 1000 });
    proc.thread(7, 7, { ns: 1_000_500_000, name: 'node' });
    proc.thread(7, 8, { ns: 500_000_000, name: 'worker' });
    assert.deepEqual(probe(proc).sample(42), {
      tUs: 42,
      gone: false,
      cpuUs: 1_500_500,
      rssBytes: 4_096_000,
      threads: [
        { tid: 7, name: 'node', cpuUs: 1_000_500 },
        { tid: 8, name: 'worker', cpuUs: 500_000 },
      ],
    });
  });

  it('counts threads that ended before it came, from the process as a whole', () => {
    const proc = new MadeUpProc();
    proc.process(7, { ticks: 300 });
    proc.thread(7, 7, { ns: 1_000_000_000 });
    const probed = probe(proc);
    assert.equal(probed.sample(0).cpuUs, 3_000_000);
    proc.thread(7, 7, { ns: 1_000_700_000 });
    assert.equal(probed.sample(1).cpuUs, 3_000_700, 'and still in fine steps');
  });

  it('keeps the time of threads that end, and of those it never saw', () => {
    const proc = new MadeUpProc();
    proc.process(7, { ticks: 150 });
    proc.thread(7, 7, { ns: 1_000_000_000 });
    proc.thread(7, 8, { ns: 500_000_000 });
    const probed = probe(proc);
    assert.equal(probed.sample(0).cpuUs, 1_500_000);
    proc.endThread(7, 8);
    proc.thread(7, 7, { ns: 1_100_000_000 });
    proc.process(7, { ticks: 160 });
    assert.equal(probed.sample(1).cpuUs, 1_600_000);
    // A thread came, worked for a second and went between two samples: only the process's own count has it.
    proc.process(7, { ticks: 260 });
    assert.equal(probed.sample(2).cpuUs, 2_600_000);
  });

  it('takes a smaller time under a known number for a new thread', () => {
    const proc = new MadeUpProc();
    proc.process(7, { ticks: 150 });
    proc.thread(7, 7, { ns: 1_000_000_000 });
    proc.thread(7, 8, { ns: 500_000_000, name: 'old' });
    const probed = probe(proc);
    probed.sample(0);
    proc.thread(7, 8, { ns: 2_000_000, name: 'new' });
    const sample = probed.sample(1);
    assert.equal(sample.cpuUs, 1_502_000);
    assert.equal(sample.threads[1]?.name, 'new');
  });

  it('falls back to ticks where there is no schedstat', () => {
    const proc = new MadeUpProc();
    proc.process(7, { ticks: 150 });
    proc.thread(7, 7, { ticks: 120 });
    proc.thread(7, 8, { ticks: 30 });
    const sample = probe(proc).sample(0);
    assert.equal(sample.cpuUs, 1_500_000);
    assert.deepEqual(
      sample.threads.map((thread) => thread.cpuUs),
      [1_200_000, 300_000],
    );
  });

  it('never shows less CPU time than before', () => {
    const proc = new MadeUpProc();
    proc.process(7, { ticks: 151 });
    proc.thread(7, 7, { ns: 1_500_000_000 });
    const probed = probe(proc);
    const before = probed.sample(0).cpuUs;
    proc.process(7, { ticks: 150 });
    assert.equal(probed.sample(1).cpuUs, before);
  });

  it('says that the process is gone, with its last known CPU time, and does not throw', () => {
    const proc = new MadeUpProc();
    proc.process(7, { ticks: 150, pages: 10 });
    proc.thread(7, 7, { ns: 1_500_000_000 });
    const probed = probe(proc);
    probed.sample(0);
    proc.end(7);
    const gone = { tUs: 1, gone: true, cpuUs: 1_500_000, rssBytes: 0, threads: [] };
    assert.deepEqual(probed.sample(1), gone);
    assert.deepEqual(probed.sample(2), { ...gone, tUs: 2 });
  });

  it('takes a zombie for gone, and another process under the same pid too', () => {
    for (const change of [{ state: 'Z' }, { start: 99 }]) {
      const proc = new MadeUpProc();
      proc.process(7, { ticks: 150 });
      proc.thread(7, 7, { ns: 1_500_000_000 });
      const probed = probe(proc);
      probed.sample(0);
      proc.process(7, { ticks: 1, ...change });
      assert.equal(probed.sample(1).gone, true);
      assert.equal(probed.sample(1).cpuUs, 1_500_000);
    }
  });

  it('is refused for a pid that is not there', () => {
    assert.throws(
      () => probe(new MadeUpProc()),
      (error) =>
        error instanceof ProbeError &&
        error.code === 'NO_SUCH_PROCESS' &&
        error.message.startsWith('cannot probe broker: there is no process 7 on this machine'),
    );
  });

  it('counts descendants when asked to, and what they used before they ended', () => {
    const proc = new MadeUpProc();
    for (const [pid, parent] of [
      [7, 1],
      [20, 7],
      [30, 20],
      [40, 1],
    ] as const) {
      proc.process(pid, { ticks: 100, parent, pages: 1 });
      proc.thread(pid, pid, { ns: 1_000_000_000 });
    }
    const alone = probe(proc);
    const family = new ProcProbe('broker', 7, { fs: proc, units: UNITS, includeChildren: true });
    assert.equal(alone.sample(0).cpuUs, 1_000_000);
    assert.equal(family.sample(0).cpuUs, 3_000_000);
    assert.equal(family.sample(0).rssBytes, 3 * 4096);
    proc.end(30);
    proc.process(50, { ticks: 1, parent: 7, pages: 1 });
    proc.thread(50, 50, { ns: 10_000_000 });
    assert.equal(family.sample(1).cpuUs, 3_010_000);
    assert.equal(family.sample(1).threads.length, 3);
    proc.end(7);
    assert.equal(family.sample(2).gone, true);
  });
});

describe('the rate between two samples', () => {
  const sample = (tUs: number, cpuUs: number, threads: [number, number][]): ProbeSample => ({
    tUs,
    gone: false,
    cpuUs,
    rssBytes: 5,
    threads: threads.map(([tid, us]) => ({ tid, name: 't', cpuUs: us })),
  });

  it('is in percent of one core, with the busiest thread', () => {
    const earlier = sample(0, 1_000, [
      [1, 800],
      [2, 200],
    ]);
    const later = sample(1_000_000, 1_501_000, [
      [1, 900_800],
      [2, 100_200],
      [3, 500_000],
    ]);
    assert.deepEqual(rateBetween(earlier, later), {
      cpuPercent: 150,
      rssBytes: 5,
      busiestThreadPercent: 90,
    });
  });

  it('does not exist once the process is gone', () => {
    const gone = { ...sample(1_000_000, 0, []), gone: true };
    const nothing = { cpuPercent: null, rssBytes: null, busiestThreadPercent: null };
    assert.deepEqual(rateBetween(sample(0, 0, []), gone), nothing);
    assert.deepEqual(rateBetween(sample(5, 0, []), sample(5, 0, [])), nothing);
  });
});

describe('the process that listens on a port', () => {
  it('is the one that has the socket open, the lowest pid of several', () => {
    const proc = new MadeUpProc();
    proc.files.set('/proc/net/tcp', LISTENING);
    proc.files.set('/proc/net/tcp6', 'sl\n');
    for (const pid of [9, 12, 10]) {
      proc.process(pid, { ticks: 0 });
      proc.links.set(`/proc/${pid}/fd/3`, pid === 9 ? 'socket:[1702]' : 'socket:[1701]');
    }
    assert.equal(pidListening(1883, '127.0.0.1', proc), 10);
  });

  it('is refused when nothing listens, or only what we may not look into', () => {
    const proc = new MadeUpProc();
    proc.files.set('/proc/net/tcp', LISTENING);
    proc.process(9, { ticks: 0 });
    assert.throws(() => pidListening(1884, '127.0.0.1', proc), { code: 'NO_LISTENER' });
    assert.throws(() => pidListening(1883, '127.0.0.1', proc), { code: 'NOT_READABLE' });
  });

  it('is refused where there is no /proc', () => {
    const nothing = new MadeUpProc();
    nothing.missing = true;
    assert.throws(() => pidListening(1883, '127.0.0.1', nothing), { code: 'NO_PROC' });
  });
});

const LISTENING = [
  '  sl  local_address rem_address   st',
  '   2: 0100007F:075B 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1701 1 0 100 0 0 10 0',
].join('\n');

function probe(proc: ProcFs): ProcProbe {
  return new ProcProbe('broker', 7, { fs: proc, units: UNITS });
}

interface ProcessSketch {
  readonly ticks: number;
  readonly pages?: number;
  readonly parent?: number;
  readonly state?: string;
  readonly start?: number;
}

/** A /proc in memory. Folders are what the paths of files and links imply. */
class MadeUpProc implements ProcFs {
  readonly files = new Map<string, string>();
  readonly links = new Map<string, string>();
  missing = false;

  process(pid: number, sketch: ProcessSketch): void {
    const { ticks, pages = 1, parent = 1, state = 'S', start = 5 } = sketch;
    this.files.set(
      `/proc/${pid}/stat`,
      `${pid} (x) ${state} ${parent} 0 0 0 -1 0 0 0 0 0 ${ticks} 0 0 0 20 0 1 0 ${start} 0 0 0`,
    );
    this.files.set(`/proc/${pid}/statm`, `9999 ${pages} 1 1 0 1 0`);
  }

  thread(pid: number, tid: number, sketch: { ns?: number; ticks?: number; name?: string }): void {
    const path = `/proc/${pid}/task/${tid}`;
    if (sketch.ns !== undefined) this.files.set(`${path}/schedstat`, `${sketch.ns} 5 5`);
    this.files.set(
      `${path}/stat`,
      `${tid} (x) S 1 0 0 0 -1 0 0 0 0 0 ${sketch.ticks ?? 0} 0 0 0 20 0 1 0 5 0 0 0`,
    );
    this.files.set(`${path}/comm`, `${sketch.name ?? 'x'}\n`);
  }

  endThread(pid: number, tid: number): void {
    this.#remove(`/proc/${pid}/task/${tid}/`);
  }

  end(pid: number): void {
    this.#remove(`/proc/${pid}/`);
  }

  readFile(path: string): string {
    return this.files.get(path) ?? this.#none(path);
  }

  readLink(path: string): string {
    return this.links.get(path) ?? this.#none(path);
  }

  readDir(path: string): string[] {
    const entries = new Set<string>();
    for (const name of [...this.files.keys(), ...this.links.keys()]) {
      if (name.startsWith(`${path}/`)) entries.add(name.slice(path.length + 1).split('/')[0] ?? '');
    }
    return entries.size === 0 || this.missing ? this.#none(path) : [...entries];
  }

  #remove(prefix: string): void {
    for (const path of this.files.keys()) if (path.startsWith(prefix)) this.files.delete(path);
  }

  #none(path: string): never {
    throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
  }
}
