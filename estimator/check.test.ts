import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkRun, holdOutPhases } from './check.js';
import { fitCpu } from './cost-model.js';
import { fitMemory } from './memory-model.js';
import { DESIGNED, ONE_TO_ONE, syntheticRun, TRUE_COSTS } from './synthetic-target.js';
import { costWindows } from './windows.js';

const windows = costWindows([syntheticRun(DESIGNED)]);
const cpu = fitCpu(windows, { draws: 10 });
const memory = fitMemory([syntheticRun(DESIGNED)], { draws: 10 });

describe('a check run', () => {
  it('of the same broker is predicted, phase by phase', () => {
    const check = checkRun(cpu, memory, syntheticRun(ONE_TO_ONE, { seed: 5, runId: 'other' }));
    assert.equal(check.runId, 'other');
    assert.ok(Math.abs(check.cpu.relativeError) < 0.05);
    assert.ok(Math.abs(check.memory.relativeError) < 0.05);
    assert.deepEqual(
      check.phases.map(({ phase }) => phase),
      ['ramp', 'warm', 'steady', 'drain'],
    );
    // The drain is a window or two of nothing but noise.
    for (const { phase, relativeError } of check.phases) {
      assert.ok(phase === 'drain' || Math.abs(relativeError) < 0.1, `${phase}: ${relativeError}`);
    }
    assert.deepEqual(check.unknown, []);
  });

  it('of a broker twice as dear shows the error with its sign', () => {
    const [p0, p1, p2] = TRUE_COSTS.publish;
    const [d0, d1, d2] = TRUE_COSTS.delivery;
    const costs = {
      ...TRUE_COSTS,
      connect: 2 * TRUE_COSTS.connect,
      publish: [2 * p0, 2 * p1, 2 * p2] as const,
      delivery: [2 * d0, 2 * d1, 2 * d2] as const,
      connectionBytes: 2 * TRUE_COSTS.connectionBytes,
    };
    const check = checkRun(cpu, memory, syntheticRun(ONE_TO_ONE, { costs }));
    assert.ok(check.cpu.relativeError < -0.4 && check.cpu.relativeError > -0.5);
    assert.ok(check.memory.relativeError < -0.3);
  });

  it('names what it did that the fitted runs did not', () => {
    const phases = [
      ...ONE_TO_ONE,
      { name: 'exactly', seconds: 5, publishes: [0, 0, 500] as const },
    ];
    assert.deepEqual(checkRun(cpu, memory, syntheticRun(phases)).unknown, ['publishesQos2']);
  });
});

describe('phases left out of the fit', () => {
  it('are predicted from the others where those tell the same costs apart', () => {
    const checks = holdOutPhases(windows, cpu);
    assert.deepEqual(
      checks.map(({ phase }) => phase),
      ['pairs0', 'publish1', 'fan1', 'mix'],
    );
    for (const { relativeError } of checks) assert.ok(Math.abs(relativeError) < 0.15);
  });
});
