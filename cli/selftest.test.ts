import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckedClaim } from '../bench/mod.js';
import { inFolder, runCli } from './cli-under-test.js';

test('a freeze shows in response times and hides from service times, as much as it must', async () => {
  await inFolder({}, async (cwd) => {
    const { code, out, err } = await runCli(['selftest', 'freeze', '--json', '--quiet'], { cwd });
    const { claims } = JSON.parse(out) as { claims: CheckedClaim[] };
    const text = JSON.stringify(claims, undefined, 1);
    assert.equal(claims.length, 4);
    // Other tests' machines do not hold still; that is told apart from a tool that is wrong.
    assert.deepEqual(
      claims.filter(({ outcome }) => outcome === 'fail'),
      [],
    );
    const busy = claims.some(({ outcome }) => outcome === 'busy');
    assert.equal(code, busy ? 8 : 0, `${text}${err}`);
    const shown = claims.find(({ claim }) => claim === 'freeze: response p99 shows it');
    assert.match(shown!.measured, /^\d{3} ms$/, 'hundreds of ms');
  });
});

test('a part that does not exist is named, with those that do', async () => {
  const { code, err } = await runCli(['selftest', 'frieze']);
  assert.equal(code, 2);
  assert.match(err, /no part 'frieze': service, freeze, starved, capacity/);
});
