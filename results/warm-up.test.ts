import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { warmUpLength } from './warm-up.js';

describe('the length of a warm-up', () => {
  it('is that of the first values that stand off', () => {
    const rest = Array.from({ length: 27 }, (_, at) => 100 + ((at * 7) % 5));
    assert.equal(warmUpLength([400, 250, 150, ...rest], 10, 4), 3);
    assert.equal(warmUpLength([20, 60, 80, ...rest], 10, 4), 3);
  });

  it('is zero where the first values are like the others', () => {
    const values = Array.from({ length: 30 }, (_, at) => 100 + ((at * 7) % 5));
    assert.equal(warmUpLength(values, 10, 4), 0);
    assert.equal(warmUpLength(new Array(30).fill(5), 1, 4), 0);
  });

  it('is zero where they stand off by less than is worth a word', () => {
    assert.equal(warmUpLength([104, 104, ...new Array(28).fill(100)], 5, 4), 0);
    assert.equal(warmUpLength([106, 106, ...new Array(28).fill(100)], 5, 4), 2);
  });

  it('is never more than half of them', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 10 }), (values) => {
        assert.ok(warmUpLength(values, 0, 0) <= values.length / 2);
      }),
    );
  });
});
