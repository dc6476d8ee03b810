import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

// Compiled tests lie in <root>/<outDir>/; what is checked are the sources.
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** What each part may import besides itself. The command line may import everything. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  store: [],
  results: [],
  broker: ['wire', 'store'],
  bench: ['wire', 'store', 'results'],
  estimator: ['results'],
};

interface Import {
  file: string;
  from: string;
  to: string;
  target: string;
}

function importsOf(part: string): Import[] {
  const folder = join(ROOT, part);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const path = join(folder, file);
      const text = readFileSync(path, 'utf8');
      const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)];
      return specifiers.map(([, specifier]) => {
        const target = relative(ROOT, resolve(dirname(path), specifier!));
        return { file: `${part}/${file}`, from: part, to: target.split('/')[0]!, target };
      });
    });
}

const parts = readdirSync(ROOT).filter((name) => name in ARROWS);
const imports = parts.flatMap(importsOf);

test('imports follow the arrows between the parts', () => {
  assert.ok(imports.length > 100, `only ${imports.length} imports were found`);
  const against = imports.filter(({ from, to }) => from !== to && !ARROWS[from]!.includes(to));
  assert.deepEqual(against, []);
});

/** `results/measure.js` is for processes of which there are a hundred: its mod.js brings libraries that write records. */
const GATES = ['results/measure.js'];

test('a part is imported through its mod.js only', () => {
  const around = imports.filter(
    ({ from, to, target }) => from !== to && target !== `${to}/mod.js` && !GATES.includes(target),
  );
  assert.deepEqual(around, []);
});
