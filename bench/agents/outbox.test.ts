import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Outbox } from './outbox.js';

const bytes = Buffer.alloc(10);

function drain(outbox: Outbox): number[] {
  const numbers: number[] = [];
  for (let next = outbox.next(); next !== undefined; next = outbox.next()) {
    numbers.push(next.number);
  }
  return numbers;
}

test('a line that breaks loses nothing: what was not heard is sent again', () => {
  const outbox = new Outbox();
  for (let second = 0; second < 4; second++) outbox.add(bytes, second);
  assert.deepEqual(drain(outbox), [1, 2, 3, 4]);
  assert.ok(outbox.allSent);
  outbox.resume(2);
  assert.deepEqual(drain(outbox), [3, 4]);
});

test('a coordinator that begins anew gets all that is not in the record', () => {
  const outbox = new Outbox();
  outbox.add(bytes);
  for (let second = 0; second < 4; second++) outbox.add(bytes, second);
  drain(outbox);
  outbox.safe(3);
  outbox.resume(0);
  assert.deepEqual(drain(outbox), [1, 5]);
});

test('without room the oldest reports go, and never anything else', () => {
  const outbox = new Outbox(35);
  outbox.add(bytes);
  for (let second = 0; second < 4; second++) outbox.add(bytes, second);
  assert.deepEqual(drain(outbox), [1, 4, 5]);
  assert.equal(outbox.dropped, 2);
});

test('whatever breaks and is said to be safe, each report that is not safe gets there', () => {
  const step = fc.oneof(
    fc.constant('add' as const),
    fc.constant('break' as const),
    fc.constant('drain' as const),
    fc.constant('safe' as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const outbox = new Outbox();
      const heard = new Set<number>();
      let second = 0;
      let last = 0;
      const take = (): void => {
        for (const number of drain(outbox)) {
          assert.ok(!heard.has(number), 'sent twice on one line');
          heard.add(number);
          last = number;
        }
      };
      for (const each of steps) {
        if (each === 'add') outbox.add(bytes, second++);
        else if (each === 'drain') take();
        else if (each === 'safe') outbox.safe(last);
        // What was sent after `last` never arrived.
        else outbox.resume(last);
      }
      outbox.resume(last);
      take();
      assert.equal(heard.size, second);
    }),
  );
});
