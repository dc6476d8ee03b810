import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { HistogramLogReader, JsHistogram } from 'hdr-histogram-js';
import { COUNTERS } from './counters.js';
import { HistogramSet } from './histogram-set.js';
import { ResultsError, type ResultsErrorCode } from './results-error.js';
import { readRun } from './run-reader.js';
import { RunWriter } from './run-writer.js';
import { SAMPLE_PHASES, sampleHead, sampleInterval, sampleProbe } from './sample-intervals.js';
import { SERIES } from './series.js';

const SECONDS = 9;
const PHASES = SAMPLE_PHASES.map((phase) => ({ ...phase, load: null }));

let root = '';
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'fleetgauge-results-'));
});
after(async () => {
  await rm(root, { recursive: true, force: true });
});

describe('a run record', () => {
  it('has logs that hdr-histogram-js reads back count for count, at the time they are of', async () => {
    const folder = await writeSample('logs');
    for (const [series, name] of SERIES.entries()) {
      const reader = new HistogramLogReader(await readFile(join(folder, `${name}.hlog`), 'utf8'));
      for (let second = 0; second < SECONDS; second += 1) {
        const expected = sampleInterval(second).histograms.get(series);
        if (expected === undefined) continue;
        const read = reader.nextIntervalHistogram();
        assert.ok(read instanceof JsHistogram, `${name}, second ${second}`);
        assert.equal(read.startTimeStampMsec, sampleHead().epochMs + second * 1000);
        assert.equal(read.endTimeStampMsec - read.startTimeStampMsec, 1000);
        assert.equal(read.totalCount, expected.totalCount);
        for (let index = 0; index < read.countsArrayLength; index += 1) {
          assert.equal(read.getCountAtIndex(index), expected.counts[index]);
        }
      }
      assert.equal(reader.nextIntervalHistogram(), null);
    }
  });

  it('has a log head that HdrHistogram_c reads too: no empty line, every line below 128 bytes', async () => {
    const folder = await writeSample('heads');
    const text = await readFile(join(folder, 'delivery.response.hlog'), 'utf8');
    const head = text.split('\n').slice(0, 6);
    assert.deepEqual(head.slice(1), [
      '#[Histogram log format version 1.3]',
      '#[delivery.response: values in microseconds, Interval_Max in milliseconds]',
      '#[StartTime: 1795341600.000 (seconds since epoch), 2026-11-22T10:00:00.000Z]',
      '#[BaseTime: 1795341600.000 (seconds since epoch)]',
      '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    ]);
    assert.ok(head.every((line) => line.length > 0 && line.length < 128));
  });

  it('gives back every second from its CSV', async () => {
    const folder = await writeSample('rows');
    const run = await readRun(folder);
    const rows = await run.intervals();
    assert.equal(rows.length, SECONDS);
    for (const [second, row] of rows.entries()) {
      const expected = sampleInterval(second);
      assert.equal(row.second, second);
      assert.equal(row.phase, expected.phase);
      assert.deepEqual([...row.counters], [...expected.counters]);
      assert.equal(row.backlog, second);
      assert.equal(row.generatorCpuPercent, 61.3);
      assert.equal(row.loopDelayMaxUs, 1235);
      const p99 = expected.histograms.get(11)?.getValueAtPercentile(99);
      assert.equal(row.latency['delivery.lag']?.p99, p99);
      assert.equal(row.latency['subscribe.service'] === undefined, second % 2 === 1);
      assert.deepEqual(row.probes, {
        broker: { cpuPercent: 40 + second, rssBytes: 100_000_000 + second },
      });
    }
  });

  it('has the columns in the order that is written down', async () => {
    const folder = await writeSample('columns');
    const [header = ''] = (await readFile(join(folder, 'intervals.csv'), 'utf8')).split('\n');
    const columns = header.split(',');
    assert.deepEqual(columns.slice(0, 3 + COUNTERS.length), [
      'second',
      'phase',
      'lengthSec',
      ...COUNTERS,
    ]);
    assert.deepEqual(columns.slice(3 + COUNTERS.length, 10 + COUNTERS.length), [
      'backlog',
      'loopUtilisation',
      'loopDelayMaxUs',
      'generatorCpuPercent',
      'connect.service.p50',
      'connect.service.p99',
      'connect.service.max',
    ]);
    assert.deepEqual(columns.slice(-2), ['broker.cpuPercent', 'broker.rssBytes']);
  });

  it('has figures that agree with its own logs', async () => {
    const run = await readRun(await writeSample('figures'));
    for (const name of SERIES) {
      const merged = await run.histogram(name);
      assert.equal(merged.totalCount, run.record.latency[name]?.count, name);
      assert.equal(merged.getValueAtPercentile(99), run.record.latency[name]?.p99, name);
      assert.equal(merged.maxValue, run.record.latency[name]?.max, name);
    }
    const whole = new HistogramSet('cumulative');
    for (let second = 0; second < SECONDS; second += 1)
      whole.add(sampleInterval(second).histograms);
    const delivery = await run.histogram('delivery.response', 'whole');
    assert.deepEqual(delivery.counts, whole.get(SERIES.indexOf('delivery.response'))?.counts);
    const third = await run.histogram('delivery.response', { fromSecond: 3, toSecond: 4 });
    assert.equal(third.totalCount, sampleInterval(3).histograms.count(10));
  });

  it('says what happened, with a verdict and judged objectives', async () => {
    const { record } = await readRun(await writeSample('says'));
    assert.equal(record.state, 'finished');
    assert.equal(record.finishedAt, '2026-11-22T10:00:09.000Z');
    assert.equal(record.measured.seconds, 5);
    assert.equal(record.totals.publishes.sent, 50 * SECONDS);
    assert.equal(record.verdict.state, 'valid');
    assert.deepEqual(
      record.objectives.map(({ text, passed }) => [text, passed]),
      [['deliveries.lost == 0', true]],
    );
    assert.deepEqual(record.errors, { 'connection reset': 2 });
    const [broker] = record.probes;
    assert.deepEqual(
      [broker?.cpuPercentMean, broker?.cpuPercentMax, broker?.rssBytesMax],
      [44, 46, 100_000_006],
    );
    assert.equal(broker?.series.rssBytes.values.length, SECONDS);
  });

  it('is valid at every moment of the run', async () => {
    const folder = join(root, 'moments');
    const writer = await RunWriter.create(folder, sampleHead(), () => sampleHead().epochMs);
    writer.phases(PHASES);
    for (let second = 0; second < 5; second += 1) {
      const { record } = await readRun(folder);
      assert.equal(record.state, 'running');
      const behind = second * 50 - record.totals.publishes.sent;
      assert.ok(behind >= 0 && behind <= 100, 'at most two seconds old');
      await writer.interval(sampleInterval(second));
    }
    assert.deepEqual(writer.record().totals.publishes.sent, 250);
    await writer.finish({ state: 'interrupted', finishedAtMs: sampleHead().epochMs + 5_000 });
    assert.equal((await readRun(folder)).record.state, 'interrupted');
    await assert.rejects(writer.interval(sampleInterval(5)), code('RECORD_ENDED'));
  });

  it('takes seconds in the order they are given, awaited or not', async () => {
    const folder = join(root, 'order');
    const writer = await RunWriter.create(folder, sampleHead());
    const seconds = [0, 1, 2, 3].map((second) => writer.interval(sampleInterval(second)));
    await writer.finish({ state: 'finished', finishedAtMs: Date.now() });
    await Promise.all(seconds);
    const rows = await (await readRun(folder)).intervals();
    assert.deepEqual(
      rows.map((row) => row.second),
      [0, 1, 2, 3],
    );
  });

  it('is never written over another', async () => {
    const folder = await writeSample('twice');
    const before = await contents(folder);
    await assert.rejects(RunWriter.create(folder, sampleHead()), code('RECORD_EXISTS'));
    assert.deepEqual(await contents(folder), before);

    const halves = join(root, 'halves');
    await mkdir(halves);
    await writeFile(join(halves, 'intervals.csv'), 'mine');
    await assert.rejects(RunWriter.create(halves, sampleHead()), code('RECORD_EXISTS'));
    assert.deepEqual(await contents(halves), { 'intervals.csv': 'mine' });
  });

  it('is only started by one of two runs into the same folder', async () => {
    const folder = join(root, 'race');
    const outcomes = await Promise.allSettled([
      RunWriter.create(folder, sampleHead()),
      RunWriter.create(folder, sampleHead()),
    ]);
    const [won] = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    assert.deepEqual(outcomes.map((one) => one.status).sort(), ['fulfilled', 'rejected']);
    await won?.finish({ state: 'finished', finishedAtMs: Date.now() });
    assert.equal((await readRun(folder)).record.state, 'finished');
  });

  it('is not begun with an objective that cannot be read', async () => {
    const folder = join(root, 'objective');
    const head = { ...sampleHead(), objectives: ['delivery.reponse.p99 < 5ms'] };
    await assert.rejects(RunWriter.create(folder, head), code('OBJECTIVE_INVALID'));
    await assert.rejects(readdir(folder));
  });
});

async function writeSample(name: string): Promise<string> {
  const folder = join(root, name);
  const head = { ...sampleHead(), objectives: ['deliveries.lost == 0'] };
  const writer = await RunWriter.create(folder, head);
  writer.phases(PHASES);
  for (let second = 0; second < SECONDS; second += 1) {
    await writer.interval(sampleInterval(second), [sampleProbe(second)]);
  }
  writer.phases(PHASES.map((phase) => ({ ...phase, endUs: phase.endUs ?? SECONDS * 1e6 })));
  await writer.finish({ state: 'finished', finishedAtMs: head.epochMs + SECONDS * 1000 });
  return folder;
}

async function contents(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return Object.fromEntries(names.map((name, at) => [name, texts[at] ?? '']));
}

function code(expected: ResultsErrorCode): (error: unknown) => boolean {
  return (error) =>
    error instanceof ResultsError && error.code === expected && !error.message.includes('\n');
}
