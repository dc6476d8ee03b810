import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { COUNTERS } from './counters.js';
import { objectiveMetrics, parseObjective } from './objectives.js';
import { runRecordSchema } from './run-record.js';
import { sampleRecord } from './sample-record.js';

const DOC = new URL('../../docs/run-record.md', import.meta.url);
const REASONS = new URL('../../docs/run.md', import.meta.url);
/** One file a check. */
const CHECKS = new URL('../../results/verdict/', import.meta.url);

describe('docs/run-record.md', () => {
  it('names every key of the record, every counter and every figure of the generator', async () => {
    const text = await readFile(DOC, 'utf8');
    const names = [
      ...Object.keys(runRecordSchema.shape),
      ...Object.keys(sampleRecord().generator),
      ...Object.keys(sampleRecord().host),
      ...COUNTERS,
    ];
    assert.deepEqual(
      names.filter((name) => !text.includes(`\`${name}\``)),
      [],
    );
  });

  it('leaves to docs/run.md every reason a verdict may give', async () => {
    const text = await readFile(REASONS, 'utf8');
    const files = await readdir(CHECKS);
    const sources = await Promise.all(files.map((file) => readFile(new URL(file, CHECKS), 'utf8')));
    const source = sources.join('\n');
    const codes = new Set(source.match(/(?<=')[A-Z]+(_[A-Z]+)*(?=')/g));
    assert.ok(codes.size > 15);
    assert.deepEqual(
      [...codes].filter((code) => !text.includes(`\`${code}\``)),
      [],
    );
  });

  it('shows objectives that can be read, and every metric there is', async () => {
    const text = (await readFile(DOC, 'utf8')).split('## Objectives')[1] ?? '';
    for (const [, example = ''] of text.matchAll(/`([a-z.A-Z0-9]+ [<>=!]+ [^`]+)`/g)) {
      parseObjective(example);
    }
    const last = new Set(objectiveMetrics().map((metric) => metric.split('.').at(-1) ?? ''));
    assert.deepEqual(
      [...last].filter((word) => !new RegExp(`[.|\`]${word}[|\`]`).test(text)),
      [],
    );
  });
});
