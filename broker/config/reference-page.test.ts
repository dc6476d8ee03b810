import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { KEYS } from './keys.js';
import { loadConfig } from './mod.js';
import { isNotYet } from './not-yet.js';
import { PASSED_OVER } from './passed-over.js';

const PAGE = readFileSync(new URL('../../../docs/config.md', import.meta.url), 'utf8');

test('the page has a row for every key, with its default and what it means, and no other rows', () => {
  const rows = KEYS.map(({ path, fallback, meaning }) => {
    const later = isNotYet(path) ? ' ◦' : '';
    const key = path.join('.').replace('*', '<name>');
    return `| \`${key}\`${later} | ${fallback === undefined ? '' : `\`${fallback}\``} | ${meaning} |`;
  });
  const keysOnPage = PAGE.split('\n').filter((line) => /^\| `\w+\.[\w.<>]+`/.test(line));
  assert.ok(rows.length > 60);
  assert.deepEqual(keysOnPage, rows);
});

test('the page names everything of EMQX that is passed over, and why', () => {
  for (const { why, keys } of PASSED_OVER) {
    const item = PAGE.split('\n- ').find((part) =>
      part.replace(/\s+/g, ' ').startsWith(`${why}: `),
    );
    assert.ok(item !== undefined, why);
    for (const key of keys) assert.ok(item.includes(`\`${key.replace('*', '<name>')}\``), key);
  }
});

test('the example of the page is a config without a mistake', () => {
  const example = /```hocon\n([\s\S]*?)```/.exec(PAGE)![1]!;
  const readFile = (path: string): string => (path === 'page' ? example : '');
  const { config } = loadConfig({ file: 'page', readFile });
  assert.equal(config.cluster.discoveryStrategy, 'static');
  assert.equal(Object.keys(config.listeners.tcp).length, 2);
});

test('the bad example is answered as the page says', () => {
  const parts = /```hocon bad\n([\s\S]*?)```\n\n```\n([\s\S]*?)\n```/.exec(PAGE);
  const [, text, answer] = parts!;
  assert.throws(() => loadConfig({ file: 'emqx.conf', readFile: () => text }), {
    message: answer!,
  });
});
