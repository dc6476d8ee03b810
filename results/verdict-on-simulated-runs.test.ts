import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunRecord } from './run-record.js';
import { type SimulatedRun, simulateRun } from './simulated-run.js';
import { judge } from './verdict.js';

const BASE: SimulatedRun = { seed: 7, seconds: 30, ratePerSec: 400, utilisation: 0.5 };

describe('on runs against a queue whose truth is known, the verdict', () => {
  it('finds nothing in 200 clean ones but in 2 of 100 at most, whatever check it is', () => {
    const alarms = new Map<string, number>();
    let alarmed = 0;
    for (let seed = 1; seed <= 200; seed += 1) {
      const record = simulateRun({
        seed,
        seconds: 10 + ((seed * 7) % 40),
        ratePerSec: 100 + ((seed * 37) % 400),
        utilisation: 0.2 + ((seed * 13) % 60) / 100,
        pausesUs: (random) => Array.from({ length: 5 }, () => 300 + 1_500 * random()),
      });
      const found = judge(record).reasons;
      if (found.length > 0) alarmed += 1;
      for (const { code } of found) alarms.set(code, (alarms.get(code) ?? 0) + 1);
    }
    assert.ok(alarmed <= 4, `${alarmed}: ${JSON.stringify([...alarms])}`);
  });

  it("holds Little's law in every clean one, measured to a hundredth", () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const { littlesLaw } = simulateRun({ ...BASE, seed });
      const { inFlightMean, expectedMean, tolerance, answered } = littlesLaw!.delivery!;
      assert.ok(answered > 10_000);
      assert.ok(
        Math.abs(inFlightMean / expectedMean - 1) < 0.01,
        `${inFlightMean} ${expectedMean}`,
      );
      assert.ok(Math.abs(inFlightMean - expectedMean) <= tolerance);
      // M/M/1: ρ/(1 − ρ) in the queue, and the lag of 0.2 ms before it.
      assert.ok(Math.abs(inFlightMean - (1 + 400 * 0.0002)) < 0.2, `${inFlightMean}`);
    }
  });

  for (const [what, change] of [
    ['one answer in ten not recorded', { recorded: (n: number) => (n % 10 === 0 ? 0 : 1) }],
    ['one answer in ten recorded twice', { recorded: (n: number) => (n % 10 === 0 ? 2 : 1) }],
  ] as const) {
    it(`finds ${what} by Little's law`, () => {
      const reasons = judge(simulateRun({ ...BASE, ...change })).reasons;
      assert.deepEqual(codes(reasons), ['LITTLES_LAW', 'LITTLES_LAW']);
      assert.match(reasons[0]!.text, /were under way on average.*recorded twice/);
    });
  }

  it("finds publishes that are never answered by Little's law, and counts them", () => {
    const record = simulateRun({
      ...BASE,
      answered: (n, second) => second < 20 || n % 5 > 0,
    });
    const { reasons, silent } = judge(record);
    const [law] = reasons.filter(({ code }) => code === 'LITTLES_LAW');
    assert.match(law?.text ?? '', /^publish: .* were never answered.*too good/);
    // Of the deliveries it cannot know: loss is a result.
    assert.equal(reasons.filter(({ code }) => code === 'LITTLES_LAW').length, 1);
    assert.match(silent!.map(({ check }) => check).join(), /Little's law, delivery/);
  });

  it('finds a target that gets slower all the time, and names the phase', () => {
    const { state, reasons } = judge(
      simulateRun({ ...BASE, slower: (second) => 0.6 + second / 40 }),
    );
    assert.equal(state, 'suspect');
    assert.deepEqual(codes(reasons), ['NOT_STEADY']);
    assert.match(
      reasons[0]!.text,
      /phase 'steady' never settled: the (mean response|response p99) rose from .* ms .*Mann-Kendall p/,
    );
  });

  it('finds a target that cannot keep up: its queue grows', () => {
    const { reasons } = judge(simulateRun({ ...BASE, utilisation: 1.2 }));
    assert.ok(codes(reasons).includes('NOT_STEADY'), codes(reasons).join());
  });

  it('names the first seconds that belong to the warm-up, and leaves them in the figures', () => {
    const record = simulateRun({ ...BASE, seed: 2, slower: (second) => (second < 5 ? 1.7 : 1) });
    const { reasons } = judge(record);
    assert.deepEqual(codes(reasons), ['WARM_UP']);
    assert.match(
      reasons[0]!.text,
      /^the first 3 s of phase 'steady' \(from second 2\) still belong to the warm-up: .* against /,
    );
    assert.equal(record.measured.seconds, 30);
  });

  it('makes no claim about a phase of too few seconds, nor about one whose load changes', () => {
    const short = judge(simulateRun({ ...BASE, seconds: 9, slower: (second) => 1 + second }));
    assert.match(says(short.silent, 'steady state'), /9 points of time; a trend needs 10/);
    assert.ok(!codes(short.reasons).includes('NOT_STEADY'));
    const ramping = simulateRun({ ...BASE, slower: (second) => 0.6 + second / 40 });
    ramping.phases[1]!.load = [0.5, 1];
    assert.match(says(judge(ramping).silent, 'steady state'), /meant to change/);
  });

  it('finds garbage collections that make p99, not such that do not', () => {
    const pauses = (us: number, times: number) => ({
      pausesUs: () => new Array<number>(times).fill(us),
    });
    const long = judge(simulateRun({ ...BASE, ...pauses(60_000, 1) }));
    assert.deepEqual(codes(long.reasons), ['GARBAGE_COLLECTION']);
    assert.equal(long.state, 'suspect');
    assert.match(long.reasons[0]!.text, /took 6\.0 % of its time, 60\.\d ms at the longest/);
    const short = judge(simulateRun({ ...BASE, ...pauses(1_000, 60) }));
    assert.deepEqual(codes(short.reasons), []);
  });

  it('finds lag that no lack of room explains, and says its share', () => {
    const record = simulateRun({ ...BASE, ownLagUs: (random) => 12_000 * random() });
    assert.ok(record.generator.ownLagShare! > 0.5, `${record.generator.ownLagShare}`);
    const { reasons } = judge(record);
    assert.ok(codes(reasons).includes('OWN_LAG'), codes(reasons).join());
  });

  it('makes no claim from records that have not what a check needs', () => {
    const record = simulateRun(BASE);
    for (const key of ['clock', 'littlesLaw', 'steadiness'] as const) delete record[key];
    for (const key of ['gc', 'perThread', 'ownLagMeanUs', 'ownLagShare'] as const) {
      delete record.generator[key];
    }
    const { state, silent } = judge(record);
    assert.equal(state, 'valid');
    assert.deepEqual(silent!.map(({ check }) => check).sort(), [
      "Little's law",
      'clock error',
      'garbage collection',
      'generator threads',
      'own lag',
      'steady state',
    ]);
  });
});

function codes(reasons: RunRecord['verdict']['reasons']): string[] {
  return reasons.map(({ code }) => code).sort();
}

function says(silent: RunRecord['verdict']['silent'], check: string): string {
  return silent?.find((one) => one.check.startsWith(check))?.why ?? '';
}
