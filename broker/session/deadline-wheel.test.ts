import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Deadline, DeadlineWheel } from './deadline-wheel.js';

const TICK_MS = 250;

class Alarm extends Deadline {
  readonly rings: number[] = [];
  /** What the next wakes answer. */
  readonly answers: number[] = [];

  override wake(nowMs: number): number {
    this.rings.push(nowMs);
    return this.answers.shift() ?? 0;
  }
}

describe('deadline wheel', () => {
  it('wakes each deadline once, never early and at most one tick late', () => {
    const start = 12_345;
    const step = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), who: fc.nat(4), ms: fc.nat(700_000) }),
      fc.record({ kind: fc.constant('remove' as const), who: fc.nat(4), ms: fc.constant(0) }),
      fc.record({ kind: fc.constant('pass' as const), who: fc.constant(0), ms: fc.nat(400_000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let nowMs = start;
        const wheel = new DeadlineWheel(TICK_MS, nowMs);
        const alarms = Array.from({ length: 5 }, () => new Alarm());
        const due: (number | undefined)[] = alarms.map(() => undefined);
        for (const { kind, who, ms } of steps) {
          const alarm = alarms[who]!;
          if (kind === 'set') {
            wheel.set(alarm, nowMs + ms);
            due[who] = nowMs + ms;
          } else if (kind === 'remove') {
            wheel.remove(alarm);
            due[who] = undefined;
          } else {
            for (const untilMs = nowMs + ms; nowMs < untilMs; ) {
              nowMs = Math.min(untilMs, nowMs + 100);
              wheel.advance(nowMs);
              alarms.forEach(({ rings }, index) => {
                const dueMs = due[index];
                if (rings.length > 0) {
                  assert.equal(rings.length, 1);
                  assert.ok(dueMs !== undefined && rings[0]! >= dueMs, 'not early');
                  assert.ok(rings[0]! < dueMs + 2 * TICK_MS + 100, 'not late');
                  rings.length = 0;
                  due[index] = undefined;
                } else if (dueMs !== undefined) assert.ok(nowMs < dueMs + 2 * TICK_MS + 100);
              });
            }
          }
        }
        assert.equal(wheel.size, due.filter((ms) => ms !== undefined).length);
      }),
      { numRuns: 200 },
    );
  });

  it('puts a deadline back on for the time it answers', () => {
    const wheel = new DeadlineWheel(TICK_MS, 0);
    const alarm = new Alarm();
    alarm.answers.push(2000, 3000);
    wheel.set(alarm, 1000);
    for (let nowMs = 0; nowMs <= 10_000; nowMs += 250) wheel.advance(nowMs);
    assert.deepEqual(alarm.rings, [1000, 2000, 3000]);
    assert.equal(wheel.size, 0);
  });

  it('misses nobody when the node was held up for longer than a turn of the wheel', () => {
    const wheel = new DeadlineWheel(TICK_MS, 0);
    const alarms = Array.from({ length: 2000 }, () => new Alarm());
    alarms.forEach((alarm, index) => {
      wheel.set(alarm, 300 * index);
    });
    wheel.advance(10 * 3_600_000);
    assert.ok(alarms.every(({ rings }) => rings.length === 1));
  });

  it('lets one deadline take another of the same moment off', () => {
    const wheel = new DeadlineWheel(TICK_MS, 0);
    const second = new Alarm();
    const first = new (class extends Alarm {
      override wake(nowMs: number): number {
        wheel.remove(second);
        return super.wake(nowMs);
      }
    })();
    wheel.set(second, 1000);
    wheel.set(first, 1000);
    wheel.advance(5000);
    assert.deepEqual([first.rings.length, second.rings.length], [1, 0]);
  });
});
