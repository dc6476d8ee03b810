import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeObjectives, objectiveMetrics, parseObjective } from './objectives.js';
import { ResultsError } from './results-error.js';
import { sampleRecord } from './sample-record.js';
import { SERIES } from './series.js';

describe('an objective', () => {
  it('is read with its unit', () => {
    const cases: [string, string, string, number][] = [
      ['delivery.response.p99 < 50ms', 'delivery.response.p99', '<', 50_000],
      ['delivery.response.p99<50ms', 'delivery.response.p99', '<', 50_000],
      ['  publish.service.p99.9 <= 1.5 s ', 'publish.service.p999', '<=', 1_500_000],
      ['connect.response.max < 250µs', 'connect.response.max', '<', 250],
      ['deliveries.lost == 0', 'deliveries.lost', '==', 0],
      ['connects.succeeded >= 10k', 'connects.succeeded', '>=', 10_000],
      ['publishes.rate >= 5k/s', 'publishes.rate', '>=', 5_000],
      ['loss < 0.1%', 'loss', '<', 0.001],
      ['loss < 0.001', 'loss', '<', 0.001],
      ['connects.failed != 1', 'connects.failed', '!=', 1],
    ];
    for (const [text, metric, operator, bound] of cases) {
      const objective = parseObjective(text);
      assert.deepEqual(
        [objective.metric, objective.operator, objective.bound, objective.text],
        [metric, operator, bound, text.trim()],
      );
    }
  });

  it('is refused with what is wrong and what was meant', () => {
    const cases: [string, RegExp][] = [
      [
        'delivery.respons.p99 < 50ms',
        /no metric 'delivery\.respons\.p99'; did you mean 'delivery\.response\.p99'\?/,
      ],
      ['delivery.response.p98 < 50ms', /did you mean 'delivery\.response\.p9[059]'/],
      ['deliverys.lost == 0', /did you mean 'deliveries\.lost'/],
      ['delivery.response.p99 < 50', /'50' needs a unit/],
      ['delivery.response.p99 < 50 apples', /needs a unit/],
      ['delivery.response.p99 = 50ms', /'=' is not an operator/],
      ['deliveries.lost == none', /'none' is not a number/],
      ['deliveries.lost == 5ms', /must be a count/],
      ['loss < 5/s', /must be a share/],
      ['publishes.rate > 5 %', /must be a rate/],
      ['delivery.response.p99', /must read 'metric operator value'/],
      ['', /must read/],
    ];
    for (const [text, message] of cases) {
      assert.throws(
        () => parseObjective(text),
        (error) =>
          error instanceof ResultsError &&
          error.code === 'OBJECTIVE_INVALID' &&
          message.test(error.message) &&
          !error.message.includes('\n'),
        text,
      );
    }
  });

  it('is judged by a record', () => {
    const record = sampleRecord();
    record.totals.deliveries.lost = 325;
    const judged = judgeObjectives(
      [
        'delivery.response.p99 < 2.704ms',
        'delivery.response.p99 < 2.703ms',
        'delivery.response.p99 <= 2.703ms',
        'deliveries.lost == 0',
        'loss <= 0.2%',
        'publishes.rate > 4999/s',
        'connects.connected >= 10k',
      ].map(parseObjective),
      record,
    );
    assert.deepEqual(
      judged.map(({ passed, measuredText }) => [passed, measuredText]),
      [
        [true, '2.70 ms'],
        [false, '2.70 ms'],
        [true, '2.70 ms'],
        [false, '325'],
        [true, '0.2 %'],
        [true, '5,000/s'],
        [true, '10,000'],
      ],
    );
  });

  it('has a bound for its figure where the generator was too slow', () => {
    const record = sampleRecord();
    const texts = [
      'publishes.rate > 1/s',
      'delivery.response.p99 < 1s',
      'publish.lag.p99 < 1s',
      'errors == 0',
    ];
    const said = (): string[] =>
      judgeObjectives(texts.map(parseObjective), record).map(({ measuredText }) => measuredText);
    const busy = { code: 'GENERATOR_BUSY', severity: 'invalid', text: '' } as const;
    record.verdict = { state: 'invalid', reasons: [busy] };
    assert.deepEqual(said(), ['at least 5,000/s', 'at most 2.70 ms', '203 µs', '0']);
    record.verdict.reasons = [{ ...busy, code: 'NEGATIVE_LATENCY' }];
    assert.deepEqual(said(), ['5,000/s', '2.70 ms', '203 µs', '0']);
  });

  it('is not met when the run has no such figure', () => {
    const record = sampleRecord();
    delete record.latency['publish.response'];
    record.measured = { seconds: 0, counters: {} };
    record.totals.deliveries.expected = 0;
    const texts = ['publish.response.p99 < 1h', 'publishes.rate >= 0/s', 'loss < 100%'];
    for (const result of judgeObjectives(texts.map(parseObjective), record)) {
      assert.deepEqual(
        [result.passed, result.measured, result.measuredText],
        [false, null, 'not measured'],
      );
    }
  });

  it('may name any metric that is listed', () => {
    const record = sampleRecord();
    for (const series of SERIES) record.latency[series] ??= record.latency['publish.service']!;
    const metrics = objectiveMetrics();
    assert.ok(metrics.length > 100);
    for (const metric of metrics) {
      const value = metric.split('.').length === 3 && !metric.endsWith('.count') ? '1s' : '1';
      const [result] = judgeObjectives([parseObjective(`${metric} >= ${value}`)], record);
      assert.ok(result !== undefined && result.measured !== null, metric);
    }
  });
});
