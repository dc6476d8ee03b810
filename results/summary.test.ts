import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeObjectives, parseObjective } from './objectives.js';
import type { RunRecord } from './run-record.js';
import { sampleRecord } from './sample-record.js';
import { summaryLines } from './summary.js';
import { judge } from './verdict.js';

describe('the summary of a run', () => {
  it('says everything about a good one on a narrow terminal', () => {
    const record = judged(['delivery.response.p99 < 50ms', 'deliveries.lost == 0'], () => {});
    assertText(summaryLines(record, { width: 80, folder: 'runs/telemetry-3f2a' }), GOOD);
  });

  it('says "at least" and "at most" of an invalid one, and who was to blame', () => {
    const record = judged(['delivery.response.p99 < 1ms'], (run) => {
      run.generator.loopUtilisationP90 = 0.98;
      run.generator.loopUtilisationMax = 0.99;
      run.totals.connects.connectedMax = 9_990;
      run.totals.connects.lost = 7;
      run.totals.deliveries.lost = 12;
      run.totals.deliveries.received -= 12;
      run.errors = { 'connect: Not authorized (0x87)': 10, 'connection reset': 1_204 };
      run.probes[0]!.goneAtSecond = 21;
    });
    assertText(summaryLines(record, { width: 100 }), INVALID);
  });

  it('says what little there is of a run that was killed while it connected', () => {
    const record = judged([], (run) => {
      run.state = 'running';
      run.finishedAt = null;
      run.measured = { seconds: 0, counters: {} };
      run.latency = {};
      run.probes = [];
      run.totals.publishes = { scheduled: 0, sent: 0, acked: 0, failed: 0, away: 0 };
      run.totals.deliveries = { ...run.totals.deliveries, expected: 0, received: 0 };
      run.totals.connects.connectedMax = 812;
    });
    assertText(summaryLines(record), KILLED);
  });

  it('says how many publishes failed, and nothing of the lag of none', () => {
    const failed = judged([], (run) => {
      run.totals.publishes.failed = 60;
    });
    assert.ok(summaryLines(failed).some((line) => line.endsWith('162,500 scheduled, 60 failed')));
    const silent = judged([], (run) => {
      run.latency = { 'connect.response': run.latency['connect.response']! };
    });
    assert.doesNotMatch(
      summaryLines(silent, { folder: 'runs/x' }).join(' '),
      /send lag|1 histogram logs/,
    );
  });

  it('adds up the nodes of a cluster, and knows no sum where one could not be read', () => {
    const two = judged([], (run) => {
      const [broker] = run.probes;
      run.probes = [
        { ...broker!, node: 'core1', cpuPercentMean: 1.2, rssBytesMax: 100 * 2 ** 20 },
        { ...broker!, node: 'replicant1', cpuPercentMean: 30, rssBytesMax: 150 * 2 ** 20 },
      ];
    });
    const together = (record: RunRecord) =>
      summaryLines(record).find((line) => line.startsWith('  together'));
    assert.match(together(two) ?? '', /^ {2}together +31 % +16 % +250 MiB$/);
    two.probes[0]!.cpuPercentMean = null;
    assert.match(together(two) ?? '', /^ {2}together +\? +\? +250 MiB$/);
    assert.equal(together(judged([], () => undefined)), undefined);
  });

  it('has a row for each of the busiest of many nodes, and one for the others', () => {
    const many = judged([], (run) => {
      const [broker] = run.probes;
      run.probes = Array.from({ length: 52 }, (_, n) => ({
        ...broker!,
        node: `node${n}`,
        cpuPercentMean: n === 7 ? 9 : 1,
        rssBytesMax: 2 ** 20,
      }));
    });
    const lines = summaryLines(many);
    const row = (title: string) => lines.filter((line) => line.startsWith(`  ${title}`));
    assert.equal(row('node').length, 3);
    assert.match(row('node7')[0]!, /9\.0 %/);
    assert.match(row('49 others')[0]!, / 49 % .* 49\.0 MiB$/);
    assert.match(row('together')[0]!, / 60 % .* 52\.0 MiB$/);
  });

  it('stays within the width it is given, down to 72 columns', () => {
    const record = judged(['delivery.response.p99 < 50ms'], (run) => {
      run.generator.loopUtilisationP90 = 0.98;
      run.errors = { [`connect: ${'a long reason '.repeat(9)}`]: 3 };
    });
    for (const width of [1, 72, 80, 88, 100, 140]) {
      for (const line of summaryLines(record, { width, folder: 'runs/x' })) {
        assert.ok([...line].length <= Math.max(72, width), `wider than ${width}: ${line}`);
      }
    }
  });

  it('is the same text with colours as without', () => {
    const record = judged(['loss < 1%', 'loss > 1%'], (run) => {
      run.totals.deliveries.untimed = 5;
    });
    const plain = summaryLines(record, { folder: 'runs/x' });
    const coloured = summaryLines(record, { folder: 'runs/x', colour: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes are what is taken out
    const bare = coloured.map((line) => line.replaceAll(/\u001b\[\d+m/g, ''));
    assert.deepEqual(bare, plain);
    assert.ok(coloured[0]?.startsWith('\u001b[1m\u001b[32mVALID'));
  });

  it('lists the most frequent errors and counts the rest', () => {
    const record = judged([], (run) => {
      run.errors = Object.fromEntries(
        Array.from({ length: 13 }, (_, at) => [`reason ${at}`, at + 1]),
      );
    });
    const lines = summaryLines(record);
    const at = lines.indexOf('Errors');
    assert.equal(lines[at + 1], '  13  reason 12');
    assert.equal(lines[at + 10], '   4  reason 3');
    assert.equal(lines[at + 11], '  and 6 for 3 more reasons, see run.json');
  });
});

function judged(objectives: readonly string[], change: (record: RunRecord) => void): RunRecord {
  const record = sampleRecord();
  change(record);
  record.verdict = judge(record);
  record.objectives = judgeObjectives(objectives.map(parseObjective), record);
  return record;
}

function assertText(lines: readonly string[], expected: string): void {
  assert.equal(`\n${lines.join('\n')}\n`, expected);
}

const GOOD = `
VALID  telemetry on mqtt://127.0.0.1:1883, 30 s measured, run 3f2a

Objectives
  ✓ delivery.response.p99 < 50ms   2.70 ms
  ✓ deliveries.lost == 0                 0

Load
  devices       10,000   connected of 10,000
  publishes    5,000/s   162,500 sent of 162,500 scheduled
  deliveries   5,000/s   162,500 received of 162,500 expected
  lost 0, duplicated 0, out of order 0

Latency                  p50       p90       p99     p99.9       max
  connect    response    422 µs    671 µs   1.30 ms   5.41 ms   10.1 ms
             service     410 µs    655 µs   1.23 ms   5.12 ms   9.87 ms
             lag          11 µs     24 µs     88 µs    512 µs   1.02 ms
  subscribe  response    388 µs    602 µs   1.01 ms   3.00 ms   4.10 ms
             service     388 µs    602 µs   1.01 ms   3.00 ms   4.10 ms
             lag           0 µs      0 µs      0 µs      0 µs      0 µs
  publish    response    322 µs    760 µs   2.25 ms   13.0 ms    105 ms
             service     301 µs    702 µs   2.09 ms   12.5 ms    104 ms
             lag          14 µs     47 µs    203 µs   1.40 ms   2.61 ms
  delivery   response    391 µs    866 µs   2.70 ms   14.0 ms   1.24 s
             service     364 µs    811 µs   2.50 ms   13.3 ms   1.24 s
             lag          14 µs     47 µs    203 µs   1.40 ms   2.61 ms

Target               CPU mean   max  top thread  of machine   memory
  broker (pid 4711)      48 %  66 %        62 %        24 %  187 MiB
  100 % is one core, "of machine" of all 2; memory is the highest

Generator
  1 process, 2 threads; loop busy 38 % at most; send lag p99 203 µs;
  own lag 4.3 % of the response; longest stall 3.20 ms; CPU 61 % of one core

Record
  runs/telemetry-3f2a: run.json, intervals.csv, 12 histogram logs (*.hlog)
`;

const INVALID = `
INVALID  telemetry on mqtt://127.0.0.1:1883, 30 s measured, run 3f2a
  invalid  a generator thread was busy 98 % of the time or more in one measured second of ten: it
           set the pace, not the target; use more threads, more machines or less load
  suspect  the scenario was not reached: 9,990 of 10,000 devices were connected at most (99.9 %);
           the figures are of those
  suspect  broker (pid 4711) could not be read from second 21 on: did it end?

Objectives
  ✗ delivery.response.p99 < 1ms   at most 2.70 ms

Load  at least: the run is invalid, the target may carry more
  devices                 9,990   connected of 10,000, 7 connections lost
  publishes    at least 5,000/s   162,500 sent of 162,500 scheduled
  deliveries   at least 5,000/s   162,488 received of 162,500 expected
  lost 12 (< 0.01 %), duplicated 0, out of order 0

Latency                  p50       p90       p99     p99.9       max       count
  at most: the generator's own lateness is in these
  connect    response    422 µs    671 µs   1.30 ms   5.41 ms   10.1 ms   10,000
             service     410 µs    655 µs   1.23 ms   5.12 ms   9.87 ms   10,000
             lag          11 µs     24 µs     88 µs    512 µs   1.02 ms   10,000
  subscribe  response    388 µs    602 µs   1.01 ms   3.00 ms   4.10 ms    5,000
             service     388 µs    602 µs   1.01 ms   3.00 ms   4.10 ms    5,000
             lag           0 µs      0 µs      0 µs      0 µs      0 µs    5,000
  publish    response    322 µs    760 µs   2.25 ms   13.0 ms    105 ms  150,000
             service     301 µs    702 µs   2.09 ms   12.5 ms    104 ms  150,000
             lag          14 µs     47 µs    203 µs   1.40 ms   2.61 ms  150,000
  delivery   response    391 µs    866 µs   2.70 ms   14.0 ms   1.24 s   150,000
             service     364 µs    811 µs   2.50 ms   13.3 ms   1.24 s   150,000
             lag          14 µs     47 µs    203 µs   1.40 ms   2.61 ms  150,000

Errors
  1,204  connection reset
     10  connect: Not authorized (0x87)

Target               CPU mean   max  top thread  of machine   memory
  broker (pid 4711)      48 %  66 %        62 %        24 %  187 MiB
  100 % is one core, "of machine" of all 2; memory is the highest

Generator
  1 process, 2 threads; loop busy 99 % at most; send lag p99 203 µs; own lag 4.3 % of the response;
  longest stall 3.20 ms; CPU 61 % of one core
`;

const KILLED = `
INVALID  telemetry on mqtt://127.0.0.1:1883, nothing measured, no end, run 3f2a
  invalid  no whole second of a measured phase was run
  suspect  the record has no end: the run still goes on, or was killed
  suspect  the scenario was not reached: 812 of 10,000 devices were connected at
           most (8.1 %); the figures are of those

Load
  devices   812   connected of 10,000

Generator
  1 process, 2 threads
`;
