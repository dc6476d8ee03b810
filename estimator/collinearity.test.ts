import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { identifiable, unitsOf, unitsRange } from './collinearity.js';
import { FEATURES, type Feature, type Load, loadOf } from './load.js';
import { DESIGNED, ONE_TO_ONE, type SyntheticPhase, syntheticRun } from './synthetic-target.js';
import { costWindows } from './windows.js';

function told(phases: readonly SyntheticPhase[]) {
  const windows = costWindows([syntheticRun(phases)]);
  const even = new Float64Array(windows.length).fill(1);
  const { groups, missing, baseKnown } = identifiable(windows, even);
  const names = groups.map(({ features }) => features.join('+'));
  return { groups: names, all: groups, missing, baseKnown };
}

const apart = (loads: readonly Load[]) =>
  identifiable(
    loads.map((load) => ({ load, processes: 1 })),
    new Float64Array(loads.length).fill(1),
  );

const load = (values: Partial<Record<Feature, number>>): Load => loadOf((f) => values[f] ?? 0);

describe('what runs can tell apart', () => {
  it('is everything that was moved on its own', () => {
    const { groups, missing } = told(DESIGNED);
    assert.deepEqual(groups, [
      'connections',
      'connects',
      'publishesQos0',
      'publishesQos1',
      'deliveriesQos0',
      'deliveriesQos1',
    ]);
    assert.equal(missing.get('publishesQos2'), 'never happened');
    assert.equal(missing.get('bytes'), 'moved with the others');
  });

  it('is one cost for publishes and deliveries that went one to one', () => {
    const { groups, all } = told(ONE_TO_ONE);
    assert.deepEqual(groups, [
      'connections',
      'connects',
      'publishesQos0+publishesQos1+deliveriesQos0+deliveriesQos1',
    ]);
    for (const ratio of all[2]!.ratios) assert.ok(Math.abs(ratio - 1) < 0.02);
  });

  it('is not the base of a process when no stretch was idle', () => {
    assert.equal(told(DESIGNED).baseKnown, true);
    assert.equal(told(ONE_TO_ONE).baseKnown, false);
  });

  it('includes bytes once the sizes vary', () => {
    const sizes = [16, 4096, 256].map((payloadBytes, i) => ({
      name: `size${i}`,
      seconds: 10,
      publishes: [5_000 - 1_000 * i, 0, 0] as const,
      payloadBytes,
    }));
    const { groups } = told([
      { name: 'idle', seconds: 8 },
      { name: 'ramp', seconds: 10, connects: 100 },
      { name: 'hold', seconds: 8 },
      ...sizes,
    ]);
    assert.deepEqual(groups, ['connections', 'connects', 'publishesQos0', 'bytes']);
  });

  it('is nothing about what stayed the same or hardly happened', () => {
    const loads = Array.from({ length: 20 }, (_, i) =>
      load({
        connections: 1000 + (i % 2),
        connects: i === 3 ? 5 : 0,
        publishesQos1: 100 * (i % 4),
      }),
    );
    const { groups, missing } = apart(loads);
    assert.deepEqual(
      groups.map(({ features }) => features),
      [['publishesQos1']],
    );
    assert.equal(missing.get('connections'), 'never varied');
    assert.equal(missing.get('connects'), 'too rare');
  });

  it('is one cost for connections and what each of them sends', () => {
    const loads = Array.from({ length: 30 }, (_, i) =>
      load({ connections: 100 * i, publishesQos0: 50 * i }),
    );
    const { groups } = apart(loads);
    assert.deepEqual(groups, [{ features: ['connections', 'publishesQos0'], ratios: [1, 0.5] }]);
  });

  it('loses no feature: each is in one group or missing, whatever the loads', () => {
    const row = fc.array(fc.integer({ min: 0, max: 3 }), {
      minLength: FEATURES.length,
      maxLength: FEATURES.length,
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 25 }), (rows) => {
        const loads = rows.map((values) => loadOf((f) => values[FEATURES.indexOf(f)]!));
        const { groups, missing } = apart(loads);
        const found = [...groups.flatMap(({ features }) => features), ...missing.keys()];
        assert.deepEqual(found.sort(), [...FEATURES].sort());
      }),
      { numRuns: 300 },
    );
  });
});

describe('the units of a merged cost', () => {
  const pair = { features: ['publishesQos1', 'deliveriesQos1'] as const, ratios: [1, 2] };

  it('are certain for a load of the measured shape', () => {
    const same = load({ publishesQos1: 50, deliveriesQos1: 100 });
    assert.equal(unitsOf(pair, same), 50);
    assert.deepEqual(unitsRange(pair, same), { least: 50, most: 50 });
  });

  it('lie between those of the cheapest and the dearest split for another shape', () => {
    const fanOut = load({ publishesQos1: 10, deliveriesQos1: 100 });
    assert.deepEqual(unitsRange(pair, fanOut), { least: 10, most: 50 });
    assert.equal(unitsOf(pair, fanOut), 30);
  });
});
