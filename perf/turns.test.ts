import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Figures, turns } from './turns.js';

it('contenders take turns, every second round backwards', () => {
  const order = [...turns(['a', 'b'], 3)].map(({ contender }) => contender).join('');
  assert.equal(order, 'abbaab');
});

it('ratios are of the two runs of a round, and leave out a round in which one of them failed', () => {
  const figures = new Figures();
  figures.add(0, 'a', 'rate', 10);
  figures.add(0, 'b', 'rate', 5);
  figures.add(1, 'a', 'rate', 100);
  figures.add(2, 'b', 'rate', 8);
  figures.add(2, 'a', 'rate', 4);
  assert.deepEqual(figures.ratios('a', 'b', 'rate'), [2, 0.5]);
  assert.deepEqual(figures.of('a', 'rate'), [10, 100, 4]);
  assert.deepEqual(figures.ratios('a', 'c', 'rate'), []);
});
