import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer } from '../capacity/mod.js';
import { capacityClaims, checked } from './claims.js';

const tally = (load: number) => ({ load, holds: 0, breaks: 0, starved: 0 });

function answer(holds: number, breaks: number): Answer {
  return {
    kind: 'interval',
    holds: tally(holds),
    breaks: tally(breaks),
    low: holds,
    high: breaks,
    confidence: 0.95,
    limit: null,
    complete: true,
  };
}

describe('a claim', () => {
  it('of a capacity fails when the search is beside it', () => {
    const outcomes = (found: Answer | null) => capacityClaims(found, 1000).map(({ ok }) => ok);
    assert.deepEqual(outcomes(answer(1.98, 2.07)), [true, true]);
    assert.deepEqual(outcomes(answer(2.05, 2.14)), [true, false]);
    assert.deepEqual(outcomes(answer(1.7, 1.8)), [false, false]);
    assert.deepEqual(outcomes(null), [false, false]);
  });

  it('that fails says nothing of the tool when something stood still, and one that holds does', () => {
    const claim = { claim: 'c', known: '1', measured: '2', allowed: '–' };
    assert.equal(checked({ ...claim, ok: false }, null).outcome, 'fail');
    assert.equal(checked({ ...claim, ok: false }, 'the generator stood still').outcome, 'busy');
    assert.equal(checked({ ...claim, ok: true }, 'the generator stood still').outcome, 'ok');
  });
});
