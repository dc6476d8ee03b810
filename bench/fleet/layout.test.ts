import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FleetError } from './fleet-error.js';
import { layOut } from './layout.js';

const limits = { openFiles: 20_000, cores: 2, ephemeralPorts: { first: 32_768, count: 28_232 } };

test('one core is left to the target, and few devices get few threads', () => {
  assert.deepEqual(layOut(10_000, 1, limits), { processes: 1, threadsPerProcess: 1, shards: 1 });
  assert.deepEqual(layOut(10_000, 1, { ...limits, cores: 8 }), {
    processes: 1,
    threadsPerProcess: 7,
    shards: 7,
  });
  assert.equal(layOut(60, 1, { ...limits, cores: 8 }).shards, 2);
});

test('more connections than a process may have files get more processes', () => {
  assert.deepEqual(layOut(28_000, 1, limits), { processes: 2, threadsPerProcess: 1, shards: 2 });
  assert.equal(layOut(1000, 1, { ...limits, openFiles: 256 }).processes, 6);
});

test('no process ever gets more connections than it may have files', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 28_000 }),
      fc.integer({ min: 512, max: 100_000 }),
      fc.integer({ min: 1, max: 64 }),
      (devices, openFiles, cores) => {
        const layout = layOut(devices, 1, { ...limits, openFiles, cores });
        assert.equal(layout.shards, layout.processes * layout.threadsPerProcess);
        const perShard = Math.ceil(devices / layout.shards);
        assert.ok(perShard * layout.threadsPerProcess < openFiles);
      },
    ),
  );
});

test('the process that starts the others has files enough for all of them', () => {
  const small = { ...limits, openFiles: 120 };
  for (let devices = 500; devices <= 5000; devices += 500) {
    try {
      // A channel and a pipe to each, and what a process has of its own.
      const { processes } = layOut(devices, 1, small);
      assert.ok(
        processes * 2 + 50 <= small.openFiles,
        `${devices} devices: ${processes} processes`,
      );
    } catch (error) {
      assert.ok(error instanceof FleetError && error.code === 'LIMIT');
      const enough = Number(/ulimit -n (\d+)/.exec(error.message)?.[1]);
      assert.ok(layOut(devices, 1, { ...small, openFiles: enough }).processes > 0);
      assert.throws(() => layOut(devices, 1, { ...small, openFiles: enough - 1 }), FleetError);
    }
  }
});

test('a plan beyond the limits is refused with the limit, the need and the remedy', () => {
  assert.throws(
    () => layOut(28_000, 1, { ...limits, openFiles: 128 }),
    (error: FleetError) =>
      error instanceof FleetError &&
      error.code === 'LIMIT' &&
      /128 open files/.test(error.message) &&
      /28000 connections/.test(error.message) &&
      /ulimit -n \d+/.test(error.message),
  );
  assert.throws(
    () => layOut(100_000, 1, limits),
    (error: FleetError) => error.code === 'LIMIT' && /28232 local ports/.test(error.message),
  );
  assert.ok(layOut(100_000, 4, limits).processes >= 5);
});
