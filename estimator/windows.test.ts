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

/** Where each window lies, as `phase first-last`; the seconds are told by a bit each. */
function placed(samples: readonly CostSample[], windowSec: number): string[] {
  const seconds = samples.map((sample) => ({ ...sample, connects: 2 ** sample.second }));
  return costWindows([seriesOf(seconds)], windowSec).map(({ phase, load, lengthSec }) => {
    const bits = Math.round(load.connects * lengthSec).toString(2);
    const last = bits.length - 1;
    return `${phase} ${last - bits.lastIndexOf('1')}-${last}`;
  });
}

describe('cost windows', () => {
  it('leave out the first second of every phase', () => {
    assert.deepEqual(placed(syntheticRun(QUIET).samples, 1), [
      'ramp 1-1',
      'ramp 2-2',
      'ramp 3-3',
      'ramp 4-4',
      'steady 6-6',
      'steady 7-7',
      'steady 8-8',
      'steady 9-9',
      'steady 10-10',
    ]);
  });

  it('lie within one phase; what is left over makes them longer', () => {
    assert.deepEqual(placed(syntheticRun(QUIET).samples, 2), [
      'ramp 1-2',
      'ramp 3-4',
      'steady 6-8',
      'steady 9-10',
    ]);
    assert.deepEqual(placed(syntheticRun(QUIET).samples, 30), ['ramp 1-4', 'steady 6-10']);
  });

  it('do not reach over a gap', () => {
    const samples = syntheticRun([{ name: 'steady', seconds: 10 }]).samples;
    const holed = samples.filter(({ second }) => second !== 4);
    assert.deepEqual(placed(holed, 2), ['steady 1-3', 'steady 5-7', 'steady 8-9']);
  });

  it('end where connections are taken down', () => {
    const { samples } = syntheticRun(QUIET);
    const down = samples.map((sample) => ({
      ...sample,
      connected: sample.second >= 8 ? 100 : sample.connected,
    }));
    assert.deepEqual(placed(down, 1).at(-1), 'steady 7-7');
  });

  it('take two seconds by default, one when the runs are short', () => {
    const short = costWindows([syntheticRun(QUIET)]);
    assert.ok(short.every(({ lengthSec }) => lengthSec === 1));
    const long = costWindows([syntheticRun([{ name: 'ramp', seconds: 61, connects: 10 }])]);
    assert.ok(long.every(({ lengthSec }) => lengthSec === 2));
  });

  it('give rates per second and the mean of what is a level', () => {
    const [sample] = syntheticRun(QUIET).samples;
    const at = (second: number, facts: Partial<CostSample>) => ({ ...sample!, second, ...facts });
    const run = seriesOf([
      at(0, { connected: 10 }),
      at(1, { connected: 10, connects: 3, bytesIn: 40, bytesOut: 2, cpuSec: 0.25 }),
      at(2, { connected: 20, connects: 5, bytesIn: 60, bytesOut: 4, cpuSec: 0.75 }),
    ]);
    const [window] = costWindows([run], 2);
    assert.equal(window!.load.connections, 15);
    assert.equal(window!.load.connects, 4);
    assert.equal(window!.load.bytes, 53);
    assert.equal(window!.cpuPerSec, 0.5);
  });
});
