import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What is in the data folder of an etcd member: `half` where its log or its database is missing. */
export type MemberData = 'none' | 'half' | 'whole';

const CLUSTER_FILE = 'cluster-id';

export function dataIn(dataDir: string): MemberData {
  const member = join(dataDir, 'member');
  if (!existsSync(member)) return 'none';
  const hasLog = filesIn(join(member, 'wal')).some((file) => file.endsWith('.wal'));
  return hasLog && filesIn(join(member, 'snap')).includes('db') ? 'whole' : 'half';
}

/**
 * Puts aside what cannot be gone on with; nobody but its owner can say that it is of no use. What was put aside
 * before goes. Returns where it is, undefined if there was nothing.
 */
export async function setAside(dataDir: string): Promise<string | undefined> {
  if (dataIn(dataDir) === 'none') return undefined;
  const aside = join(dataDir, 'member.old');
  await rm(aside, { recursive: true, force: true });
  await rename(join(dataDir, 'member'), aside);
  return aside;
}

export async function deleteData(dataDir: string): Promise<void> {
  await rm(join(dataDir, 'member'), { recursive: true, force: true });
  await rm(join(dataDir, CLUSTER_FILE), { force: true });
}

/** The cluster that the member was last seen in; etcd has it in its log only. */
export function clusterIdIn(dataDir: string): string | undefined {
  const file = join(dataDir, CLUSTER_FILE);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

export async function noteClusterId(dataDir: string, id: string): Promise<void> {
  if (clusterIdIn(dataDir) !== id) await writeFile(join(dataDir, CLUSTER_FILE), `${id}\n`);
}

function filesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** What etcd says as it ends over a log or a database that does not hold together. */
const DAMAGE =
  /crc mismatch|unexpected EOF|cannot use none as id|failed to recover v3 backend|invalid database|file size too small|version mismatch|checksum error|is out of range/;

export function isDamage(words: string): boolean {
  return DAMAGE.test(words);
}
