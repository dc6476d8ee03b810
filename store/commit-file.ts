import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from './clock.js';
import { FILE_HEAD, readCommitFile } from './commit-file-reader.js';
import { lockFile } from './file-lock.js';
import { type RecordVisitor, RecordWriter } from './records.js';
import { StoreError } from './store-error.js';

/** Gives the whole state, a slice at a time, while commits go on. */
export interface SnapshotSource {
  begin(records: RecordVisitor): void;
  /** Writes some entries with keys above `after`; returns the last key, undefined when none is left. */
  slice(after: string, records: RecordVisitor): string | undefined;
}

export interface CommitFileOptions {
  clock: Clock;
  /** One line for whoever runs the process. */
  warn: (line: string) => void;
  /** Compacts when the file has this size and twice that of the last snapshot. */
  compactAtBytes: number;
}

/** What is written and synced together. */
interface Group {
  records: RecordWriter;
  done: Promise<void>;
  resolve(): void;
  reject(error: StoreError): void;
}

interface Frame {
  bytes: Buffer;
  revision: number;
}

interface Compaction {
  file: FileHandle;
  bytes: number;
  after: string;
  complete: boolean;
}

const RETRY_MS = 1000;

/**
 * The file behind the embedded engine. Commits of the time one sync takes share the next one, so that their
 * number a second does not hang on the disk's speed of syncing.
 */
export class CommitFile {
  readonly #path: string;
  readonly #unlock: () => void;
  readonly #options: CommitFileOptions;
  readonly #source: SnapshotSource;
  #file: FileHandle;
  #goodBytes: number;
  #compactAtBytes: number;
  #group: Group | undefined;
  #isRunning = false;
  #lastRun: Promise<void> = Promise.resolve();
  #writing: Promise<void> | undefined;
  #compaction: Compaction | undefined;
  /** A frame the disk had no room for. */
  #stuck: Frame | undefined;
  #failure: StoreError | undefined;
  #closed = false;
  /** Called when all up to that revision is safe. */
  onSafe: ((revision: number) => void) | undefined;

  /**
   * Opens or creates it and hands what it holds to the visitor.
   * @throws StoreError BAD_CONFIG, DAMAGED
   */
  static async open(
    path: string,
    visitor: RecordVisitor,
    source: SnapshotSource,
    options: CommitFileOptions,
  ): Promise<CommitFile> {
    let unlock: () => void;
    try {
      unlock = lockFile(path);
    } catch (error) {
      if (error instanceof StoreError) throw error;
      throw cannotOpen(path, error);
    }
    let file: FileHandle | undefined;
    try {
      await rm(`${path}.new`, { force: true });
      // 'a' alone makes the file if there is none, but it could then be written at its end only.
      await (await open(path, 'a')).close();
      file = await open(path, 'r+');
      const { goodBytes, tornBytes } = await readCommitFile(file, path, visitor);
      if (tornBytes > 0) {
        options.warn(
          `${path}: the last ${tornBytes} bytes are a commit that was interrupted before it was acknowledged; they are cut off`,
        );
        await file.truncate(goodBytes);
      }
      if (goodBytes === 0) {
        await file.write(FILE_HEAD, 0, FILE_HEAD.length, 0);
        await file.datasync();
        await syncFolder(path);
      }
      const size = Math.max(goodBytes, FILE_HEAD.length);
      return new CommitFile(path, unlock, file, size, source, options);
    } catch (error) {
      await file?.close();
      unlock();
      throw error instanceof StoreError ? error : cannotOpen(path, error);
    }
  }

  private constructor(
    path: string,
    unlock: () => void,
    file: FileHandle,
    size: number,
    source: SnapshotSource,
    options: CommitFileOptions,
  ) {
    this.#path = path;
    this.#unlock = unlock;
    this.#file = file;
    this.#goodBytes = size;
    this.#source = source;
    this.#options = options;
    this.#compactAtBytes = options.compactAtBytes;
  }

  /** Where the records of a commit go. Throws while nothing can be written. */
  get records(): RecordWriter {
    if (this.#failure !== undefined) throw this.#failure;
    this.#group ??= newGroup();
    return this.#group.records;
  }

  /** Resolves when all that was recorded until now is synced. */
  safe(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const { done } = this.#group ?? { done: this.#writing ?? Promise.resolve() };
    this.#run();
    return done;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#run();
    await this.#lastRun;
    if (this.#compaction !== undefined) await this.#dropCompaction(this.#compaction);
    await this.#file.close();
    this.#unlock();
  }

  #run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#lastRun = this.#work();
  }

  async #work(): Promise<void> {
    // Commits of the same turn of the event loop come together.
    await undefined;
    while (this.#group !== undefined || this.#stuck !== undefined || this.#isCompacting()) {
      // The slice is taken before the group: what changed before it and is in the group is only repeated.
      await this.#compactSome();
      const group = this.#group;
      if (group !== undefined || this.#stuck !== undefined) {
        this.#group = undefined;
        this.#writing = group?.done;
        const isWritten = await this.#write(group);
        this.#writing = undefined;
        if (!isWritten) break;
      }
      if (this.#compaction?.complete === true) await this.#finishCompaction(this.#compaction);
      if (this.#compaction === undefined && this.#goodBytes >= this.#compactAtBytes) {
        await this.#beginCompaction();
      }
    }
    // In the same turn as the last look at the group: one begun after it starts the next run.
    this.#isRunning = false;
  }

  #isCompacting(): boolean {
    return this.#compaction !== undefined && !this.#closed;
  }

