import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quickTable } from './quick-table.js';

const TIMEOUT_MS = 60_000;

/** Figures are of this machine and moment; that there are any, and no NaN among them, is all that is sure. */
const SCRIPTS = [
  ['cluster-routes', 2],
  ['cluster-bootstrap', 6],
  ['cluster-forward', 10],
  ['cluster-connects', 6],
] as const;

for (const [script, count] of SCRIPTS) {
  test(`perf/${script} measures on a small scale and prints its table`, async () => {
    const rows = await quickTable(script, TIMEOUT_MS);
    assert.equal(rows.length, count);
    for (const row of rows) {
      assert.ok(row.some((cell) => Number.parseFloat(cell) > 0));
      assert.doesNotMatch(row.join(), /NaN|Infinity|undefined/);
    }
  });
}
