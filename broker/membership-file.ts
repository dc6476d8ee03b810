import { readFileSync, renameSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Invitation } from './cluster/mod.js';
import { BrokerError } from './errors.js';

const schema = z.object({
  /** Where the cluster's database is; a core's only. */
  database: z
    .object({ engine: z.enum(['managed', 'external']), endpoints: z.array(z.string()) })
    .optional(),
  /** Cores of the cluster, but for this node. */
  cores: z.array(z.string()),
});

type Joined = z.infer<typeof schema>;

/**
 * What `cluster join` did, for the node's next start: it goes before what the config says of the database, and is
 * gone after `cluster leave`. A file in the node's data folder, replaced as a whole.
 */
export class MembershipFile {
  readonly #path: string;
  #joined: Joined;
  /** What is written, and the writing of it: one after the other. */
  #written: string;
  #writing: Promise<void> = Promise.resolve();

  /** Throws BrokerError BAD_CONFIG if there is a file that cannot be read. */
  constructor(path: string) {
    this.#path = path;
    this.#joined = read(path) ?? { cores: [] };
    this.#written = textOf(this.#joined);
  }

  /** Whether the node is in a cluster by order. */
  get isJoined(): boolean {
    return this.database !== undefined || this.cores.length > 0;
  }

  get database(): Invitation | undefined {
    return this.#joined.database;
  }

  get cores(): readonly string[] {
    return this.#joined.cores;
  }

  /** Throws BrokerError if it cannot be written: then the node's next start knows nothing of it. */
  setDatabase(database: Invitation | undefined): Promise<void> {
    return this.#replace(database === undefined ? { cores: [] } : { ...this.#joined, database });
  }

  setCores(cores: readonly string[]): Promise<void> {
    return this.#replace({ ...this.#joined, cores: [...cores].sort() });
  }

  #replace(joined: Joined): Promise<void> {
    this.#joined = joined;
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const text = textOf(this.#joined);
    if (text === this.#written) return;
    try {
      if (this.isJoined) {
        await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
        await writeFile(`${this.#path}.new`, text);
        await rename(`${this.#path}.new`, this.#path);
      } else await rm(this.#path, { force: true });
      this.#written = text;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new BrokerError('NOT_REMEMBERED', `${this.#path}: ${why}`, { cause: error });
    }
  }
}

function textOf(joined: Joined): string {
  return `${JSON.stringify(joined, null, 2)}\n`;
}

function read(path: string): Joined | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw broken(path, error);
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw broken(path, error);
  }
}

function broken(path: string, error: unknown): BrokerError {
  const why = error instanceof z.ZodError ? 'is not what this program wrote there' : String(error);
  return new BrokerError(
    'BAD_CONFIG',
    `${path} says which cluster this node has joined and cannot be read (${why}): remove it to go by the config`,
    { cause: error },
  );
}

/** Puts a file or folder of an earlier cluster out of the way, where its owner finds it. Nothing there: nothing done. */
export function putAside(path: string, wallMs: number): void {
  try {
    renameSync(path, `${path}.before-${new Date(wallMs).toISOString().replaceAll(':', '')}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
