import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { EmbeddedStore, StoreError } from './mod.js';
import { put } from './testing/contract.js';
import { SimulatedClock } from './testing/simulated-clock.js';

const folder = mkdtempSync(join(tmpdir(), 'fleetgauge-full-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof StoreError && error.code === code;
}

describe('the file behind the embedded store', () => {
  it('is gone on with once there is room on a full disk again', async () => {
    const mount = join(folder, 'small');
    const run = (command: string, ...args: string[]): Promise<unknown[]> =>
      once(spawn(command, args, { stdio: 'ignore' }), 'exit');
    await run('mkdir', mount);
    const [code] = await run('mount', '-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', mount);
    assert.equal(code, 0, 'mounting a file system of 256 KiB needs root');
    try {
      const path = join(mount, 'store');
      const ballast = join(mount, 'ballast');
      writeFileSync(ballast, Buffer.alloc(128 * 1024));
      const clock = new SimulatedClock();
      const store = await EmbeddedStore.open(path, { clock });
      let count = 0;
      await assert.rejects(async () => {
        for (;;) await store.commit([put(`k/${count++}`, 'x'.repeat(2000))]);
      }, hasCode('FULL'));
      await assert.rejects(store.commit([put('not')]), hasCode('FULL'));
      clock.advance(1000);
      await new Promise((resolve) => setTimeout(resolve, 50));
      await assert.rejects(store.commit([put('not')]), hasCode('FULL'));
      truncateSync(ballast, 0);
      const changes: string[] = [];
      store.watch('', 1, {
        changes: (news) => changes.push(...news.map(({ key }) => key)),
        compacted: () => changes.push('compacted'),
      });
      clock.advance(1000);
      for (let tries = 0; changes.length < count && tries < 200; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.equal(changes.length, count, 'the one that found no room was carried out after all');
      await store.commit([put('again')]);
      await store.close();
      const after = await EmbeddedStore.open(path);
      assert.equal((await after.read('')).entries.length, count + 1);
      await after.close();
    } finally {
      await run('umount', mount);
    }
  });
});
