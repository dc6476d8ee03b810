/**
 * A process to be killed: commits to an embedded store and prints each acknowledged number. Arguments: the
 * file, and the size at which it is compacted.
 */
import { EmbeddedStore } from '../mod.js';

const [, , path = '', compactAtBytes = ''] = process.argv;
const store = await EmbeddedStore.open(path, { compactAtBytes: Number(compactAtBytes) });
const { entries } = await store.read('n/');
let next = 1 + Math.max(0, ...entries.map(({ value }) => Number(value.toString())));

async function commitOne(): Promise<void> {
  for (;;) {
    const number = next++;
    // Few keys, many changes: the file is compacted over and over.
    const operations = [
      { put: `n/${number}`, value: Buffer.from(String(number)) },
      { delete: `n/${number - 500}` },
      { put: `last/${number % 7}`, value: Buffer.alloc(100, String(number)) },
    ];
    const [outcome] = await store.commit([{ operations }]);
    process.stdout.write(`${number} ${outcome!.revision}\n`);
  }
}
await Promise.all(Array.from({ length: 8 }, commitOne));
