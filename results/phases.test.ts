import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type PhaseSpan, placeSecond } from './phases.js';

const phase = (
  name: string,
  kind: string,
  startSec: number,
  endSec: number | null,
  measured: boolean,
): PhaseSpan => ({
  name,
  kind,
  startUs: startSec * 1e6,
  endUs: endSec === null ? null : endSec * 1e6,
  measured,
});

const PHASES = [
  phase('ramp', 'ramp', 0, 2.5, false),
  phase('warm', 'steady', 2.5, 5, false),
  phase('steady', 'steady', 5, 8.25, true),
  phase('drain', 'drain', 8.25, 10.5, false),
];

describe('the place of a second', () => {
  it('is the phase it starts in', () => {
    const names = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((second) => placeSecond(PHASES, second).phase);
    assert.deepEqual(names, [
      'ramp',
      'ramp',
      'ramp',
      'warm',
      'warm',
      'steady',
      'steady',
      'steady',
      'steady',
      'drain',
    ]);
  });

  it('is measured only when the whole second is', () => {
    const measured = [4, 5, 6, 7, 8, 9].filter((second) => placeSecond(PHASES, second).measured);
    assert.deepEqual(measured, [5, 6, 7]);
  });

  it('is a tail where answers to a measured phase still arrive', () => {
    const tails = [4, 5, 7, 8, 9, 10].filter((second) => placeSecond(PHASES, second).tail);
    assert.deepEqual(tails, [8, 9, 10]);
  });

  it('is no tail in a drain that follows something unmeasured', () => {
    const phases = [phase('warm', 'steady', 0, 2, false), phase('drain', 'drain', 2, 4, false)];
    assert.equal(placeSecond(phases, 2).tail, false);
  });

  it('is measured while the phase has no end yet', () => {
    assert.equal(placeSecond([phase('steady', 'steady', 0, null, true)], 5).measured, true);
  });

  it('counts a short last second as whole', () => {
    const phases = [phase('steady', 'steady', 0, 3.5, true)];
    assert.equal(placeSecond(phases, 3, 0.5).measured, true);
    assert.equal(placeSecond(phases, 3, 1).measured, false);
  });

  it('is nowhere outside all phases', () => {
    assert.deepEqual(placeSecond(PHASES, 20), { phase: '', measured: false, tail: false });
  });
});
