import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSegments, parseScenario } from '../scenario/mod.js';
import { publishesAtLoadOne, stepScenario } from './step-scenario.js';

const TEXT = `
name: two
groups:
  - name: many
    count: 10
    publish: [{ topic: a/%i, arrivals: { kind: constant, ratePerSec: 100 }, limit: 50 }]
  - name: few
    count: 2
    publish: [{ topic: b/%i, arrivals: { kind: periodic, interval: 1s } }]
phases:
  - { name: ramp, kind: ramp, timeout: 9s }
  - { name: warm, kind: steady, duration: 1s, load: 9, measure: false }
  - { name: day, kind: steady, duration: 1s, load: { many: [0, 1], few: 2 } }
`;
const DURATIONS = { settleUs: 5e6, measureUs: 10e6, drainUs: 3e6 };

test('load 1 is what the first measured phase offers, group by group', () => {
  const scenario = parseScenario(TEXT, 'two.yaml');
  assert.equal(publishesAtLoadOne(scenario), 100 * 0.5 + 2 * 2);
  const step = stepScenario(scenario, 3, DURATIONS);
  assert.deepEqual(
    step.phases.map(({ name, kind }) => `${name} ${kind}`),
    ['ramp ramp', 'settle steady', 'measure steady', 'drain drain'],
  );
  const measure = step.phases[2]!;
  const whole = { startUs: 0, durationUs: DURATIONS.measureUs };
  assert.deepEqual(loadSegments(measure, 'many'), [{ ...whole, from: 1.5, to: 1.5 }]);
  assert.deepEqual(loadSegments(measure, 'few'), [{ ...whole, from: 6, to: 6 }]);
});

test('of a phase with a shape, load 1 is its mean', () => {
  const day = '{ name: day, kind: steady, duration: 1s, load: { many: [0, 1], few: 2 } }';
  const sine =
    '{ name: day, kind: sine, duration: 4s, low: 1, high: 3, period: 2s, groups: [few] }';
  const shaped = publishesAtLoadOne(parseScenario(TEXT.replace(day, sine), 'two.yaml'));
  assert.ok(Math.abs(shaped - (100 + 2 * 2)) < 0.1, `${shaped}/s`);
});

test('a step sends on, however many messages a stream was limited to', () => {
  const step = stepScenario(parseScenario(TEXT, 'two.yaml'), 1, { ...DURATIONS, settleUs: 0 });
  assert.equal(step.groups[0]!.publish[0]!.limit, 0);
  assert.deepEqual(
    step.phases.map(({ name }) => name),
    ['ramp', 'measure', 'drain'],
  );
});

test('what has no load to vary is refused with the reason', () => {
  const saturated = TEXT.replace('{ kind: constant, ratePerSec: 100 }', '{ kind: saturate }');
  assert.throws(() => publishesAtLoadOne(parseScenario(saturated, 'two.yaml')), /saturates/);
  const idle = TEXT.replace('{ many: [0, 1], few: 2 }', '{ many: 0 }');
  assert.throws(() => publishesAtLoadOne(parseScenario(idle, 'two.yaml')), /nobody publishes/);
});

test('devices that come and go in the measured phase do so in a step, at the same rate whatever the load', () => {
  const day = '{ name: day, kind: steady, duration: 1s, load: { many: [0, 1], few: 2 } }';
  const churn =
    '{ name: day, kind: churn, duration: 1s, ratePerSec: 4, groups: [many], share: 0.5, offline: 20ms, end: cut, load: 2 }';
  const scenario = parseScenario(TEXT.replace(day, churn), 'two.yaml');
  const [, settle, measure] = stepScenario(scenario, 3, DURATIONS).phases;
  for (const [phase, measured] of [
    [settle, false],
    [measure, true],
  ] as const) {
    assert.ok(phase?.kind === 'churn');
    const { ratePerSec, groups, share, offlineUs, end, measure } = phase;
    assert.deepEqual(
      [ratePerSec, groups, share, offlineUs, end],
      [4, ['many'], 0.5, 20_000, 'cut'],
    );
    assert.equal(measure, measured);
  }
  const whole = { startUs: 0, durationUs: DURATIONS.measureUs };
  assert.deepEqual(loadSegments(measure!, 'few'), [{ ...whole, from: 6, to: 6 }]);
  const deaf = TEXT.replace(day, churn).replace(
    'count: 10',
    "count: 10\n    subscribe: [{ filter: 'c/%i' }]",
  );
  assert.throws(
    () => publishesAtLoadOne(parseScenario(deaf, 'two.yaml')),
    /'many' come and go in phase day and keep no session/,
  );
  const storm = TEXT.replace(
    day,
    '{ name: day, kind: storm, duration: 1s, groups: [many] }',
  ).replace('count: 10', 'count: 10\n    reconnect: {}');
  assert.throws(() => publishesAtLoadOne(parseScenario(storm, 'two.yaml')), /day, is a storm/);
});
