import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ITxnRequest } from 'etcd3';
import fc from 'fast-check';
import { EtcdKeys } from './etcd-keys.js';
import { requestOf, transactionsOf } from './etcd-transactions.js';
import { MAX_OPERATIONS, type Write } from './store.js';
import { keyOf } from './write-rules.js';

const key = fc.integer({ min: 0, max: 60 }).map((number) => `k${number}`);
const write: fc.Arbitrary<Write> = fc
  .record({
    when: fc.array(fc.record({ key, revision: fc.constant(0) }), { maxLength: 40 }),
    keys: fc.uniqueArray(key, { minLength: 1, maxLength: 40 }),
  })
  .map(({ when, keys }) => ({
    when,
    operations: keys.map((put) => ({ put, value: Buffer.alloc(1) })),
  }));

/** What etcd counts: the widest list of each level, on top of those above it. */
function weightOf({ compare = [], success = [] }: ITxnRequest): number {
  const nested = success.flatMap(({ request_txn }) => (request_txn ? [weightOf(request_txn)] : []));
  return Math.max(compare.length, success.length) + Math.max(0, ...nested);
}

describe('writes cut into transactions of etcd', () => {
  it('keep their order, and none is left out', () => {
    fc.assert(
      fc.property(fc.array(write), (writes) => {
        assert.deepEqual([...transactionsOf(writes)].flat(), writes);
      }),
    );
  });

  it('stay within what etcd takes in one transaction', () => {
    fc.assert(
      fc.property(fc.array(write), (writes) => {
        for (const group of transactionsOf(writes)) {
          const operations = group.reduce((sum, each) => sum + each.operations.length, 0);
          assert.ok(operations <= MAX_OPERATIONS, `${operations} operations`);
          assert.ok(weightOf(requestOf(group, new EtcdKeys(''))) <= MAX_OPERATIONS);
        }
      }),
    );
  });

  it('change no key twice in one, and look at none that an earlier one changes', () => {
    fc.assert(
      fc.property(fc.array(write), (writes) => {
        for (const group of transactionsOf(writes)) {
          const changed = new Set<string>();
          for (const { when = [], operations } of group) {
            for (const compare of when) assert.ok(!changed.has(compare.key));
            for (const operation of operations) assert.ok(!changed.has(keyOf(operation)));
            for (const operation of operations) changed.add(keyOf(operation));
          }
        }
      }),
    );
  });

  it('go alone when they are large', () => {
    const large = (put: string): Write => ({ operations: [{ put, value: Buffer.alloc(700_000) }] });
    assert.equal([...transactionsOf([large('a'), large('b')])].length, 2);
  });
});
