import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COUNTERS, type CounterName, type IntervalRow } from '../../results/mod.js';
import { type JudgedRun, judgeStep } from './step-verdict.js';

const SECONDS = 10;
const RUN: JudgedRun = {
  phases: [
    { name: 'measure', kind: 'steady', startUs: 0, endUs: SECONDS * 1e6, load: 1, measured: true },
    {
      name: 'drain',
      kind: 'drain',
      startUs: SECONDS * 1e6,
      endUs: null,
      load: null,
      measured: false,
    },
  ],
  verdict: { state: 'valid', reasons: [] },
  objectives: [],
  generator: { loopDelayMaxUs: 1000 },
};

/** The same in every second. */
function rows(perSec: Partial<Record<CounterName, number>>): IntervalRow[] {
  return Array.from({ length: SECONDS + 3 }, (_, second) => ({
    second,
    phase: second < SECONDS ? 'measure' : 'drain',
    lengthSec: 1,
    counters: Float64Array.from(COUNTERS, (name) => (second < SECONDS ? (perSec[name] ?? 0) : 0)),
    backlog: 0,
    loopUtilisation: 0.1,
    loopDelayMaxUs: 0,
    generatorCpuPercent: 10,
    latency: {},
    probes: {},
  }));
}

const CARRIED = rows({ publishesScheduled: 1000, publishesSentQos1: 1000, publishesAcked: 1000 });
const SLOW = rows({ publishesScheduled: 1000, publishesSentQos1: 1000, publishesAcked: 950 });

function fault(code: string, severity: 'suspect' | 'invalid'): JudgedRun {
  return { ...RUN, verdict: { state: severity, reasons: [{ code, severity, text: code }] } };
}

describe('a step', () => {
  it('holds when all that is offered is done', () => {
    assert.deepEqual(judgeStep(RUN, CARRIED), { outcome: 'holds', reason: '' });
    const qos0 = rows({ publishesScheduled: 500, publishesSent: 500, publishesSentQos0: 500 });
    assert.equal(judgeStep(RUN, qos0).outcome, 'holds');
  });

  it('breaks by a backlog that grows, of publishes or of deliveries', () => {
    assert.equal(judgeStep(RUN, SLOW).outcome, 'breaks');
    assert.match(judgeStep(RUN, SLOW).reason, /^backlog: publishes left undone grow by 50\/s/);
    const lost = rows({ deliveriesExpected: 1000, deliveriesReceived: 960 });
    assert.match(judgeStep(RUN, lost).reason, /^backlog: deliveries/);
  });

  it('breaks by collapse when a tenth is not done any more', () => {
    const half = rows({ publishesScheduled: 1000, publishesAcked: 500 });
    assert.match(judgeStep(RUN, half).reason, /^collapse: 50.0 % of the publishes were done/);
  });

  it('breaks by an objective that it misses', () => {
    const objectives = [
      {
        text: 'publish.response.p99 < 5ms',
        measured: 7000,
        measuredText: '7.00 ms',
        passed: false,
      },
    ];
    const verdict = judgeStep({ ...RUN, objectives }, CARRIED);
    assert.equal(verdict.outcome, 'breaks');
    assert.match(verdict.reason, /objective: publish.response.p99 < 5ms was 7.00 ms/);
  });

  it('says nothing when a stall of the generator explains the latency that is missed', () => {
    const measured = { measured: 7000, measuredText: '7.00 ms', passed: false };
    const objectives = [{ text: 'publish.response.p99 < 5ms', ...measured }];
    const stalled = { ...RUN, objectives, generator: { loopDelayMaxUs: 4000 } };
    assert.equal(judgeStep(stalled, CARRIED).outcome, 'starved');
    assert.equal(judgeStep(stalled, SLOW).outcome, 'breaks', 'throughput is not latency');
    const lost = [{ ...measured, text: 'deliveries.lost < 5' }];
    assert.equal(judgeStep({ ...stalled, objectives: lost }, CARRIED).outcome, 'breaks');
  });

  it('says nothing of the target when the generator was at fault', () => {
    assert.equal(judgeStep(fault('GENERATOR_BUSY', 'invalid'), CARRIED).outcome, 'starved');
    assert.equal(judgeStep(fault('GENERATOR_LATE', 'suspect'), SLOW).outcome, 'starved');
    assert.equal(judgeStep(fault('NEGATIVE_LATENCY', 'invalid'), CARRIED).outcome, 'starved');
  });

  it('holds although the generator was busy, and breaks although the target held sends back', () => {
    assert.equal(judgeStep(fault('GENERATOR_BUSY', 'suspect'), CARRIED).outcome, 'holds');
    assert.equal(judgeStep(fault('TARGET_HELD_LOAD', 'suspect'), SLOW).outcome, 'breaks');
  });
});
