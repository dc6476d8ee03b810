import { readFileSync } from 'node:fs';
import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import {
  type EncodedHistograms,
  HistogramSet,
  type MergedInterval,
  type PhaseRecord,
  type ProbePoint,
  ResultsError,
} from '../../results/mod.js';
import { FleetError } from './fleet-error.js';

const FILE = 'resume.journal';
/** Times of this machine's monotonic clock mean something until it starts anew. */
const BOOT_FILE = '/proc/sys/kernel/random/boot_id';

type Entry =
  | { type: 'head'; head: unknown; boot: string; pid: number }
  | { type: 'epoch'; epochUs: number; epochMs: number }
  | { type: 'phases'; phases: readonly PhaseRecord[] }
  | { type: 'load'; beginUs: number }
  | { type: 'stop'; interrupted: boolean }
  | {
      type: 'interval';
      merged: Omit<MergedInterval, 'histograms'>;
      histograms: EncodedHistograms;
      probes: readonly ProbePoint[];
    };

/** A second that is merged; as it was written, for an hour of decoded histograms is more than memory holds. */
export interface SecondSoFar {
  second: number;
  probes: readonly ProbePoint[];
  merged(): MergedInterval;
}

/** How far a run had come. */
export interface RunSoFar {
  epochUs: number;
  epochMs: number;
  phases: PhaseRecord[];
  /** When publishing began or will, µs after the epoch; undefined: devices still connect. */
  beginUs: number | undefined;
  /** It had been told to stop. */
  stop: { interrupted: boolean } | undefined;
  intervals: SecondSoFar[];
}

/**
 * What a coordinator needs to go on with a run after its own death, beside the record: every merged second, from which
 * the record is written anew, and the orders it had given. u32 length, then a structured clone; what was cut short at
 * the end does not count.
 */
export class Journal {
  readonly #path: string;
  readonly #file: FileHandle;
  /** Where the next entry goes. */
  #at = 0;
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** @param head whatever is needed to set up the run again */
  static async create(folder: string, head: unknown): Promise<Journal> {
    const path = join(folder, FILE);
    const journal = new Journal(path, await open(path, 'wx'));
    await journal.#append({ type: 'head', head, boot: bootId(), pid: process.pid });
    return journal;
  }

  /**
   * Reads a run that was cut short, and goes on writing where it ended.
   * @throws FleetError NOT_RESUMABLE
   */
  static async resume(
    folder: string,
  ): Promise<{ journal: Journal; head: unknown; soFar: RunSoFar }> {
    const path = join(folder, FILE);
    const bytes = await readFile(path).catch(() => undefined);
    const no = (why: string) => new FleetError('NOT_RESUMABLE', `${folder}: ${why}`);
    if (bytes === undefined) throw no('there is no run with agents in it that was cut short');
    const { entries, end } = readEntries(bytes);
    const first = entries.findLast((entry) => entry.type === 'head');
    if (first === undefined) throw no('nothing was recorded yet: begin anew');
    if (first.boot !== bootId()) {
      throw no('the run was begun on another machine, or before this one was started: begin anew');
    }
    if (isAlive(first.pid)) throw no(`its coordinator still runs (process ${first.pid})`);
    const soFar = readSoFar(entries);
    if (soFar === undefined) throw no('it was cut short before its agents began: begin anew');
    const file = await open(path, 'r+');
    await file.truncate(end);
    const journal = new Journal(path, file);
    journal.#at = end;
    await journal.#append({ ...first, pid: process.pid });
    return { journal, head: first.head, soFar };
  }

  epoch(epochUs: number, epochMs: number): Promise<void> {
    return this.#append({ type: 'epoch', epochUs, epochMs });
  }

  phases(phases: readonly PhaseRecord[]): Promise<void> {
    return this.#append({ type: 'phases', phases });
  }

  load(beginUs: number): Promise<void> {
    return this.#append({ type: 'load', beginUs });
  }

  stop(interrupted: boolean): Promise<void> {
    return this.#append({ type: 'stop', interrupted });
  }

  interval(
    { histograms, ...merged }: MergedInterval,
    probes: readonly ProbePoint[],
  ): Promise<void> {
    return this.#append({ type: 'interval', merged, histograms: histograms.encode(), probes });
  }

  /** @param isFinished the record is whole: there is nothing to go on with */
  async close(isFinished: boolean): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.#file.close().catch(() => undefined);
    if (isFinished) await rm(this.#path, { force: true });
  }

  #append(entry: Entry): Promise<void> {
    const body = serialize(entry);
    const bytes = Buffer.alloc(4 + body.length);
    bytes.writeUInt32BE(body.length);
    bytes.set(body, 4);
    const written = this.#writing.then(async () => {
      try {
        await this.#file.write(bytes, 0, bytes.length, this.#at);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new ResultsError('RECORD_NOT_WRITABLE', `cannot write ${this.#path}: ${why}`, {
          cause,
        });
      }
      this.#at += bytes.length;
    });
    this.#writing = written.catch(() => undefined);
    return written;
  }
}

function readEntries(bytes: Buffer): { entries: Entry[]; end: number } {
  const entries: Entry[] = [];
  let at = 0;
  while (at + 4 <= bytes.length) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) break;
    entries.push(deserialize(bytes.subarray(at + 4, end)) as Entry);
    at = end;
  }
  return { entries, end: at };
}

function readSoFar(entries: readonly Entry[]): RunSoFar | undefined {
  let soFar: RunSoFar | undefined;
  for (const entry of entries) {
    if (entry.type === 'epoch') {
      const { epochUs, epochMs } = entry;
      soFar = { epochUs, epochMs, phases: [], beginUs: undefined, stop: undefined, intervals: [] };
    }
    if (soFar === undefined) continue;
    if (entry.type === 'phases') soFar.phases = [...entry.phases];
    else if (entry.type === 'load') soFar.beginUs = entry.beginUs;
    else if (entry.type === 'stop') soFar.stop = { interrupted: entry.interrupted };
    else if (entry.type === 'interval') {
      const { merged, histograms, probes } = entry;
      soFar.intervals.push({
        second: merged.second,
        probes,
        merged: () => ({ ...merged, histograms: HistogramSet.decode(histograms) }),
      });
    }
  }
  return soFar;
}

function bootId(): string {
  try {
    return readFileSync(BOOT_FILE, 'utf8').trim();
  } catch {
    return '';
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
