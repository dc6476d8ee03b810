import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HostClockCheck } from './host-clock.js';

/** A shard whose clock is ahead by so much, asked over a way of 40 µs there and 60 µs back. */
function ask(check: HostClockCheck, shard: number, aheadUs: number): void {
  for (let round = 0; round < 3; round += 1) {
    const askedUs = round * 1_000;
    check.answered(shard, { askedUs, theirsUs: askedUs + 40 + aheadUs, answeredUs: askedUs + 100 });
  }
}

test('processes of one host share a clock: its error is that of its readers, and the exchange agrees', () => {
  const check = new HostClockCheck(0.1);
  check.shardUp(0.2);
  check.shardUp(0.05);
  ask(check, 0, 0);
  assert.equal(check.hasHeard(2, 3), false);
  ask(check, 1, 0);
  assert.equal(check.hasHeard(2, 3), true);
  assert.equal(check.hasHeard(2, 4), false);
  const clock = check.clock('bench-1', 2);
  assert.deepEqual([clock.how, clock.offsetUs, clock.shards], ['shared', 0, 2]);
  assert.ok(clock.uncertaintyUs >= 0.3 && clock.uncertaintyUs <= 0.4, `${clock.uncertaintyUs}`);
  assert.deepEqual(clock.check, { offsetUs: -10, uncertaintyUs: 50 });
});

test('a shard whose clock is not the common one is the one that is recorded', () => {
  const check = new HostClockCheck(0.1);
  ask(check, 0, 0);
  ask(check, 1, 700);
  ask(check, 2, 0);
  assert.deepEqual(check.clock('bench-1', 3).check, { offsetUs: 690, uncertaintyUs: 50 });
});
