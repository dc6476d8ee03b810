import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { EmbeddedStore } from './mod.js';
import { type EntryLease, OrderedEntries } from './ordered-entries.js';
import { put } from './testing/contract.js';
import { record } from './testing/recorder.js';
import { SimulatedClock } from './testing/simulated-clock.js';

describe('embedded store', () => {
  it('keeps a bounded history and says compacted() to a watch from before it', async () => {
    const store = new EmbeddedStore({ historyChanges: 10 });
    const { recorder: live } = record(store, 'k', 1);
    for (let index = 1; index <= 30; index++) await store.commit([put('k', `${index}`)]);
    assert.equal(live.all.length, 30);
    const { recorder: within } = record(store, 'k', 21);
    const { recorder: before } = record(store, 'k', 20);
    await store.commit([put('k', '31')]);
    assert.equal(within.all.length, 11);
    assert.equal(before.compactions, 1);
    await store.commit([put('k', '32')]);
    assert.deepEqual([before.compactions, before.all.length], [1, 0], 'it has ended');
    await store.close();
  });

  it('bounds the bytes of the history as well', async () => {
    const store = new EmbeddedStore({ historyBytes: 1000 });
    for (let index = 1; index <= 30; index++) await store.commit([put('k', 'x'.repeat(100))]);
    const { recorder: within } = record(store, 'k', 21);
    const { recorder: before } = record(store, 'k', 20);
    await store.read('');
    assert.deepEqual([within.all.length, before.compactions], [10, 1]);
    await store.close();
  });

  it('gives a watch that is behind all changes of one commit, also those over the bounds', async () => {
    const store = new EmbeddedStore({ historyChanges: 10 });
    const { recorder } = record(store, '', 1);
    const keys = Array.from({ length: 128 }, (_, index) => `k${index}`);
    await store.commit([
      { operations: keys.map((key) => ({ put: key, value: Buffer.from(key) })) },
    ]);
    assert.deepEqual(
      recorder.calls.map((call) => call.length),
      [128],
    );
    await store.close();
  });

  it('orders its entries as a sorted list does', () => {
    const key = fc.nat(400).map((number) => number.toString(36));
    const step = fc.record({ key, kind: fc.constantFrom('set', 'set', 'delete', 'end', 'run') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const entries = new OrderedEntries<EntryLease>();
        const model = new Map<string, EntryLease | undefined>();
        let lease: EntryLease = { id: '0', entries: 0 };
        const set = (name: string, on: EntryLease | undefined): void => {
          entries.set(name, name, 1, on);
          model.set(name, on);
        };
        for (const { key: name, kind } of steps) {
          if (kind === 'set') set(name, name.length === 1 ? lease : undefined);
          else if (kind === 'delete') assert.equal(entries.delete(name), model.delete(name));
          else if (kind === 'run') {
            for (let index = 0; index < 150; index++) set(`${name}/${index}`, undefined);
          } else {
            const keys = [...model].filter(([, on]) => on === lease).map(([held]) => held);
            assert.equal(lease.entries, keys.length);
            assert.deepEqual(entries.keysOf(lease), keys.sort());
            for (const held of keys) {
              entries.delete(held);
              model.delete(held);
            }
            lease = { id: `${Number(lease.id) + 1}`, entries: 0 };
          }
        }
        const sorted = [...model.keys()].sort();
        assert.equal(entries.size, sorted.length);
        const read = (prefix: string) => entries.read(prefix).map((entry) => entry.key);
        assert.deepEqual(read(''), sorted);
        for (const prefix of ['1', 'a', 'a/', 'zz']) {
          assert.deepEqual(
            read(prefix),
            sorted.filter((name) => name.startsWith(prefix)),
          );
        }
        for (const name of sorted) assert.ok(entries.has(name));
        const sliced: string[] = [];
        for (let after: string | undefined = ''; after !== undefined; ) {
          after = entries.after(after, 7, (name) => sliced.push(name));
        }
        assert.deepEqual(sliced, sorted);
      }),
      { numRuns: 200 },
    );
  });

  it('ends a lease that is let go when its time is up', async () => {
    const clock = new SimulatedClock();
    const store = new EmbeddedStore({ clock });
    const lease = await store.lease(1000, () => undefined);
    const operations = [{ put: 'k', value: Buffer.from('v'), lease: lease.id }];
    await store.commit([{ operations }]);
    lease.letGo();
    clock.advance(999);
    assert.equal((await store.read('k')).entries.length, 1);
    clock.advance(1);
    assert.equal((await store.read('k')).entries.length, 0);
    await store.close();
  });

  it('takes at most 100 bytes for an entry besides its key and value', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const store = new EmbeddedStore({ historyChanges: 0 });
    const lease = await store.lease(1000, () => undefined);
    const count = 300_000;
    // In no order, as routes come.
    const keyAt = (index: number): string =>
      `route/${String((index * 7919) % count).padStart(7, '0')}/node`;
    collect();
    const before = process.memoryUsage().heapUsed;
    const value = Buffer.from('12345678');
    for (let index = 0; index < count; index += 1000) {
      const writes = Array.from({ length: 1000 }, (_, offset) => ({
        operations: [
          // A string of its own, as one that comes over the network is.
          { put: Buffer.from(keyAt(index + offset)).toString(), value, lease: lease.id },
        ],
      }));
      await store.commit(writes);
    }
    collect();
    const bytes = (process.memoryUsage().heapUsed - before) / count - keyAt(0).length - 8;
    assert.ok(bytes < 100, `${bytes} bytes`);
    await store.close();
  });
});
