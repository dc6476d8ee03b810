import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicClock } from '../device/mod.js';
import { GeneratorLoad } from './generator-load.js';

test('a thread that is kept busy reads as busy, with its stall, and one that waits as idle', async () => {
  const nowUs = monotonicClock();
  const load = new GeneratorLoad(nowUs(), 1_000);
  try {
    await sleep(100);
    load.tick(nowUs());
    const idle = load.read();
    assert.ok(idle.loopUtilisation < 0.5, `${idle.loopUtilisation}`);
    for (const until = nowUs() + 200_000; nowUs() < until; );
    load.tick(nowUs());
    const busy = load.read();
    assert.ok(busy.loopUtilisation > 0.9, `${busy.loopUtilisation}`);
    assert.ok(busy.loopDelayMaxUs >= 199_000, `${busy.loopDelayMaxUs}`);
  } finally {
    load.close();
  }
});

test('each collection of garbage is a pause of its own, and is told once', async () => {
  const load = new GeneratorLoad(0, 1_000);
  try {
    const pausesUs: number[] = [];
    for (let round = 0; round < 200 && pausesUs.length < 3; round += 1) {
      const garbage = Array.from({ length: 100_000 }, (_, at) => ({ at }));
      assert.equal(garbage.length, 100_000);
      // Pauses are told in a turn of the loop after theirs.
      await sleep(1);
      pausesUs.push(...load.read().gcPausesUs);
    }
    assert.ok(pausesUs.length >= 3);
    assert.ok(pausesUs.every((us) => us > 0 && us < 5_000_000));
  } finally {
    load.close();
  }
});
