import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exceptedBy, type Fault, type Round, rounds } from './chaos-plan.js';

const CORES = ['c1', 'c2', 'c3'];

function roundOf(...faults: Fault[]): Round {
  return { faults, holdMs: 3000, moves: [] };
}

describe('the plan of random faults', () => {
  it('is the same for the same seed', () => {
    const first = (seed: number): Round[] => {
      const plan = rounds(seed, CORES, ['r1', 'r2']);
      return Array.from({ length: 50 }, () => plan.next().value);
    };
    assert.deepEqual(first(7), first(7));
    assert.notDeepEqual(first(7), first(8));
  });

  it('lets a node miss messages when it was out of reach for so long that it is taken for gone, however long was planned', () => {
    const round = roundOf({ kind: 'pause', at: 'c3' }, { kind: 'cut', from: 'c1', to: 'r1' });
    assert.deepEqual(exceptedBy(round, 3000, CORES), []);
    assert.deepEqual(exceptedBy(round, 6000, CORES), ['c3', 'c1']);
    assert.deepEqual(exceptedBy(round, 10_000, CORES), ['c3', 'c1', 'r1']);
    const killed = roundOf({ kind: 'kill', at: 'c1' }, { kind: 'pause', at: 'r1' });
    assert.deepEqual(exceptedBy(killed, 500, ['c1']), ['r1'], 'the only core knows nobody');
  });
});
