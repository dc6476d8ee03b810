import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TimingWheel } from './timing-wheel.js';

test('every timer fires exactly once, never early, and at the first advance after it is due', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 60 }),
      fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 40 }),
      (dueTimes, steps) => {
        const startUs = 5_000_123;
        const wheel = new TimingWheel(dueTimes.length, startUs, 32);
        const firedAt = new Array<number>(dueTimes.length).fill(-1);
        let nowUs = startUs;
        for (const [timer, due] of dueTimes.entries()) wheel.add(timer, startUs + due);
        const previous: number[] = [];
        for (const step of [...steps, 300_000]) {
          previous.push(nowUs);
          nowUs += step;
          wheel.advance(nowUs, {
            due(timer, dueUs) {
              assert.equal(firedAt[timer], -1);
              assert.equal(dueUs, startUs + dueTimes[timer]!);
              assert.ok(dueUs <= nowUs, 'early');
              assert.ok(dueUs > previous.at(-1)! || previous.length === 1, 'missed an advance');
              firedAt[timer] = nowUs;
            },
          });
        }
        assert.ok(firedAt.every((at) => at !== -1));
        assert.equal(wheel.size, 0);
      },
    ),
  );
});

test('a timer set again from its own firing keeps its period', () => {
  const wheel = new TimingWheel(1, 0);
  const fired: number[] = [];
  const sink = {
    due(timer: number, dueUs: number) {
      fired.push(dueUs);
      wheel.add(timer, dueUs + 700);
    },
  };
  wheel.add(0, 500);
  for (let nowUs = 0; nowUs <= 10_000; nowUs += 250) wheel.advance(nowUs, sink);
  assert.deepEqual(fired.slice(0, 4), [500, 1200, 1900, 2600]);
  assert.equal(fired.length, 14);
});

test('a timer at Infinity is never kept', () => {
  const wheel = new TimingWheel(1, 0);
  wheel.add(0, Number.POSITIVE_INFINITY);
  assert.equal(wheel.size, 0);
});

test('a timer set again while firing fires at the next advance, however long the stall was', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1 }), (steps) => {
      const wheel = new TimingWheel(1, 0, 16);
      let fired = 0;
      const sink = {
        due(timer: number, dueUs: number) {
          fired++;
          wheel.add(timer, dueUs + 1);
        },
      };
      wheel.add(0, 1);
      let nowUs = 0;
      for (const step of steps) {
        nowUs += step;
        wheel.advance(nowUs, sink);
      }
      // Once in the tick it was due, and at most once more in the last tick of the same advance.
      assert.ok(fired >= steps.length && fired <= steps.length * 2, `${fired} of ${steps.length}`);
    }),
  );
});

test('a timer that is removed does not fire, the others do, whatever fires meanwhile', () => {
  const timer = fc.record({ dueUs: fc.nat(20_000), removes: fc.option(fc.nat(9)) });
  fc.assert(
    fc.property(fc.array(timer, { minLength: 10, maxLength: 10 }), fc.nat(9), (timers, first) => {
      const wheel = new TimingWheel(timers.length, 0, 4);
      const expected = new Set(timers.keys());
      for (const [index, { dueUs }] of timers.entries()) wheel.add(index, dueUs);
      const remove = (index: number) => {
        wheel.remove(index);
        assert.equal(wheel.isSet(index), false);
        expected.delete(index);
      };
      remove(first);
      assert.equal(wheel.size, expected.size);
      for (let nowUs = 0; nowUs <= 21_000; nowUs += 7000) {
        wheel.advance(nowUs, {
          due(index) {
            assert.ok(expected.delete(index), 'fired twice, or after its removal');
            const { removes } = timers[index]!;
            if (removes !== null) remove(removes);
          },
        });
      }
      assert.equal(expected.size, 0);
      assert.equal(wheel.size, 0);
    }),
  );
});

test('timers far beyond the near wheel, and the far one, fire once and at their time, whatever the stalls', () => {
  // 4 slots of 1 ms near, 32,768 of 1 ms far: some of these times lie several turns of the far wheel ahead.
  const dueUs = fc.oneof(fc.nat(20_000), fc.nat(1_000_000), fc.nat(200_000_000));
  const step = fc.oneof(fc.nat(3000), fc.nat(500_000), fc.nat(90_000_000));
  fc.assert(
    fc.property(
      fc.array(dueUs, { minLength: 1, maxLength: 30 }),
      fc.array(step, { maxLength: 6 }),
      fc.nat(29),
      (dueTimes, steps, pick) => {
        const removed = pick % dueTimes.length;
        const startUs = 777_000;
        const wheel = new TimingWheel(dueTimes.length, startUs, 4);
        const waiting = new Map(dueTimes.map((due, timer) => [timer, startUs + due]));
        for (const [timer, due] of waiting) wheel.add(timer, due);
        wheel.remove(removed);
        waiting.delete(removed);
        let nowUs = startUs;
        for (const next of [...steps, 200_000_000]) {
          nowUs += next;
          wheel.advance(nowUs, {
            due(timer, due) {
              assert.equal(waiting.get(timer), due);
              assert.ok(due <= nowUs, 'early');
              waiting.delete(timer);
            },
          });
          for (const due of waiting.values()) assert.ok(due > nowUs, 'missed');
          assert.equal(wheel.size, waiting.size);
        }
      },
    ),
    { numRuns: 60 },
  );
});
