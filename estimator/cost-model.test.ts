import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cpuPerSec, fitCpu } from './cost-model.js';
import { EstimateError } from './estimate-error.js';
import type { Feature } from './load.js';
import { fitMemory } from './memory-model.js';
import {
  DESIGNED,
  ONE_TO_ONE,
  type SyntheticOptions,
  syntheticRun,
  TRUE_COSTS,
} from './synthetic-target.js';
import { costWindows } from './windows.js';

const TRUTH: Readonly<Partial<Record<Feature, number>>> = {
  connections: TRUE_COSTS.connection,
  connects: TRUE_COSTS.connect,
  publishesQos0: TRUE_COSTS.publish[0],
  publishesQos1: TRUE_COSTS.publish[1],
  deliveriesQos0: TRUE_COSTS.delivery[0],
  deliveriesQos1: TRUE_COSTS.delivery[1],
};

const windowsOf = (options: SyntheticOptions = {}) =>
  costWindows([syntheticRun(DESIGNED, options)]);

/** Over 200 data sets, how often each true cost lay inside its interval. */
function coverage(options: SyntheticOptions): Map<string, number> {
  const inside = new Map<string, number>();
  const count = (name: string, cost: { low: number; high: number }, truth: number) =>
    inside.set(name, (inside.get(name) ?? 0) + (cost.low <= truth && truth <= cost.high ? 1 : 0));
  const sets = 200;
  for (let seed = 1; seed <= sets; seed++) {
    const run = syntheticRun(DESIGNED, { ...options, seed });
    const cpu = fitCpu(costWindows([run]), { draws: 400, seed });
    count('base', cpu.base, TRUE_COSTS.base);
    for (const cost of cpu.costs) {
      assert.equal(cost.group.features.length, 1);
      const [feature] = cost.group.features;
      count(feature!, cost, TRUTH[feature!]!);
    }
    const memory = fitMemory([run], { draws: 400, seed });
    count('memory base', memory.base, TRUE_COSTS.baseBytes);
    count('memory per connection', memory.perConnection, TRUE_COSTS.connectionBytes);
  }
  return new Map([...inside].map(([name, hits]) => [name, hits / sets]));
}

describe('fitted costs', () => {
  it('are the true ones when nothing is noisy', () => {
    const costs = { ...TRUE_COSTS, byte: 0 };
    const exact = syntheticRun(DESIGNED, { noise: 0, costs });
    const quiet = exact.samples.map((sample) => ({
      ...sample,
      cpuSec:
        costs.base +
        costs.connection * sample.connected +
        costs.connect * sample.connects +
        costs.publish[0] * sample.publishesQos0 +
        costs.publish[1] * sample.publishesQos1 +
        costs.delivery[0] * sample.deliveriesQos0 +
        costs.delivery[1] * sample.deliveriesQos1,
    }));
    const cpu = fitCpu(costWindows([{ ...exact, samples: quiet }]));
    assert.ok(Math.abs(cpu.base.value / costs.base - 1) < 1e-6);
    for (const { group, value } of cpu.costs) {
      assert.ok(Math.abs(value / TRUTH[group.features[0]!]! - 1) < 1e-6, group.features[0]);
    }
    assert.ok(cpu.fit.r2 > 0.999999);
  });

  it('have the truth in their 95 % intervals between 88 and 99 times in a hundred', () => {
    const shares = coverage({ noise: 0.03 });
    assert.equal(shares.size, 9);
    for (const [name, share] of shares) {
      assert.ok(share >= 0.88 && share <= 0.99, `${name}: ${share}`);
    }
  });

  it('keep that coverage with noise that lasts and a probe that reads late', () => {
    const shares = [...coverage({ noise: 0.05, correlation: 0.5, probeLateSec: 0.05 }).values()];
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    assert.ok(mean >= 0.88 && mean <= 0.99, `mean ${mean}`);
    assert.ok(Math.min(...shares) >= 0.85, `least ${Math.min(...shares)}`);
  });

  it('of what only moves together are one cost, near the sum of the true ones', () => {
    const cpu = fitCpu(costWindows([syntheticRun(ONE_TO_ONE)]));
    const merged = cpu.costs.find(({ group }) => group.features.length > 1)!;
    assert.deepEqual(merged.group.features, [
      'publishesQos0',
      'publishesQos1',
      'deliveriesQos0',
      'deliveriesQos1',
    ]);
    const truth =
      TRUE_COSTS.publish[0] +
      TRUE_COSTS.publish[1] +
      TRUE_COSTS.delivery[0] +
      TRUE_COSTS.delivery[1];
    assert.ok(Math.abs(merged.value / truth - 1) < 0.05, `${merged.value} against ${truth}`);
  });

  it('include the byte when sizes vary', () => {
    const costs = { ...TRUE_COSTS, byte: 2e-9 };
    const sizes = [16, 8_192, 1_024].map((payloadBytes, i) => ({
      name: `size${i}`,
      seconds: 16,
      publishes: [6_000 - 1_500 * i, 0, 0] as const,
      payloadBytes,
    }));
    const phases = [
      { name: 'idle', seconds: 10 },
      { name: 'ramp', seconds: 20, connects: 300 },
      ...sizes,
      { name: 'hold', seconds: 10 },
    ];
    const cpu = fitCpu(costWindows([syntheticRun(phases, { costs, noise: 0.02 })]));
    const byte = cpu.costs.find(({ group }) => group.features[0] === 'bytes')!;
    assert.ok(byte.low <= costs.byte && costs.byte <= byte.high, `${byte.low} ${byte.high}`);
  });

  it('predict a load', () => {
    const cpu = fitCpu(windowsOf());
    const window = windowsOf({ seed: 7 }).at(-1)!;
    const predicted = cpuPerSec(cpu, window.load, 1);
    assert.ok(Math.abs(predicted / window.cpuPerSec - 1) < 0.15);
  });

  it('are the same for the same seed and differ for another', () => {
    const windows = windowsOf();
    const [one, again, other] = [1, 1, 2].map((seed) => fitCpu(windows, { draws: 50, seed }).base);
    assert.deepEqual(one, again);
    assert.notDeepEqual(one, other);
  });

  it('are refused when there are hardly more windows than costs', () => {
    const short = syntheticRun([{ name: 'ramp', seconds: 6, connects: 10 }]);
    assert.throws(
      () => fitCpu(costWindows([short])),
      (error) => error instanceof EstimateError && error.code === 'TOO_FEW_SAMPLES',
    );
  });
});

