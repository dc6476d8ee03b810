import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseDemand } from './demand.js';
import { demandLike, type EstimateInput, estimateDemand } from './estimate.js';
import { EstimateError } from './estimate-error.js';
import { headline, reportLines } from './report.js';
import { reportJson } from './report-json.js';
import { DESIGNED, ONE_TO_ONE, syntheticRun } from './synthetic-target.js';

const demand = parseDemand(
  `connections: 3m
publishesPerSec: { qos0: 100k, qos1: 200k }
deliveriesPerSec: { qos0: 400k, qos1: 100k }
payloadBytes: 64
topicBytes: 24
reconnectMinutes: 15
node: { cores: 8, memoryGiB: 32, nicGbps: 10 }
`,
  'demand.yaml',
);

const designed: EstimateInput = {
  runs: [syntheticRun(DESIGNED, { runId: 'designed' })],
  checks: [syntheticRun(ONE_TO_ONE, { seed: 9, runId: 'telemetry' })],
  demand,
};
const oneToOne: EstimateInput = {
  runs: [
    {
      ...syntheticRun(ONE_TO_ONE, { runId: 'telemetry' }),
      doubts: [
        'the run is suspect',
        'the generator was late: 2.1 % of publishes by more than 1 ms',
      ],
    },
  ],
  checks: [],
  demand: { ...demand, node: { ...demand.node, name: 'c7g.2xlarge' } },
};

/** `UPDATE_GOLDEN=1` writes what the report says now; read the difference before keeping it. */
function goldenText(name: string, now: string): string {
  const path = fileURLToPath(new URL(`../../estimator/golden/${name}`, import.meta.url));
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, now);
  return readFileSync(path, 'utf8');
}

function golden(name: string, text: string): void {
  assert.equal(text, goldenText(name, text));
}

describe('the report', () => {
  it('of a designed run with a check run is as agreed', () => {
    golden('designed.txt', `${reportLines(estimateDemand(designed)).join('\n')}\n`);
  });

  it('of a run that could not split its costs is as agreed', () => {
    golden('one-to-one.txt', `${reportLines(estimateDemand(oneToOne)).join('\n')}\n`);
  });

  it('as JSON is as agreed', () => {
    const rounded = (_: string, value: unknown) =>
      typeof value === 'number' ? Number(value.toPrecision(6)) : value;
    const now = JSON.stringify(reportJson(estimateDemand(designed)), rounded);
    const kept = goldenText('designed.json', now);
    assert.equal(now, JSON.stringify(JSON.parse(kept)));
  });

  it('fits a terminal of 80 columns', () => {
    for (const input of [designed, oneToOne]) {
      for (const line of reportLines(estimateDemand(input))) {
        assert.ok(line.length <= 80, `${line.length}: ${line}`);
      }
    }
  });

  it('says what a check run did that the fitted runs do not tell', () => {
    const phases = [
      ...ONE_TO_ONE,
      { name: 'exactly', seconds: 5, publishes: [0, 0, 500] as const },
    ];
    const checks = [syntheticRun(phases, { seed: 4, runId: 'exactly' })];
    const report = reportLines(estimateDemand({ ...designed, checks })).join('\n');
    assert.match(report, /The fitted runs do not tell what publishes QoS 2 cost: the prediction/);
  });

  it('begins with the answer', () => {
    const estimate = estimateDemand(designed);
    assert.match(headline(estimate), /^\d+ nodes of 8 cores, 32 GiB and 10 Gbit\/s$/);
    assert.equal(reportLines(estimate)[0], headline(estimate));
  });
});

describe('an estimate', () => {
  it('is the same for the same runs', () => {
    assert.deepEqual(reportJson(estimateDemand(designed)), reportJson(estimateDemand(designed)));
  });

  it('is wider, and says why, when a cost could not be split and the demand has another shape', () => {
    const small = { ...demand, node: { ...demand.node, cores: 1, memoryGiB: 64 } };
    const estimate = estimateDemand({ ...oneToOne, demand: small });
    const { low, high } = estimate.sizing.interval;
    assert.ok(high - low > 5, `${low} to ${high}`);
    assert.ok(estimate.assumptions.some((text) => text.includes('only moved together')));
  });

  it('excludes the overhead of a cluster that was not measured', () => {
    const { exclusions } = estimateDemand(designed);
    assert.match(exclusions[0]!, /^Cluster overhead: not measured/);
  });

  it('of more devices of the same kind has the shape of the run, so its split does not matter', () => {
    const [run] = oneToOne.runs;
    const { connections: _, publishesPerSec: __, deliveriesPerSec: ___, ...frame } = demand;
    const like = demandLike(run!, 1_000_000, frame);
    for (const rates of [like.publishesPerSec, like.deliveriesPerSec]) {
      assert.ok(Math.abs(rates[0] / 800_000 - 1) < 0.03 && Math.abs(rates[1] / 800_000 - 1) < 0.03);
      assert.equal(rates[2], 0);
    }
    const { interval, nodes } = estimateDemand({ ...oneToOne, demand: like }).sizing;
    assert.ok(interval.high - interval.low <= 0.1 * nodes, JSON.stringify(interval));
  });

  const refused: { what: string; input: EstimateInput; message: RegExp }[] = [
    {
      what: 'a run that is fitted and checked against',
      input: { ...designed, checks: designed.runs },
      message: /^run designed is given twice/,
    },
    {
      what: 'runs of different machines',
      input: {
        ...designed,
        runs: [...designed.runs, { ...syntheticRun(ONE_TO_ONE, { seed: 3 }), host: 'another' }],
      },
      message: /^runs designed and synthetic-3 were made on different machines/,
    },
    { what: 'no run at all', input: { ...designed, runs: [] }, message: /^no run is given/ },
    {
      what: 'a demand of what no run did',
      input: { ...designed, demand: { ...demand, publishesPerSec: [0, 0, 100] } },
      message: /^not identifiable in these runs, and the demand has it: publishes QoS 2/,
    },
  ];
  for (const { what, input, message } of refused) {
    it(`is refused: ${what}`, () => {
      assert.throws(
        () => estimateDemand(input),
        (error) => error instanceof EstimateError && message.test(error.message),
      );
    });
  }
});
