import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Autoclean } from './autoclean.js';

describe('autoclean', () => {
  it('names who has been down for the whole time, and not who was back in between', () => {
    const autoclean = new Autoclean(1000);
    assert.deepEqual(autoclean.overdue(['a', 'b'], 0), []);
    assert.deepEqual(autoclean.overdue(['a'], 500), []);
    assert.deepEqual(autoclean.overdue(['a', 'b'], 900), []);
    assert.deepEqual(autoclean.overdue(['a', 'b'], 1000), ['a']);
    assert.deepEqual(autoclean.overdue(['b'], 1900), ['b']);
  });

  it('names nobody when it is never', () => {
    const autoclean = new Autoclean(Number.POSITIVE_INFINITY);
    assert.deepEqual(autoclean.overdue(['a'], 0), []);
    assert.deepEqual(autoclean.overdue(['a'], 1e12), []);
  });
});
