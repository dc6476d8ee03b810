import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ConfigError, loadConfig } from './mod.js';

// Compiled tests lie in <root>/<outDir>/; the files are beside the sources. Each is named after its mistake,
// and `<mistake>.txt` is what is said about it.
const FOLDER = fileURLToPath(new URL('../../../broker/config/testing/mistakes/', import.meta.url));

/** What is said about a file; files are found beside it and named without their folder. */
function complaintAbout(file: string): string {
  const texts = new Map([[file, readFileSync(`${FOLDER}${file}`, 'utf8')]]);
  try {
    loadConfig({ file, readFile: (path) => texts.get(path) });
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.equal(error.code, 'CONFIG_INVALID');
    return `${error.message}\n`;
  }
  return assert.fail(`${file} was accepted`);
}

const mistakes = readdirSync(FOLDER).filter((file) => file.endsWith('.conf'));

test('there are mistakes', () => assert.ok(mistakes.length > 30));

for (const file of mistakes) {
  const mistake = basename(file, '.conf');
  test(`${mistake.replaceAll('-', ' ')}: said with its place`, () => {
    const said = complaintAbout(file);
    assert.equal(said, readFileSync(`${FOLDER}${mistake}.txt`, 'utf8'));
    for (const line of said.trimEnd().split('\n')) {
      assert.match(line, /^\S+\.conf:\d+:\d+: .*expected .+/);
    }
  });
}
