import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { type Store, StoreError } from '../../store/mod.js';
import { FleetError } from '../fleet/fleet-error.js';
import type { Scenario } from '../scenario/mod.js';
import { FILES_PREFIX, type RunSheet } from './messages.js';

/** Well below what etcd takes in one request (`--max-request-bytes`, 1.5 MiB). */
const CHUNK_BYTES = 512 * 1024;
/** All of a run's, compressed: etcd keeps 2 GiB (`--quota-backend-bytes`), old versions included. */
const MOST_BYTES = 64 * 2 ** 20;

/** The files that agents are sent with a plan: who the devices of each group are. By path, compressed. */
export type ShippedFiles = ReadonlyMap<string, Buffer>;

/**
 * Reads what the scenario's agents need.
 * @throws FleetError LIMIT when it is more than a store should hold
 */
export async function readShippedFiles(
  scenario: Scenario,
  most = MOST_BYTES,
): Promise<ShippedFiles> {
  const files = new Map<string, Buffer>();
  for (const { credentials } of scenario.groups) {
    if (credentials === undefined || files.has(credentials.file)) continue;
    files.set(credentials.file, await promisify(gzip)(await readFile(credentials.file)));
  }
  const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
  if (bytes > most) {
    const mib = (value: number) => `${(value / 2 ** 20).toFixed(1)} MiB`;
    throw new FleetError(
      'LIMIT',
      `credentials: ${[...files.keys()].join(', ')} would be ${mib(bytes)} compressed, and agents are sent at most ` +
        `${mib(most)}: leave out columns that the scenario can say (clientId: 'device-%i'), or take fewer devices (--scale)`,
    );
  }
  return files;
}

/** What a run's sheet says of them: how many pieces each file has, by path. */
export function piecesOf(files: ShippedFiles): Record<string, number> {
  return Object.fromEntries(
    [...files].map(([path, { length }]) => [path, Math.ceil(length / CHUNK_BYTES)]),
  );
}

/** Puts them where agents look, piece by piece, under the coordinator's lease. */
export async function shipFiles(
  store: Store,
  run: string,
  lease: string,
  files: ShippedFiles,
): Promise<void> {
  let file = 0;
  for (const bytes of files.values()) {
    for (let piece = 0; piece * CHUNK_BYTES < bytes.length; piece++) {
      const value = bytes.subarray(piece * CHUNK_BYTES, (piece + 1) * CHUNK_BYTES);
      await store.commit([{ operations: [{ put: keyOf(run, file, piece), value, lease }] }]);
    }
    file++;
  }
}

/**
 * Takes a run's files into a folder of their own, which only this user can read.
 * @returns the scenario that names them there, and the folder, if there is one
 * @throws StoreError when the store is away, or its coordinator is gone and the files with it
 */
export async function fetchFiles(
  open: () => Promise<Store>,
  { id, plan: { scenario }, files = {} }: RunSheet,
): Promise<{ scenario: Scenario; folder: string | undefined }> {
  const shipped = Object.entries(files);
  if (shipped.length === 0) return { scenario, folder: undefined };
  const store = await open();
  const folder = await mkdtemp(join(tmpdir(), 'fleetgauge-agent-'));
  const here = new Map<string, string>();
  try {
    for (const [file, [path, pieces]] of shipped.entries()) {
      const chunks: Buffer[] = [];
      for (let piece = 0; piece < pieces; piece++) {
        // One by one: together they would be too long an answer.
        const { entries } = await store.read(keyOf(id, file, piece));
        if (entries[0] === undefined) {
          throw new StoreError('UNAVAILABLE', `run ${id}: ${path} is not in the store any more`);
        }
        chunks.push(entries[0].value);
      }
      const own = join(folder, `${file}.csv`);
      await writeFile(own, await promisify(gunzip)(Buffer.concat(chunks)), { mode: 0o600 });
      here.set(path, own);
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  } finally {
    await store.close().catch(() => undefined);
  }
  const groups = scenario.groups.map((group) =>
    group.credentials === undefined
      ? group
      : { ...group, credentials: { file: here.get(group.credentials.file)! } },
  );
  return { scenario: { ...scenario, groups }, folder };
}

/** No key begins with another one. */
function keyOf(run: string, file: number, piece: number): string {
  return `${FILES_PREFIX}${run}/${file}/${String(piece).padStart(6, '0')}`;
}
