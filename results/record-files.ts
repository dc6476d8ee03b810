import { type FileHandle, mkdir, open, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ResultsError } from './results-error.js';

/** A file that only grows. What a failed append left behind is cut off again. */
export class AppendedFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #bytes = 0;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** Makes the file with its first text. @throws the file system's error, EEXIST when it is there. */
  static async create(path: string, text: string): Promise<AppendedFile> {
    const handle = await open(path, 'wx');
    const file = new AppendedFile(path, handle);
    try {
      await file.append(text);
    } catch (cause) {
      await handle.close().catch(() => undefined);
      await rm(path, { force: true }).catch(() => undefined);
      throw cause;
    }
    return file;
  }

  /** Appends whole text or nothing. @throws ResultsError RECORD_NOT_WRITABLE */
  async append(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    try {
      let written = 0;
      while (written < bytes.length) {
        const result = await this.#handle.write(
          bytes,
          written,
          bytes.length - written,
          this.#bytes + written,
        );
        written += result.bytesWritten;
      }
      this.#bytes += bytes.length;
    } catch (cause) {
      await this.#handle.truncate(this.#bytes).catch(() => undefined);
      throw notWritable(this.path, cause);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/**
 * Makes a folder and those above it that are missing. Not `mkdir`'s own `recursive`, which never comes back
 * from a place that is there and takes no folders, such as /proc.
 * @returns the folders that were made, the innermost first
 * @throws the file system's error; then nothing that was made is left
 */
export async function makeFolder(folder: string): Promise<string[]> {
  try {
    await mkdir(folder);
    return [folder];
  } catch (cause) {
    if (errorCode(cause) === 'EEXIST' && (await isFolder(folder))) return [];
    if (errorCode(cause) !== 'ENOENT' || dirname(folder) === folder) throw cause;
  }
  const above = await makeFolder(dirname(folder));
  try {
    await mkdir(folder);
  } catch (cause) {
    // Somebody else was quicker.
    if (errorCode(cause) === 'EEXIST' && (await isFolder(folder))) return above;
    await removeFolders(above);
    throw cause;
  }
  return [folder, ...above];
}

/** Takes folders away again that are still empty. */
export async function removeFolders(folders: readonly string[]): Promise<void> {
  for (const folder of folders) await rmdir(folder).catch(() => undefined);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/**
 * Replaces a file by a temporary one beside it and a rename, so that a reader finds the old text or the
 * new, never a part. `durable` waits for the disk as well. @throws ResultsError RECORD_NOT_WRITABLE
 */
export async function replaceFile(path: string, text: string, durable: boolean): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(text);
      if (durable) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw notWritable(path, cause);
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'permission denied; choose a folder you may write to with --out',
  EPERM: 'permission denied; choose a folder you may write to with --out',
  EROFS: 'the file system is read-only; choose another folder with --out',
  ENOSPC: 'the disk is full; free some space or choose another folder with --out',
  EDQUOT: 'the disk quota is used up; free some space or choose another folder with --out',
  EFBIG: 'the file grew beyond what is allowed (see ulimit -f)',
  ENOTDIR: 'a part of the path is a file, not a folder; choose another folder with --out',
  EEXIST: 'a file of that name is in the way; choose another folder with --out',
  EMFILE: 'too many files are open; raise ulimit -n',
  ENOENT: 'there is no such place, or not any more; choose another folder with --out',
};

/** One clear error from whatever the file system said. */
export function notWritable(path: string, cause: unknown): ResultsError {
  if (cause instanceof ResultsError) return cause;
  const code = errorCode(cause);
  const remedy = REMEDIES[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new ResultsError(
    'RECORD_NOT_WRITABLE',
    `cannot write ${path}: ${remedy}${code === '' ? '' : ` (${code})`}`,
    { cause },
  );
}

/** The file system's code of an error, '' if it has none. */
export function errorCode(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : '';
}
