import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const TIMEOUT_MS = 60_000;

/** Rows of the table that a script prints, without its head. */
async function rowsOf(script: string): Promise<string[][]> {
  const file = fileURLToPath(new URL(`./${script}.js`, import.meta.url));
  const args = [file, '--quick'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: TIMEOUT_MS });
  const lines = stdout.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(1).map((line) => line.slice(2, -2).split(' | '));
}

/** Figures are of this machine and moment; that there are any, and no NaN among them, is all that is sure. */
const SCRIPTS = [
  ['cluster-routes', 2],
  ['cluster-bootstrap', 6],
  ['cluster-forward', 10],
  ['cluster-connects', 6],
] as const;

for (const [script, count] of SCRIPTS) {
  test(`perf/${script} measures on a small scale and prints its table`, async () => {
    const rows = await rowsOf(script);
    assert.equal(rows.length, count);
    for (const row of rows) {
      assert.ok(row.some((cell) => Number.parseFloat(cell) > 0));
      assert.doesNotMatch(row.join(), /NaN|Infinity|undefined/);
    }
  });
}
