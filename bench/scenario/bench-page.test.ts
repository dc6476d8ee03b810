import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BENCH_COUNTERS } from '../metrics/mod.js';
import { BENCH_FLAGS, type BenchFlag, DURATION_FLAG } from './bench-flags.js';

const PAGE = readFileSync(new URL('../../../docs/emqtt-bench.md', import.meta.url), 'utf8');

function rowOf({ long, short, verbs, handling, help, default: byDefault }: BenchFlag): string {
  const name = short === undefined ? `--${long}` : `-${short}, --${long}`;
  const what = { translated: '', passed: '', accepted: 'let pass: ', refused: 'refused: ' };
  const cells = [`\`${name}\``, verbs.length === 3 ? 'all' : verbs.join(' '), byDefault ?? ''];
  return `| ${[...cells, what[handling] + help].join(' | ')} |`.replaceAll('|  |', '| |');
}

test('the page has a row for each flag, as the code has it, and no other', () => {
  const expected = [...BENCH_FLAGS, DURATION_FLAG].map(rowOf);
  const table = PAGE.split('## Every flag')[1]!.split('\n**')[0]!;
  const found = table.split('\n').filter((line) => /^\| `-(-|., --)/.test(line));
  assert.deepEqual(found, expected);
});

test('the page has every counter of emqtt-bench’s, with what it counts here', () => {
  for (const { name, help } of BENCH_COUNTERS) {
    assert.ok(PAGE.includes(`| \`${name}\` | ${help} |`), `${name}: ${help}`);
  }
});
