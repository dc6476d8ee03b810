import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { monotonicClock } from './clock.js';

test('two threads read the same clock', async () => {
  const nowUs = monotonicClock();
  // hrtime is one clock for all threads; the worker reads ours between two readings of it.
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     import(workerData).then(({ monotonicClock }) => {
       const nowUs = monotonicClock();
       const before = Number(process.hrtime.bigint()) / 1000;
       const reading = nowUs();
       const after = Number(process.hrtime.bigint()) / 1000;
       parentPort.postMessage({ before, reading, after });
     });`,
    { eval: true, workerData: new URL('./clock.js', import.meta.url).href },
  );
  const beforeUs = nowUs();
  const { before, reading, after } = await new Promise<{
    before: number;
    reading: number;
    after: number;
  }>((resolve, reject) => worker.once('message', resolve).once('error', reject));
  const afterUs = nowUs();
  // 5 µs: the error of the two calibrations, each below the gap of two readings.
  assert.ok(reading >= before - 5 && reading <= after + 5, `${before} ≤ ${reading} ≤ ${after}`);
  assert.ok(reading >= beforeUs - 5 && reading <= afterUs + 5);
});
