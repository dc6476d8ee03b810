// Commits per second of the coordination store, one write at a time against batches, on both engines, as a
// Markdown table. `node dist/perf/store.js [seconds per cell]`; needs etcd (Debian's etcd-server).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../cli/free-port.js';
import { EmbeddedStore, EtcdStore, ManagedEtcd, type Store, type Write } from '../store/mod.js';
import { machineFacts } from './machine.js';

const BATCH = 4096;
const IN_FLIGHT = 64;
const HOST = '127.0.0.1';

/** Writes per second of `writers` that each commit batches of `size`, one after the other. */
async function rate(store: Store, writers: number, size: number, seconds: number): Promise<number> {
  const begin = performance.now();
  const end = begin + seconds * 1000;
  let done = 0;
  const write = async (writer: number): Promise<void> => {
    for (let round = 0; performance.now() < end; round++) {
      const writes = Array.from({ length: size }, (_, index): Write => {
        const key = `route/${writer}/${(round * size + index) % 100_000}`;
        return { operations: [{ put: key, value: Buffer.from('node@host') }] };
      });
      await store.commit(writes);
      done += size;
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  return (done * 1000) / (performance.now() - begin);
}

async function row(name: string, store: Store, seconds: number): Promise<void> {
  const cells = [
    await rate(store, 1, 1, seconds),
    await rate(store, IN_FLIGHT, 1, seconds),
    await rate(store, 1, BATCH, seconds),
  ];
  console.log(`| ${name} | ${cells.map((each) => Math.round(each)).join(' | ')} |`);
}

const seconds = Number(process.argv[2] ?? 5);
const folder = mkdtempSync(join(tmpdir(), 'fleetgauge-perf-'));
const members: ManagedEtcd[] = [];

async function addMember(): Promise<void> {
  const [first] = members;
  const name = `m${members.length + 1}`;
  members.push(
    await ManagedEtcd.start({
      name,
      dataDir: join(folder, name),
      host: HOST,
      clientPort: await freePort(HOST),
      peerPort: await freePort(HOST),
      initialCluster: first === undefined ? 'new' : { join: [first.clientUrl] },
    }),
  );
}

async function etcdRow(): Promise<void> {
  const store = await EtcdStore.open({ endpoints: members.map(({ clientUrl }) => clientUrl) });
  try {
    await row(`etcd, ${members.length} on this machine`, store, seconds);
  } finally {
    await store.close();
  }
}

try {
  console.log(`${machineFacts().join('\n')}\n\nWrites per second:\n`);
  console.log(
    `| engine | one at a time | one each, ${IN_FLIGHT} in flight | batches of ${BATCH} |`,
  );
  console.log('|---|---:|---:|---:|');
  const memory = new EmbeddedStore();
  await row('embedded, memory', memory, seconds);
  await memory.close();
  const file = await EmbeddedStore.open(join(folder, 'store'));
  await row('embedded, file', file, seconds);
  await file.close();
  await addMember();
  await etcdRow();
  await addMember();
  await addMember();
  await etcdRow();
} finally {
  for (const member of members) await member.stop();
  rmSync(folder, { recursive: true, force: true });
}