describe('memory', () => {
  it('is a line through the growth; the teardown, where memory stays, is left out', () => {
    const run = syntheticRun(DESIGNED);
    const last = run.samples.at(-1)!;
    const teardown = Array.from({ length: 10 }, (_, i) => ({
      ...last,
      second: last.second + 1 + i,
      phase: 'teardown',
      connected: last.connected * (0.9 - 0.09 * i),
      connectedAtEnd: last.connected * (0.86 - 0.09 * i),
    }));
    const whole = fitMemory([run]);
    const torn = fitMemory([{ ...run, samples: [...run.samples, ...teardown] }]);
    assert.ok(Math.abs(torn.perConnection.value / whole.perConnection.value - 1) < 0.01);
  });

  it('counts the highest reading above the line for every process', () => {
    const run = syntheticRun(DESIGNED);
    const peak = run.samples.map((sample, i) => ({
      ...sample,
      rssBytes: sample.rssBytes + (i === 60 || i === 61 ? 50e6 : 0),
    }));
    const { workingBytes } = fitMemory([{ ...run, samples: peak }]);
    assert.ok(workingBytes > 20e6, `${workingBytes}`);
  });

  it('is not bent where a collector gives memory back in the middle of the growth', () => {
    const run = syntheticRun(DESIGNED);
    const collected = run.samples.map((sample, i) => ({
      ...sample,
      rssBytes: sample.rssBytes + (i < 20 ? 30e6 : 0),
    }));
    const memory = fitMemory([{ ...run, samples: collected }]);
    const { low, high, value } = memory.perConnection;
    assert.ok(Math.abs(value / TRUE_COSTS.connectionBytes - 1) < 0.05, `${value}`);
    assert.ok(low <= TRUE_COSTS.connectionBytes && TRUE_COSTS.connectionBytes <= high);
    // What a process needs at most does not depend on which level is called its base.
    const peak = memory.base.value + memory.workingBytes;
    assert.ok(Math.abs(peak / (TRUE_COSTS.baseBytes + 30e6) - 1) < 0.05, `${peak}`);
  });

  it('is refused when it did not grow: the broker still had that of earlier connections', () => {
    const run = syntheticRun(DESIGNED);
    const warm = run.samples.map((sample, i) => ({ ...sample, rssBytes: 150e6 + (i % 3) * 1e6 }));
    assert.throws(
      () => fitMemory([{ ...run, samples: warm }]),
      (error) =>
        error instanceof EstimateError &&
        error.code === 'NOT_MEASURED' &&
        /start the broker anew/.test(error.message),
    );
  });

  it('is refused when the connections were there from the start', () => {
    const steady = syntheticRun(DESIGNED).samples.filter(({ connected }) => connected > 9_000);
    const run = { ...syntheticRun(DESIGNED), samples: steady };
    assert.throws(
      () => fitMemory([run]),
      (error) => error instanceof EstimateError && error.code === 'NOT_MEASURED',
    );
  });
});