  async #write(group: Group | undefined): Promise<boolean> {
    const frame = this.#stuck ?? (group && frameOf(group));
    if (frame === undefined) return true;
    try {
      await writeAll(this.#file, frame.bytes, this.#goodBytes);
      await this.#file.datasync();
    } catch (error) {
      await this.#fail(frame, error as NodeJS.ErrnoException);
      group?.reject(this.#failure as StoreError);
      return false;
    }
    this.#goodBytes += frame.bytes.length;
    this.#stuck = undefined;
    this.#failure = undefined;
    const compaction = this.#compaction;
    if (compaction !== undefined) await this.#addToCompaction(compaction, frame.bytes);
    this.onSafe?.(frame.revision);
    group?.resolve();
    return true;
  }

  /** Room may come back: then the frame is written after all. After any other error nothing is certain. */
  async #fail(frame: Frame, error: NodeJS.ErrnoException): Promise<void> {
    const isFull = error.code === 'ENOSPC' || error.code === 'EDQUOT' || error.code === 'EFBIG';
    this.#failure = new StoreError(
      isFull ? 'FULL' : 'UNAVAILABLE',
      isFull
        ? `${this.#path}: no room left on the disk (${error.code}); it goes on once there is`
        : `${this.#path} cannot be written (${error.message}); check the disk and restart`,
      { cause: error },
    );
    this.#group?.reject(this.#failure);
    this.#group = undefined;
    this.#stuck = undefined;
    if (!isFull || this.#closed) return;
    this.#stuck = frame;
    if (this.#compaction !== undefined) await this.#dropCompaction(this.#compaction);
    await this.#file.truncate(this.#goodBytes).catch(() => undefined);
    this.#options.clock.after(RETRY_MS, () => {
      if (!this.#closed) this.#run();
    });
  }

  async #beginCompaction(): Promise<void> {
    this.#compactAtBytes = this.#goodBytes * 2;
    try {
      const file = await open(`${this.#path}.new`, 'w');
      const compaction = { file, bytes: 0, after: '', complete: false };
      this.#compaction = compaction;
      const records = new RecordWriter();
      this.#source.begin(records);
      await this.#addToCompaction(compaction, FILE_HEAD);
      await this.#addToCompaction(compaction, records.finish());
    } catch (error) {
      this.#warnOfCompaction(error);
    }
  }

  async #compactSome(): Promise<void> {
    const compaction = this.#compaction;
    if (compaction === undefined || compaction.complete || this.#closed) return;
    const records = new RecordWriter();
    const after = this.#source.slice(compaction.after, records);
    if (after === undefined) compaction.complete = true;
    else compaction.after = after;
    if (!records.isEmpty) await this.#addToCompaction(compaction, records.finish());
  }

  async #addToCompaction(compaction: Compaction, bytes: Buffer): Promise<void> {
    if (this.#compaction !== compaction) return;
    try {
      await writeAll(compaction.file, bytes, compaction.bytes);
      compaction.bytes += bytes.length;
    } catch (error) {
      this.#warnOfCompaction(error);
      await this.#dropCompaction(compaction);
    }
  }

  async #finishCompaction(compaction: Compaction): Promise<void> {
    try {
      await compaction.file.datasync();
      await rename(`${this.#path}.new`, this.#path);
    } catch (error) {
      this.#warnOfCompaction(error);
      await this.#dropCompaction(compaction);
      return;
    }
    this.#compaction = undefined;
    await this.#file.close().catch(() => undefined);
    this.#file = compaction.file;
    this.#goodBytes = compaction.bytes;
    this.#compactAtBytes = Math.max(this.#options.compactAtBytes, compaction.bytes * 2);
    try {
      await syncFolder(this.#path);
    } catch (cause) {
      // After a loss of power the old file could be there again, without what is written from here on.
      const message = `${this.#path}: its folder cannot be synced; check the disk and restart`;
      this.#failure = new StoreError('UNAVAILABLE', message, { cause });
    }
  }

  async #dropCompaction(compaction: Compaction): Promise<void> {
    this.#compaction = undefined;
    await compaction.file.close().catch(() => undefined);
    await rm(`${this.#path}.new`, { force: true }).catch(() => undefined);
  }

  #warnOfCompaction(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.warn(`${this.#path}: could not be made smaller (${reason}); it grows on`);
  }
}

function frameOf({ records }: Group): Frame {
  return { bytes: records.finish(), revision: records.lastRevision };
}

function newGroup(): Group {
  let resolve = (): void => undefined;
  let reject: (error: StoreError) => void = () => undefined;
  const done = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // Whoever waits for it hears of it; nobody need be waiting.
  done.catch(() => undefined);
  return { records: new RecordWriter(), done, resolve, reject };
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

/** A new name in a folder is safe only once the folder is synced. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function cannotOpen(path: string, cause: unknown): StoreError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StoreError('BAD_CONFIG', `${path} cannot be used as store file: ${reason}`, { cause });
}
