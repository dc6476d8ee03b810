import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_OPERATIONS, type Store, type Write } from '../store.js';
import { StoreError } from '../store-error.js';
import { commits, Model, writeOf } from './model.js';
import { record, stateOf } from './recorder.js';

/**
 * What every engine of the store promises, once. Over 500 lines because it is one list of short tests: reads and
 * commits, watches, leases.
 */
export interface ContractSubject {
  /** A store of its own for a test, which closes it. */
  open(): Promise<Store>;
  /** Another handle on what the last opened one holds; the same one where there can be no other. */
  other(): Promise<Store>;
  /** Cases of each property. */
  runs: number;
}

export function put(key: string, value = key, lease?: string): Write {
  const operation = { put: key, value: Buffer.from(value) };
  return { operations: [lease === undefined ? operation : { ...operation, lease }] };
}

export function remove(key: string): Write {
  return { operations: [{ delete: key }] };
}

async function valuesOf(store: Store, prefix: string): Promise<Record<string, string>> {
  const { entries } = await store.read(prefix);
  return Object.fromEntries(entries.map(({ key, value }) => [key, value.toString()]));
}

export function storeContract(name: string, subject: ContractSubject): void {
  const test = (sentence: string, body: (store: Store) => Promise<void>): void => {
    it(sentence, async () => {
      const store = await subject.open();
      try {
        await body(store);
      } finally {
        await store.close();
      }
    });
  };

  describe(`${name}: reads and commits`, () => {
    test('begins empty', async (store) => {
      assert.deepEqual((await store.read('')).entries, []);
    });

    test('gives back what was put, with the revision of its commit', async (store) => {
      const [outcome] = await store.commit([put('k', 'v')]);
      assert.deepEqual(outcome, { done: true, revision: outcome!.revision, previous: [undefined] });
      const { revision, entries } = await store.read('k');
      assert.equal(revision, outcome!.revision);
      assert.deepEqual(entries, [{ key: 'k', value: Buffer.from('v'), revision }]);
    });

    test('says what was there before', async (store) => {
      const [first] = await store.commit([put('k', 'one')]);
      const [second] = await store.commit([put('k', 'two')]);
      const [third] = await store.commit([remove('k')]);
      const [fourth] = await store.commit([remove('k')]);
      const was = (value: string, revision: number) => ({
        key: 'k',
        value: Buffer.from(value),
        revision,
      });
      assert.deepEqual(second!.previous, [was('one', first!.revision)]);
      assert.deepEqual(third!.previous, [was('two', second!.revision)]);
      assert.deepEqual(fourth!.previous, [undefined]);
      assert.equal(fourth!.done, true);
      assert.equal(fourth!.revision, third!.revision, 'nothing changed, so no new revision');
    });

    test('keeps keys of any script and values of any bytes', async (store) => {
      const value = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      const keys = ['x/ä', 'x/日本', 'x/𝄞', 'x/\uffff', 'x/\u0000', 'x/'];
      await store.commit(keys.map((key) => ({ operations: [{ put: key, value }] })));
      await store.commit([put('x/empty', '')]);
      const { entries } = await store.read('x/');
      assert.deepEqual(entries.map(({ key }) => key).sort(), [...keys, 'x/empty'].sort());
      for (const entry of entries) {
        assert.deepEqual(entry.value, entry.key === 'x/empty' ? Buffer.alloc(0) : value);
      }
    });

    test('reads what begins with the prefix and nothing else', async (store) => {
      await store.commit(
        ['a', 'a/', 'a/1', 'a0', 'b', 'aa/', '\uffff', '\uffffx'].map((k) => put(k)),
      );
      assert.deepEqual(Object.keys(await valuesOf(store, 'a/')).sort(), ['a/', 'a/1']);
      assert.deepEqual(Object.keys(await valuesOf(store, '\uffff')).sort(), ['\uffff', '\uffffx']);
      assert.equal(Object.keys(await valuesOf(store, '')).length, 8);
      assert.deepEqual(await valuesOf(store, 'c'), {});
    });

    test('does not care what happens to the buffers of a commit afterwards', async (store) => {
      const value = Buffer.from('kept');
      await store.commit([{ operations: [{ put: 'k', value }] }]);
      value.fill(0);
      assert.deepEqual(await valuesOf(store, ''), { k: 'kept' });
      const { entries } = await store.read('');
      entries[0]!.value.fill(0);
      assert.deepEqual(await valuesOf(store, ''), { k: 'kept' });
    });

    test('holds each write of a commit to its own condition', async (store) => {
      const [{ revision } = { revision: 0 }] = await store.commit([put('there', 'v')]);
      const value = Buffer.from('v');
      const conditions: [boolean, Write['when']][] = [
        [true, []],
        [true, [{ key: 'there', revision }]],
        [false, [{ key: 'there', revision: 0 }]],
        [true, [{ key: 'absent', revision: 0 }]],
        [false, [{ key: 'absent', revision }]],
        [true, [{ key: 'there', value }]],
        [false, [{ key: 'there', value: Buffer.from('w') }]],
        [false, [{ key: 'absent', value }]],
        [false, [{ key: 'absent', value: Buffer.alloc(0) }]],
        [
          true,
          [
            { key: 'there', revision },
            { key: 'absent', revision: 0 },
          ],
        ],
        [
          false,
          [
            { key: 'there', revision },
            { key: 'there', revision: 0 },
          ],
        ],
      ];
      const outcomes = await store.commit(
        conditions.map(([, when], index) => ({ when: when ?? [], ...put(`done/${index}`) })),
      );
      assert.deepEqual(
        outcomes.map(({ done }) => done),
        conditions.map(([done]) => done),
      );
      for (const { done, previous } of outcomes) assert.equal(previous.length, done ? 1 : 0);
      assert.equal((await store.read('done/')).entries.length, 5);
    });

    test('lets a write see those before it in the same commit', async (store) => {
      const absent = [{ key: 'k', revision: 0 }];
      const outcomes = await store.commit([
        { when: absent, ...put('k', 'first') },
        { when: absent, ...put('k', 'second') },
        { when: [{ key: 'k', value: Buffer.from('first') }], ...put('other', 'x') },
        put('k', 'third'),
        remove('k'),
        { when: absent, ...put('k', 'fourth') },
      ]);
      assert.deepEqual(
        outcomes.map(({ done }) => done),
        [true, false, true, true, true, true],
      );
      assert.equal(outcomes[3]!.previous[0]!.value.toString(), 'first');
      assert.equal(outcomes[4]!.previous[0]!.value.toString(), 'third');
      assert.equal(outcomes[5]!.previous[0], undefined);
      assert.deepEqual(await valuesOf(store, ''), { k: 'fourth', other: 'x' });
    });

    test('carries out commits of any number of writes in their order', async (store) => {
      const writes = Array.from({ length: 1500 }, (_, index) =>
        put(`k/${index % 700}`, `${index}`),
      );
      const outcomes = await store.commit(writes);
      assert.ok(outcomes.every(({ done }) => done));
      for (let index = 1; index < outcomes.length; index++) {
        assert.ok(outcomes[index]!.revision >= outcomes[index - 1]!.revision);
      }
      const values = await valuesOf(store, 'k/');
      for (let key = 0; key < 700; key++) {
        assert.equal(values[`k/${key}`], String(key < 100 ? key + 1400 : key + 700));
      }
      assert.deepEqual(await store.commit([]), []);
    });

    test(`takes writes of ${MAX_OPERATIONS} operations and conditions`, async (store) => {
      const keys = Array.from({ length: MAX_OPERATIONS }, (_, index) => `k${index}`);
      const write = {
        when: keys.map((key) => ({ key, revision: 0 })),
        operations: keys.map((key) => ({ put: key, value: Buffer.from(key) })),
      };
      const outcomes = await store.commit([put('before'), write, write, put('after')]);
      assert.deepEqual(
        outcomes.map(({ done, previous }) => [done, previous.length]),
        [
          [true, 1],
          [true, MAX_OPERATIONS],
          [false, 0],
          [true, 1],
        ],
      );
      assert.equal((await store.read('k')).entries.length, MAX_OPERATIONS);
    });

    test('does all of a write or nothing', async (store) => {
      const both = (when: Write['when']): Write => ({
        when: when ?? [],
        operations: [{ put: 'a', value: Buffer.from('new') }, { delete: 'b' }],
      });
      await store.commit([put('a', 'old'), put('b', 'old')]);
      await store.commit([both([{ key: 'b', revision: 0 }])]);
      assert.deepEqual(await valuesOf(store, ''), { a: 'old', b: 'old' });
      const [outcome] = await store.commit([both([])]);
      assert.deepEqual(
        outcome!.previous.map((entry) => entry?.value.toString()),
        ['old', 'old'],
      );
      assert.deepEqual(await valuesOf(store, ''), { a: 'new' });
    });

    test('refuses writes it cannot carry out, before it begins', async (store) => {
      const many = Array.from({ length: MAX_OPERATIONS + 1 }, (_, index) => ({
        delete: `k${index}`,
      }));
      const twice = [{ put: 'k', value: Buffer.from('v') }, { delete: 'k' }];
      for (const write of [{ operations: many }, { operations: twice }, put('', 'v'), remove('')]) {
        await assert.rejects(store.commit([put('k'), write]), RangeError);
      }
      assert.deepEqual(await valuesOf(store, ''), {});
    });

    test('reads many entries as they were at one revision', async (store) => {
      const count = 25_000;
      const writes = Array.from({ length: count }, (_, index) => put(`n/${index}`, '0'));
      await store.commit(writes);
      // All change together again and again: a torn read would show two generations.
      let isReading = true;
      const changing = (async () => {
        for (let round = 1; isReading; round++) {
          const both = ['n/0', `n/${count - 1}`, 'n/12345'];
          const operations = both.map((key) => ({ put: key, value: Buffer.from(`${round}`) }));
          await store.commit([{ operations }]);
        }
      })();
      try {
        for (let attempt = 0; attempt < 3; attempt++) {
          const { entries, revision } = await store.read('n/');
          assert.equal(entries.length, count);
          assert.equal(new Set(entries.map(({ key }) => key)).size, count);
          const seen = entries.filter(({ key }) =>
            ['n/0', 'n/12345', `n/${count - 1}`].includes(key),
          );
          assert.equal(new Set(seen.map(({ value }) => value.toString())).size, 1);
          assert.ok(entries.every((entry) => entry.revision <= revision));
        }
      } finally {
        isReading = false;
        await changing;
      }
    });

    test('gives nothing up when several compare and swap at once', async (store) => {
      const other = await subject.other();
      await store.commit([put('n', '0')]);
      const increments = async (handle: Store): Promise<void> => {
        for (let done = 0; done < 20; ) {
          const [entry] = (await handle.read('n')).entries;
          const next = put('n', String(Number(entry!.value.toString()) + 1));
          const when = [{ key: 'n', revision: entry!.revision }];
          const [outcome] = await handle.commit([{ when, ...next }]);
          if (outcome!.done) done++;
        }
      };
      const { recorder } = record(store, 'n', 1);
      await Promise.all([store, other, store].map(increments));
      assert.deepEqual(await valuesOf(store, 'n'), { n: '60' });
      await recorder.until(() => recorder.state.get('n') === '60');
      assert.deepEqual(
        recorder.texts,
        Array.from({ length: 61 }, (_, index) => `n=${index}`),
      );
      if (other !== store) await other.close();
    });

    it('is the model: any commits give its outcomes and entries, and the watch tells every change', () =>
      fc.assert(
        fc.asyncProperty(commits, async (ideas) => {
          const store = await subject.open();
          const model = new Model();
          const { recorder } = record(store, 'm/', 1);
          const { recorder: narrow } = record(store, 'm/a/', 1);
          const expected: string[] = [];
          let last = 0;
          for (const commit of ideas) {
            const writes = commit.map((idea) => writeOf(idea, 'm/', model));
            const outcomes = await store.commit(writes);
            assert.equal(outcomes.length, writes.length);
            writes.forEach((write, index) => {
              const outcome = outcomes[index]!;
              const before = new Map(model.entries);
              const { done, previous } = model.carryOut(write, outcome);
              assert.equal(outcome.done, done);
              const values = outcome.previous.map((entry) => entry?.value.toString('latin1'));
              assert.deepEqual(values, previous);
              if (!done) return;
              for (const operation of write.operations) {
                const key = 'put' in operation ? operation.put : operation.delete;
                const isChange = 'put' in operation || before.has(key);
                const value = 'put' in operation ? operation.value.toString('latin1') : '-';
                if (isChange) expected.push(`${outcome.revision} ${key}=${value}`);
                if (isChange) last = outcome.revision;
              }
            });
          }
          const { entries } = await store.read('m/');
          assert.deepEqual(
            new Map(
              entries.map(({ key, value, revision }) => [
                key,
                { value: value.toString('latin1'), revision },
              ]),
            ),
            model.entries,
          );
          await recorder.until(() => recorder.lastRevision >= last);
          const told = recorder.all.map(
            ({ key, value, revision }) => `${revision} ${key}=${value?.toString('latin1') ?? '-'}`,
          );
          assert.deepEqual(told.toSorted(), expected.toSorted());
          assert.deepEqual(recorder.state, stateOf(entries));
          const narrowLast = recorder.all.findLast(({ key }) => key.startsWith('m/a/'))?.revision;
          await narrow.until(() => narrow.lastRevision >= (narrowLast ?? 0));
          assert.deepEqual(narrow.state, stateOf((await store.read('m/a/')).entries));
          await store.close();
        }),
        { numRuns: subject.runs },
      ));
  });

  describe(`${name}: watches`, () => {
    test('tell what comes, and what came from that revision on', async (store) => {
      await store.commit([put('a')]);
      const second = await store.commit([put('w/b')]);
      await store.commit([put('w/c'), remove('w/b'), put('d')]);
      const { recorder } = record(store, 'w/', second[0]!.revision);
      const { recorder: late } = record(store, 'w/', second[0]!.revision + 1, true);
      await store.commit([put('w/e'), remove('w/none')]);
      await recorder.until(() => recorder.all.length >= 4);
      assert.deepEqual(recorder.texts, ['w/b=w/b', 'w/c=w/c', 'w/b=-', 'w/e=w/e']);
      await late.until(() => late.all.length >= 3);
      assert.deepEqual(late.texts, ['w/c=w/c', 'w/b=-', 'w/e=w/e']);
    });

    test('begun after a read miss nothing between and repeat nothing', async (store) => {
      await store.commit([put('k/0')]);
      const adding = (async () => {
        for (let index = 1; index < 200; index++) await store.commit([put(`k/${index}`)]);
      })();
      const { entries, revision } = await store.read('k/');
      const { recorder } = record(store, 'k/', revision + 1);
      await adding;
      await recorder.until(() => recorder.all.length + entries.length >= 200);
      const keys = [...entries, ...recorder.all].map(({ key }) => key);
      assert.deepEqual(
        keys,
        Array.from({ length: 200 }, (_, index) => `k/${index}`),
      );
    });

    test('from a revision to come stay silent until then', async (store) => {
      const [first] = await store.commit([put('k', '0')]);
      const { recorder } = record(store, 'k', first!.revision + 3);
      for (let index = 1; index <= 4; index++) await store.commit([put('k', `${index}`)]);
      await recorder.until(() => recorder.texts.includes('k=4'));
      assert.deepEqual(recorder.texts, ['k=3', 'k=4']);
    });

    test('get the changes of one revision in one call, however many', async (store) => {
      const lease = await store.lease(60_000, () => undefined);
      const writes = Array.from({ length: 3000 }, (_, index) =>
        put(`big/${index}`, 'x'.repeat(1000), lease.id),
      );
      await store.commit(writes);
      const { revision } = await store.read('none');
      const { recorder } = record(store, 'big/', revision + 1, true);
      await lease.revoke();
      await recorder.until(() => recorder.all.length > 0);
      assert.equal(recorder.calls[0]!.length, 3000);
      assert.equal(new Set(recorder.calls[0]!.map((change) => change.revision)).size, 1);
    });

    test('tell nothing after they were closed', async (store) => {
      const { recorder, watch } = record(store, 'k', 1);
      await store.commit([put('k', '1')]);
      await recorder.until(() => recorder.all.length === 1);
      watch.close();
      watch.close();
      const { recorder: still } = record(store, 'k', 1);
      await store.commit([put('k', '2')]);
      await still.until(() => still.all.length === 2);
      assert.deepEqual(recorder.texts, ['k=1']);
    });

    test('may be closed from within their own calls', async (store) => {
      let calls = 0;
      const watch = store.watch('k', 1, {
        changes: () => {
          calls++;
          watch.close();
        },
        compacted: () => undefined,
      });
      const { recorder } = record(store, 'k', 1);
      await store.commit([put('k', '1')]);
      await recorder.until(() => recorder.all.length === 1);
      await store.commit([put('k', '2')]);
      await recorder.until(() => recorder.all.length === 2);
      assert.equal(calls, 1);
    });

    test('say that the store answers', async (store) => {
      const { recorder } = record(store, 'k', 1);
      await recorder.until(() => recorder.connections.length > 0);
      assert.deepEqual(recorder.connections, [true]);
    });
  });

  describe(`${name}: leases`, () => {
    test('take their entries with them, and watches hear of it', async (store) => {
      let lost = 0;
      const lease = await store.lease(60_000, () => lost++);
      await store.commit([put('l/1', 'v', lease.id), put('l/2', 'v', lease.id), put('l/3')]);
      const { entries, revision } = await store.read('l/');
      assert.deepEqual(
        entries.map((entry) => entry.lease),
        [lease.id, lease.id, undefined],
      );
      const { recorder } = record(store, 'l/', revision + 1, true);
      await lease.revoke();
      assert.deepEqual(await valuesOf(store, 'l/'), { 'l/3': 'l/3' });
      await recorder.until(() => recorder.all.length === 2);
      assert.deepEqual(recorder.texts.toSorted(), ['l/1=-', 'l/2=-']);
      await lease.revoke();
      assert.equal(lost, 0, 'who ended it knows');
    });

    test('let go of an entry that is put again without them', async (store) => {
      const lease = await store.lease(60_000, () => undefined);
      await store.commit([put('l/1', 'v', lease.id), put('l/2', 'v', lease.id)]);
      const [outcome] = await store.commit([put('l/1', 'stays')]);
      assert.equal(outcome!.previous[0]!.lease, lease.id);
      await lease.revoke();
      assert.deepEqual(await valuesOf(store, 'l/'), { 'l/1': 'stays' });
    });

    test('can be ended from elsewhere, which their holder hears of once', async (store) => {
      const other = await subject.other();
      let lost = 0;
      let hear = (): void => undefined;
      const heard = new Promise<void>((resolve) => {
        hear = resolve;
      });
      const lease = await store.lease(2000, () => {
        lost++;
        hear();
      });
      await store.commit([put('l', 'v', lease.id)]);
      await other.revoke(lease.id);
      await other.revoke(lease.id);
      await heard;
      assert.deepEqual(await valuesOf(store, 'l'), {});
      assert.equal(lost, 1);
      if (other !== store) await other.close();
    });

    test('that are gone spoil their own writes and no others', async (store) => {
      const lease = await store.lease(60_000, () => undefined);
      await lease.revoke();
      const writes = [
        put('a'),
        put('b', 'v', lease.id),
        { when: [{ key: 'a', revision: 0 }], ...put('c', 'v', lease.id) },
        put('d'),
        { operations: [{ delete: 'a' }, { put: 'e', value: Buffer.from('v'), lease: lease.id }] },
        put('f'),
      ];
      await assert.rejects(store.commit(writes), (error) => {
        assert.ok(error instanceof StoreError);
        assert.equal(error.code, 'LEASE_GONE');
        assert.deepEqual(
          error.outcomes?.map((outcome) => outcome?.done),
          [true, undefined, false, true, undefined, true],
        );
        return true;
      });
      assert.deepEqual(await valuesOf(store, ''), { a: 'a', d: 'd', f: 'f' });
    });

    test('live on while their store is open', async (store) => {
      let lost = 0;
      const lease = await store.lease(1000, () => lost++);
      await store.commit([put('l', 'v', lease.id)]);
      // The shortest time etcd keeps is 1 s, and it looks twice a second.
      await new Promise((resolve) => setTimeout(resolve, subject.runs > 50 ? 10 : 4000));
      assert.deepEqual(await valuesOf(store, 'l'), { l: 'v' });
      assert.equal(lost, 0);
    });

    it('end by themselves once they are let go, not when their store is closed', async () => {
      const store = await subject.open();
      const other = await subject.other();
      const lease = await store.lease(3000, () => undefined);
      await store.commit([put('l', 'v', lease.id)]);
      lease.letGo();
      lease.letGo();
      await store.close();
      if (other !== store) {
        assert.deepEqual(await valuesOf(other, 'l'), { l: 'v' });
        const endMs = performance.now() + 10_000;
        while (Object.keys(await valuesOf(other, 'l')).length > 0) {
          assert.ok(performance.now() < endMs, 'it is still there');
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        await other.close();
      }
    });

    it('end when their store is closed', async () => {
      const store = await subject.open();
      const other = await subject.other();
      const lease = await store.lease(600_000, () => undefined);
      await store.commit([put('l', 'v', lease.id)]);
      await store.close();
      if (other !== store) {
        assert.deepEqual(await valuesOf(other, 'l'), {});
        await other.close();
      }
    });
  });

  it(`${name}: says so once it is closed`, async () => {
    const store = await subject.open();
    await store.close();
    await store.close();
    const isUnavailable = (error: unknown): boolean =>
      error instanceof StoreError && error.code === 'UNAVAILABLE';
    await assert.rejects(store.read(''), isUnavailable);
    await assert.rejects(store.commit([put('k')]), isUnavailable);
    await assert.rejects(
      store.lease(1000, () => undefined),
      isUnavailable,
    );
    await assert.rejects(store.revoke('1'), isUnavailable);
    const watcher = { changes: () => undefined, compacted: () => undefined };
    assert.throws(() => store.watch('', 1, watcher), isUnavailable);
  });
}
