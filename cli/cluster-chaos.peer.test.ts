import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { it } from 'node:test';
import { chaos } from './testing/chaos.js';

const DURATION_MS = 45_000;

/** `npm run chaos -- --seed <seed>` plays the same rounds again, and longer ones. */
it('a core and three replicants keep what was promised under random faults', async () => {
  const seed = randomInt(2 ** 31);
  const { wrong, said, rounds, acknowledged } = await chaos(seed, DURATION_MS);
  assert.deepEqual(wrong, [], `seed ${seed}\n${said.join('\n')}`);
  assert.ok(rounds > 0, 'nothing has happened');
  assert.ok(acknowledged > 100 * rounds, `only ${acknowledged} messages in ${rounds} rounds`);
});
