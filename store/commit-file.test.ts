import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { EmbeddedStore, StoreError } from './mod.js';
import { put, remove } from './testing/contract.js';
import { commits, Model, writeOf } from './testing/model.js';
import { SimulatedClock } from './testing/simulated-clock.js';

const WRITER = fileURLToPath(new URL('./testing/file-writer.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'fleetgauge-file-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newPath = (): string => join(folder, `store-${files++}`);

async function contentOf(path: string, warnings: string[] = []): Promise<Map<string, string>> {
  const store = await EmbeddedStore.open(path, { warn: (line) => warnings.push(line) });
  try {
    const { entries } = await store.read('');
    return new Map(entries.map(({ key, value }) => [key, value.toString()]));
  } finally {
    await store.close();
  }
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof StoreError && error.code === code && !/\n/.test(error.message);
}

describe('the file behind the embedded store', () => {
  it('holds entries, revisions and where they go on, whatever was committed', () =>
    fc.assert(
      fc.asyncProperty(fc.array(commits, { maxLength: 3 }), async (sessions) => {
        const path = newPath();
        const model = new Model();
        let last = 0;
        for (const ideas of [...sessions, []]) {
          const store = await EmbeddedStore.open(path, { compactAtBytes: 400 });
          const { entries, revision } = await store.read('');
          const found = entries.map((entry) => [
            entry.key,
            { value: entry.value.toString('latin1'), revision: entry.revision },
          ]);
          assert.deepEqual(new Map(found as [string, never][]), model.entries);
          assert.equal(revision, last);
          for (const commit of ideas) {
            const writes = commit.map((idea) => writeOf(idea, '', model));
            const outcomes = await store.commit(writes);
            writes.forEach((write, index) => {
              model.carryOut(write, outcomes[index]!);
              last = outcomes[index]!.revision;
            });
          }
          await store.close();
        }
      }),
      { numRuns: 60 },
    ));

  it('loses no acknowledged commit when the process is killed, again and again', async () => {
    const path = newPath();
    let acknowledged = 0;
    let revision = 0;
    let sizeBefore = 0;
    for (let round = 0; round < 6; round++) {
      // Small enough that it is compacted many times while it is killed.
      const child = spawn(process.execPath, [WRITER, path, '60000'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let lines = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        const [number = 0, at = 0] = line.split(' ').map(Number);
        acknowledged = Math.max(acknowledged, number);
        revision = Math.max(revision, at);
        if (++lines === 700 + 131 * round) child.kill('SIGKILL');
      }
      if (child.signalCode === null && child.exitCode === null) await once(child, 'exit');
      assert.equal(child.signalCode, 'SIGKILL');
      sizeBefore = Math.max(sizeBefore, statSync(path).size);
      const store = await EmbeddedStore.open(path, { warn: () => undefined });
      const { entries, revision: found } = await store.read('');
      assert.ok(found >= revision, `${found} ≥ ${revision}`);
      const numbers = new Set(
        entries
          .filter(({ key }) => key.startsWith('n/'))
          .map(({ value }) => Number(value.toString())),
      );
      // Eight at once: commits up to eight before the last acknowledged one are acknowledged too.
      const deleted = Math.max(...numbers) - 500;
      for (let number = deleted + 1; number <= acknowledged - 8; number++) {
        assert.ok(numbers.has(number), `${number} of ${acknowledged} is there`);
      }
      for (const number of numbers) assert.ok(number > deleted - 8, `${number} was deleted`);
      await store.close();
      assert.ok(!existsSync(`${path}.new`));
    }
    assert.ok(sizeBefore < 1_000_000, `compacted: ${sizeBefore} bytes`);
  });

  it('is cut back to its last whole commit wherever a crash tore it, and says so', async () => {
    const path = newPath();
    const store = await EmbeddedStore.open(path);
    const ends = [statSync(path).size];
    for (let index = 0; index < 4; index++) {
      await store.commit([put(`k${index}`, 'v'.repeat(index * 10))]);
      ends.push(statSync(path).size);
    }
    await store.close();
    const whole = readFileSync(path);
    for (let size = 0; size < whole.length; size++) {
      writeFileSync(path, whole.subarray(0, size));
      const warnings: string[] = [];
      const content = await contentOf(path, warnings);
      assert.equal(content.size, Math.max(0, ends.filter((end) => end <= size).length - 1));
      const isClean = size === 0 || ends.includes(size);
      assert.equal(warnings.length, isClean ? 0 : 1, `${size}: ${warnings}`);
      if (!isClean) assert.match(warnings[0]!, /the last \d+ bytes .* cut off/);
      assert.deepEqual(await contentOf(path), content, 'and is whole from then on');
    }
  });

  it('takes zeros and rubbish behind the last commit for a torn one', async () => {
    for (const tail of [Buffer.alloc(5000), Buffer.from('rubbish'.repeat(100))]) {
      const path = newPath();
      const store = await EmbeddedStore.open(path);
      await store.commit([put('k')]);
      await store.close();
      appendFileSync(path, tail);
      const warnings: string[] = [];
      assert.equal((await contentOf(path, warnings)).size, 1);
      assert.match(warnings[0]!, new RegExp(`the last ${tail.length} bytes`));
    }
  });

  it('is refused, and left as it is, when acknowledged commits in it are unreadable', async () => {
    const path = newPath();
    const store = await EmbeddedStore.open(path);
    await store.commit([put('a', 'first')]);
    await store.commit([put('b', 'second')]);
    await store.close();
    const whole = readFileSync(path);
    for (const at of [whole.indexOf('first'), whole.indexOf('first') - 14]) {
      const broken = Buffer.from(whole);
      broken[at] = broken[at]! ^ 0x55;
      writeFileSync(path, broken);
      await assert.rejects(EmbeddedStore.open(path), hasCode('DAMAGED'));
      assert.deepEqual(readFileSync(path), broken);
    }
  });

  it('is refused when it is some other file or cannot be made', async () => {
    const path = newPath();
    writeFileSync(path, 'listeners.tcp.default.bind = 1883\n');
    await assert.rejects(EmbeddedStore.open(path), hasCode('BAD_CONFIG'));
    await assert.rejects(EmbeddedStore.open(join(path, 'below')), hasCode('BAD_CONFIG'));
    await assert.rejects(EmbeddedStore.open(folder), hasCode('BAD_CONFIG'));
  });

  it('is used by one process at a time; a killed one does not keep it', async () => {
    const path = newPath();
    const store = await EmbeddedStore.open(path);
    await assert.rejects(EmbeddedStore.open(path), hasCode('BAD_CONFIG'));
    await store.close();
    for (const left of ['1 1', '4194304', `${process.pid} 1`, 'rubbish', '']) {
      writeFileSync(`${path}.lock`, left);
      await contentOf(path);
    }
    assert.ok(!existsSync(`${path}.lock`));
  });

  it('is compacted while commits go on, to about the size of what is alive', async () => {
    const path = newPath();
    const store = await EmbeddedStore.open(path, { compactAtBytes: 200_000 });
    const lease = await store.lease(60_000, () => undefined);
    await store.commit(Array.from({ length: 5000 }, (_, index) => put(`still/${index}`)));
    await store.commit([put('leased', 'v', lease.id)]);
    for (let round = 0; round < 200; round++) {
      const writes = Array.from({ length: 50 }, (_, index) => put(`k/${index}`, `${round}`));
      await Promise.all(writes.map((write) => store.commit([write])));
      await store.commit([remove(`still/${round}`)]);
    }
    await store.close();
    const size = statSync(path).size;
    assert.ok(size < 900_000, `${size} bytes`);
    const content = await contentOf(path);
    assert.equal(content.size, 5000 - 200 + 50);
    for (let index = 0; index < 50; index++) assert.equal(content.get(`k/${index}`), '199');
  });

  it('keeps entries of leases through a crash for their time, and no longer', async () => {
    const path = newPath();
    const first = await EmbeddedStore.open(path);
    const lease = await first.lease(5000, () => undefined);
    await first.commit([put('l', 'v', lease.id), put('stays')]);
    const crashed = readFileSync(path);
    await first.close();
    assert.deepEqual([...(await contentOf(path)).keys()], ['stays'], 'closing ended it');

    writeFileSync(path, crashed);
    const clock = new SimulatedClock();
    const store = await EmbeddedStore.open(path, { clock });
    const fresh = await store.lease(5000, () => undefined);
    assert.notEqual(fresh.id, lease.id);
    await store.commit([put('fresh', 'v', fresh.id)]);
    clock.advance(4999);
    assert.deepEqual((await store.read('l')).entries[0]?.lease, lease.id);
    const changes: string[] = [];
    store.watch('', (await store.read('')).revision + 1, {
      changes: (news) => changes.push(...news.map(({ key, value }) => `${key} ${value}`)),
      compacted: () => changes.push('compacted'),
    });
    clock.advance(1);
    const { entries } = await store.read('');
    assert.deepEqual(
      entries.map(({ key }) => key),
      ['fresh', 'stays'],
    );
    assert.deepEqual(changes, ['l undefined']);
    await store.close();
  });

  it('tells watches that what was before the restart is gone', async () => {
    const path = newPath();
    const first = await EmbeddedStore.open(path);
    await first.commit([put('k')]);
    const [last] = await first.commit([put('k')]);
    await first.close();
    const store = await EmbeddedStore.open(path);
    let compactions = 0;
    const watcher = { changes: () => undefined, compacted: () => compactions++ };
    store.watch('', last!.revision, watcher);
    store.watch('', last!.revision + 1, watcher);
    await store.commit([put('k')]);
    assert.equal(compactions, 1);
    await store.close();
  });
});
