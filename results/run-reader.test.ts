import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ResultsError, type ResultsErrorCode } from './results-error.js';
import { parseRecord, readRun } from './run-reader.js';
import { RunWriter } from './run-writer.js';
import { sampleHead, sampleInterval } from './sample-intervals.js';
import { sampleRecord } from './sample-record.js';

let root = '';
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'fleetgauge-reader-'));
});
after(async () => {
  await rm(root, { recursive: true, force: true });
});

describe('reading a run record', () => {
  it('gives back what was written', () => {
    const record = sampleRecord();
    assert.deepEqual(parseRecord(JSON.stringify(record), 'run.json'), record);
  });

  it('says in one line what is wrong with it', () => {
    const record = sampleRecord();
    const text = JSON.stringify(record);
    const cases: [string, ResultsErrorCode, RegExp][] = [
      ['', 'RECORD_DAMAGED', /not JSON/],
      [text.slice(0, 300), 'RECORD_DAMAGED', /not JSON/],
      ['{}', 'RECORD_FOREIGN', /not a run record/],
      ['[]', 'RECORD_FOREIGN', /not a run record/],
      ['null', 'RECORD_FOREIGN', /not a run record/],
      [text.replace('fleetgauge.run/1', 'k6.summary/1'), 'RECORD_FOREIGN', /not a run record/],
      [
        text.replace('fleetgauge.run/1', 'fleetgauge.run/7'),
        'RECORD_FOREIGN',
        /reads fleetgauge\.run\/1/,
      ],
      [text.replace('"devices":10000', '"devices":"many"'), 'RECORD_DAMAGED', /damaged: devices: /],
      [
        text.replace('"p99":2703', '"p99":-1'),
        'RECORD_DAMAGED',
        /damaged: latency\.delivery\.response\.p99: /,
      ],
      [text.replace('2026-11-22T10:00:00.000Z', 'yesterday'), 'RECORD_DAMAGED', /startedAt/],
    ];
    for (const [damaged, code, message] of cases) {
      assert.throws(
        () => parseRecord(damaged, 'runs/x/run.json'),
        (error) =>
          error instanceof ResultsError &&
          error.code === code &&
          message.test(error.message) &&
          error.message.startsWith('runs/x/run.json ') &&
          !error.message.includes('\n'),
        String(message),
      );
    }
  });

  it('passes over what a newer version of the same schema added', () => {
    const record = { ...sampleRecord(), weather: 'fine' };
    assert.equal(parseRecord(JSON.stringify(record), 'run.json').id, '3f2a');
  });

  it('names the folder that holds no record', async () => {
    await assert.rejects(
      readRun(join(root, 'nowhere')),
      (error) =>
        error instanceof ResultsError &&
        error.code === 'RECORD_NOT_FOUND' &&
        error.message.includes('nowhere/run.json'),
    );
  });

  it('takes the path of run.json as well', async () => {
    const folder = await written('by-file');
    const run = await readRun(join(folder, 'run.json'));
    assert.equal(run.folder, folder);
    assert.equal((await run.intervals()).length, 4);
  });

  it('passes over a last line that was cut short', async () => {
    const folder = await written('cut');
    for (const file of ['intervals.csv', 'delivery.response.hlog']) {
      const text = await readFile(join(folder, file), 'utf8');
      await writeFile(join(folder, file), text.slice(0, -20));
    }
    const run = await readRun(folder);
    assert.equal((await run.intervals()).length, 3);
    assert.equal((await run.histogram('delivery.response', 'whole')).totalCount, 150);
  });

  it('names file and line of damage within', async () => {
    const folder = await written('damaged');
    const damage = async (file: string, from: string, to: string): Promise<void> => {
      const path = join(folder, file);
      await writeFile(path, (await readFile(path, 'utf8')).replace(from, to));
    };
    await damage('delivery.response.hlog', '\n1.000,', '\none,');
    await damage('intervals.csv', '\n2,', '\n2,2,');
    const run = await readRun(folder);
    await assert.rejects(
      run.histogram('delivery.response', 'whole'),
      /delivery\.response\.hlog, line 8/,
    );
    await assert.rejects(run.intervals(), /intervals\.csv, row 4: \d+ columns instead of \d+/);
    await damage('intervals.csv', 'publishesSent,', 'published,');
    await assert.rejects(run.intervals(), /row 1: there is no column 'publishesSent'/);
  });

  it('has empty series where a run recorded nothing', async () => {
    const folder = join(root, 'empty');
    const writer = await RunWriter.create(folder, sampleHead());
    await writer.finish({ state: 'interrupted', finishedAtMs: sampleHead().epochMs });
    const run = await readRun(folder);
    assert.deepEqual(await run.intervals(), []);
    assert.equal((await run.histogram('delivery.response')).totalCount, 0);
    assert.equal(run.record.verdict.state, 'invalid');
  });
});

async function written(name: string): Promise<string> {
  const folder = join(root, name);
  const writer = await RunWriter.create(folder, sampleHead());
  for (let second = 0; second < 4; second += 1) await writer.interval(sampleInterval(second));
  await writer.finish({ state: 'finished', finishedAtMs: sampleHead().epochMs + 4000 });
  return folder;
}
