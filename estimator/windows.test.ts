import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { syntheticRun } from './synthetic-target.js';
import { type CostSample, type CostSeries, costWindows } from './windows.js';

const QUIET = [
  { name: 'ramp', seconds: 5, connects: 100 },
  { name: 'steady', seconds: 6, publishes: [1000, 0, 0] as const },
];

function seriesOf(samples: readonly CostSample[]): CostSeries {
  return { ...syntheticRun(QUIET), samples };
}

describe('cost windows', () => {
  it('never end at a phase edge: the edge lies inside a window', () => {
    const windows = costWindows([syntheticRun(QUIET)], 2);
    assert.deepEqual(
      windows.map(({ phases, lengthSec }) => [phases.join('+'), lengthSec]),
      [
        ['ramp', 2],
        ['ramp', 2],
        ['ramp+steady', 2],
        ['steady', 2],
        ['steady', 2],
      ],
    );
  });

  it('keep the edge whole when it falls on the end of a window', () => {
    const windows = costWindows([syntheticRun(QUIET)], 1);
    assert.deepEqual(
      windows.map(({ lengthSec }) => lengthSec),
      [1, 1, 1, 1, 2, 1, 1, 1, 1, 1],
    );
    assert.deepEqual(windows[4]!.phases, ['ramp', 'steady']);
  });

  it('lose no CPU and no message to the grouping', () => {
    const run = syntheticRun(QUIET, { probeLateSec: 0.2 });
    const windows = costWindows([run], 1);
    const cpu = windows.reduce((sum, w) => sum + w.cpuPerSec * w.lengthSec, 0);
    const publishes = windows.reduce((sum, w) => sum + w.load.publishesQos0 * w.lengthSec, 0);
    const sum = (of: (sample: CostSample) => number) =>
      run.samples.reduce((total, sample) => total + of(sample), 0);
    assert.ok(Math.abs(cpu - sum((sample) => sample.cpuSec)) < 1e-12);
    assert.equal(
      publishes,
      sum((sample) => sample.publishesQos0),
    );
  });

  it('end at a gap and do not reach over it', () => {
    const samples = syntheticRun(QUIET).samples.filter(({ second }) => second !== 7);
    const windows = costWindows([seriesOf(samples)], 2);
    assert.deepEqual(
      windows.map(({ phases, lengthSec }) => [phases.join('+'), lengthSec]),
      [
        ['ramp', 2],
        ['ramp', 2],
        ['ramp+steady', 2],
        ['steady', 2],
      ],
    );
  });

  it('take two seconds by default, one when the runs are short', () => {
    const short = costWindows([syntheticRun(QUIET)]);
    assert.equal(short[0]!.lengthSec, 1);
    const long = costWindows([syntheticRun([{ name: 'ramp', seconds: 60, connects: 10 }])]);
    assert.ok(long.every(({ lengthSec }) => lengthSec === 2));
  });

  it('give rates per second and the mean of what is a level', () => {
    const [sample] = syntheticRun(QUIET).samples;
    const pair = [
      {
        ...sample!,
        second: 0,
        connected: 10,
        connects: 3,
        bytesIn: 40,
        bytesOut: 2,
        rssBytes: 100,
      },
      {
        ...sample!,
        second: 1,
        connected: 20,
        connects: 5,
        bytesIn: 60,
        bytesOut: 4,
        rssBytes: 300,
      },
    ];
    const [window] = costWindows([seriesOf(pair)], 2);
    assert.equal(window!.load.connections, 15);
    assert.equal(window!.load.connects, 4);
    assert.equal(window!.load.bytes, 53);
    assert.equal(window!.rssBytes, 200);
  });
});
