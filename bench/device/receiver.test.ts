import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COUNTERS } from '../../results/mod.js';
import { writeHeader } from './header.js';
import { Receiver } from './receiver.js';
import { SequenceTable } from './sequence-table.js';
import { Tally } from './tally.js';

test('a delivery of a sender too many is counted and timed, and said not to be followed', () => {
  const tally = new Tally();
  const identity = { run: 7, epochUs: 0, someUntimed: false };
  const receiver = new Receiver(tally, identity, undefined, new SequenceTable(1));
  const payload = new Uint8Array(16);
  for (const sender of [1, 1, 2, 2]) {
    writeHeader(payload, 0, 7, sender, 1, 1000, 0);
    receiver.delivered(0, payload, 0, 16, 0, false, 2000, 0);
  }
  const { counters, errors } = tally.take();
  const count = (name: (typeof COUNTERS)[number]) => counters[COUNTERS.indexOf(name)];
  assert.equal(count('deliveriesReceived'), 4);
  assert.equal(count('deliveriesDuplicated'), 1, 'of the sender that is followed');
  assert.deepEqual(Object.values(errors), [2]);
  assert.match(Object.keys(errors)[0]!, /too many pairs of receiver and sender to follow/);
});
