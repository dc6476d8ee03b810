import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { leaveCount, leaveUs } from './leaves.js';

test('devices leave in turn at an even pace until the phase ends', () => {
  const churn = { startUs: 1000, endUs: 1070, gapUs: 10, devices: 3, once: false };
  const times = [0, 1, 2].map((place) => [0, 1, 2, 3].map((turn) => leaveUs(churn, place, turn)));
  assert.deepEqual(times, [
    [1000, 1030, 1060, Infinity],
    [1010, 1040, Infinity, Infinity],
    [1020, 1050, Infinity, Infinity],
  ]);
  assert.equal(leaveCount(churn), 7);
  assert.equal(leaveUs({ ...churn, once: true }, 0, 1), Infinity);
});

test('the leaves of all places together are those that the phase has', () => {
  const leaves = fc.record({
    startUs: fc.nat(1000),
    endUs: fc.nat(2000),
    gapUs: fc.constantFrom(0, 0.25, 1, 3, 10),
    devices: fc.integer({ min: 1, max: 20 }),
    once: fc.boolean(),
  });
  fc.assert(
    fc.property(leaves, (leaves) => {
      fc.pre(leaves.once || leaves.gapUs > 0);
      let found = 0;
      for (let place = 0; place < leaves.devices; place++) {
        for (let turn = 0; leaveUs(leaves, place, turn) < Infinity; turn++) found++;
      }
      assert.equal(found, leaveCount(leaves));
    }),
  );
});
