import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { EmbeddedStore } from './mod.js';
import type { Store } from './store.js';
import { storeContract } from './testing/contract.js';

const folder = mkdtempSync(join(tmpdir(), 'fleetgauge-store-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function subject(open: () => Promise<Store>, runs: number) {
  let last: Store | undefined;
  return {
    runs,
    async open() {
      last = await open();
      return last;
    },
    other: async () => last as Store,
  };
}

let files = 0;
storeContract(
  'embedded in memory',
  subject(async () => new EmbeddedStore(), 500),
);
storeContract(
  'embedded with a file',
  subject(
    () => EmbeddedStore.open(join(folder, `store-${files++}`), { compactAtBytes: 2000 }),
    100,
  ),
);
