import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { HistogramSet } from './histogram-set.js';
import { ResultsError, type ResultsErrorCode } from './results-error.js';
import { readRun } from './run-reader.js';
import { runRecordSchema } from './run-record.js';
import { RunWriter } from './run-writer.js';
import { SAMPLE_PHASES, sampleHead, sampleInterval } from './sample-intervals.js';
import { SERIES } from './series.js';

const PHASES = SAMPLE_PHASES.map((phase) => ({ ...phase, load: null }));

let root = '';
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'fleetgauge-failures-'));
});
after(async () => {
  await rm(root, { recursive: true, force: true });
});

describe('a disk that refuses', () => {
  it('a path through a file gives one clear line and leaves nothing', async () => {
    const file = join(root, 'file');
    await writeFile(file, 'mine');
    await assert.rejects(
      RunWriter.create(join(file, 'run'), sampleHead()),
      (error) =>
        code('RECORD_NOT_WRITABLE')(error) &&
        error instanceof Error &&
        /a part of the path is a file.*ENOTDIR/.test(error.message),
    );
    assert.equal(await readFile(file, 'utf8'), 'mine');
  });

  it('a folder without write permission gives one clear line and leaves nothing', async () => {
    const folder = join(root, 'locked');
    await mkdir(folder, { mode: 0o555 });
    const { stdout } = await runChild(`
      if (process.getuid() === 0) process.setuid(65534);
      await RunWriter.create(${JSON.stringify(join(folder, 'run'))}, sampleHead()).catch(
        (error) => console.log(error.code + ': ' + error.message),
      );
    `);
    assert.match(stdout, /^RECORD_NOT_WRITABLE: cannot write .*permission denied.*\(EACCES\)\n$/);
    assert.deepEqual(await readdir(folder), []);
  });

  it('a place that is there and takes no folders gives one clear line, at once', async () => {
    for (const folder of ['/proc/run', '/proc/runs/run']) {
      await assert.rejects(
        RunWriter.create(folder, sampleHead()),
        (error) =>
          code('RECORD_NOT_WRITABLE')(error) &&
          error instanceof Error &&
          /there is no such place.*ENOENT/.test(error.message),
      );
    }
  });

  it('folders made on the way to a record that cannot be are taken away again', async () => {
    const head = sampleHead();
    const long = join(root, 'made', 'for', 'nothing', 'x'.repeat(300));
    await assert.rejects(RunWriter.create(long, head), code('RECORD_NOT_WRITABLE'));
    assert.ok(!(await readdir(root)).includes('made'));
    const writer = await RunWriter.create(join(root, 'made', 'for', 'good'), head);
    await writer.finish({ state: 'finished', finishedAtMs: 0 });
    assert.deepEqual(await readdir(join(root, 'made', 'for')), ['good']);
  });

  it('a full disk in mid-run gives one clear line, and what was written before stays whole', async () => {
    const folder = join(root, 'full');
    // The limit of a file's size stands in for the disk's: writes fail in the middle the same way.
    const { stdout } = await runChild(
      `
      const writer = await RunWriter.create(${JSON.stringify(folder)}, sampleHead());
      writer.phases(${JSON.stringify(PHASES)});
      for (let second = 0; ; second += 1) {
        try {
          await writer.interval(sampleInterval(second));
        } catch (error) {
          console.log(second + ' ' + error.code + ': ' + error.message);
          break;
        }
      }
    `,
      { fileKiB: 24 },
    );
    const [, seconds = '', message = ''] = /^(\d+) (.*)\n$/.exec(stdout) ?? [];
    assert.match(message, /^RECORD_NOT_WRITABLE: cannot write .*\(EFBIG\)$/);
    const run = await readRun(folder);
    const rows = await run.intervals();
    assert.ok(rows.length >= 1 && rows.length <= Number(seconds) + 1);
    for (const name of SERIES) {
      const text = await readFile(join(folder, `${name}.hlog`), 'utf8');
      assert.ok(text.endsWith('\n'), 'no half line');
      await run.histogram(name, 'whole');
    }
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });
});

describe('a run killed with SIGKILL', () => {
  it('leaves a valid record at any moment', async () => {
    for (let attempt = 0; attempt < 8; attempt += 1) {
      const folder = join(root, `killed-${attempt}`);
      const child = spawn(process.execPath, ['--input-type=module', '-e', KILLED_WRITER(folder)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      try {
        await once(child.stdout, 'data');
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 120));
      } finally {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      const run = await readRun(folder);
      assert.equal(run.record.state, 'running');
      assert.ok(runRecordSchema.safeParse(run.record).success);
      const rows = await run.intervals();
      const reported = run.record.totals.publishes.sent / 50;
      assert.ok(rows.length >= reported, 'the record is never ahead of its seconds');
      for (const [at, row] of rows.entries()) assert.equal(row.second, at);
      const merged = await run.histogram('delivery.response', 'whole');
      const expected = new HistogramSet('cumulative');
      for (const row of rows) expected.add(sampleInterval(row.second).histograms);
      assert.ok(merged.totalCount >= expected.count(SERIES.indexOf('delivery.response')));
    }
  });
});

const MODULES = `
  import { RunWriter } from ${JSON.stringify(new URL('./run-writer.js', import.meta.url).href)};
  import { sampleHead, sampleInterval } from ${JSON.stringify(new URL('./sample-intervals.js', import.meta.url).href)};
`;

/** Writes seconds as fast as it can, for as long as it lives. */
const KILLED_WRITER = (folder: string): string => `${MODULES}
  const writer = await RunWriter.create(${JSON.stringify(folder)}, sampleHead());
  writer.phases(${JSON.stringify(PHASES)});
  console.log('writing');
  for (let second = 0; ; second += 1) await writer.interval(sampleInterval(second));
`;

async function runChild(
  script: string,
  limits: { fileKiB?: number } = {},
): Promise<{ stdout: string }> {
  const limit = limits.fileKiB === undefined ? '' : `ulimit -f ${limits.fileKiB}; `;
  const child = spawn(
    'bash',
    ['-c', `${limit}exec "$0" --input-type=module -e "$1"`, process.execPath, MODULES + script],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  try {
    await once(child, 'close');
  } finally {
    child.kill('SIGKILL');
  }
  return { stdout };
}

function code(expected: ResultsErrorCode): (error: unknown) => boolean {
  return (error) =>
    error instanceof ResultsError && error.code === expected && !error.message.includes('\n');
}
