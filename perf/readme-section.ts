import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const README = fileURLToPath(new URL('../../perf/README.md', import.meta.url));

/** Prints what was measured; with `renews`, also puts it in the place of what the README has between its marks. */
export function printSection(name: string, renews: boolean, lines: readonly string[]): void {
  const text = lines.join('\n');
  process.stdout.write(`${text}\n`);
  if (renews) writeFileSync(README, renewed(readFileSync(README, 'utf8'), name, text));
}

/** The page with another text between `<!-- name -->` and `<!-- /name -->`. */
export function renewed(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`perf/README.md has no ${begin} … ${end}: add them`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
}
