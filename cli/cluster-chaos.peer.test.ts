import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { it } from 'node:test';
import { CHAOS_SHAPES, chaos } from './testing/chaos.js';

const DURATION_MS = 45_000;

/** `npm run chaos -- --seed <seed>` plays the same rounds again, and longer ones; with `--cores 1` those of a single core. */
it('three cores and two replicants keep what was promised under random faults', async () => {
  const seed = randomInt(2 ** 31);
  const { wrong, said, rounds, acknowledged } = await chaos(CHAOS_SHAPES.three, seed, DURATION_MS);
  assert.deepEqual(wrong, [], `seed ${seed}\n${said.join('\n')}`);
  assert.ok(rounds > 0, 'nothing has happened');
  assert.ok(acknowledged > 100 * rounds, `only ${acknowledged} messages in ${rounds} rounds`);
});
