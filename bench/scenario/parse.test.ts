import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScenarioError } from './error.js';
import { parseScenario, type ScenarioChanges } from './parse.js';
import { loadSegments } from './phase-load.js';
import { SetPathError } from './set-paths.js';

const MINIMAL = `name: minimal
groups:
  - name: sensors
    count: 10
phases:
  - { name: ramp, kind: ramp }
`;

function fail(text: string, changes?: ScenarioChanges): ScenarioError {
  try {
    parseScenario(text, 'test.yaml', changes);
  } catch (error) {
    assert.ok(error instanceof ScenarioError, String(error));
    return error;
  }
  assert.fail('it was accepted');
}

test('what a scenario leaves out has its default, durations are in µs', () => {
  const scenario = parseScenario(
    `${MINIMAL}  - { name: steady, kind: steady, duration: 1m }
  - { name: drain, kind: drain }
`,
    'test.yaml',
  );
  assert.deepEqual(scenario, {
    name: 'minimal',
    seed: 1,
    target: [],
    probes: {},
    sourceAddresses: [],
    connect: { ratePerSec: 1000, timeoutUs: 30_000_000 },
    groups: [
      {
        name: 'sensors',
        count: 10,
        devicesPerConnection: 1,
        startNumber: 0,
        clientId: 'fg-{run}-%g-%i',
        protocol: 5,
        driver: 'lean',
        cleanStart: true,
        sessionExpiryUs: 0,
        keepAliveUs: 60_000_000,
        inflight: 20,
        subscribe: [],
        publish: [],
      },
    ],
    phases: [
      { name: 'ramp', kind: 'ramp' },
      {
        name: 'steady',
        kind: 'steady',
        durationUs: 60_000_000,
        load: { kind: 'all', line: { from: 1, to: 1 } },
        measure: true,
      },
      { name: 'drain', kind: 'drain', durationUs: 5_000_000 },
    ],
    objectives: [],
  });
});

test('a stream and a will have their defaults', () => {
  const scenario = parseScenario(
    MINIMAL.replace('count: 10', 'count: 10\n    publish: [{ topic: a }]\n    will: { topic: w }'),
    'test.yaml',
  );
  assert.deepEqual(scenario.groups[0]!.publish, [
    {
      topic: 'a',
      qos: 0,
      retain: false,
      payload: { kind: 'filler', bytes: 64 },
      arrivals: { kind: 'periodic', intervalUs: 1_000_000 },
      limit: 0,
    },
  ]);
  assert.deepEqual(scenario.groups[0]!.will, {
    topic: 'w',
    payload: '',
    qos: 0,
    retain: false,
    delayUs: 0,
  });
});

test('JSON is read as well, and so are anchors and merged mappings', () => {
  const json = JSON.stringify({
    name: 'j',
    target: 'mqtt://h',
    groups: [{ name: 'a', count: '1.5k', protocol: '3.1.1' }],
    phases: [{ name: 'r', kind: 'ramp', timeout: '90s' }],
  });
  const fromJson = parseScenario(json, 'test.json');
  assert.deepEqual(fromJson.target, ['mqtt://h']);
  assert.equal(fromJson.groups[0]!.count, 1500);
  assert.equal(fromJson.groups[0]!.protocol, 4);
  assert.deepEqual(fromJson.phases[0], { name: 'r', kind: 'ramp', timeoutUs: 90_000_000 });
  const merged = parseScenario(
    `name: m
groups:
  - &base { name: a, count: 3, keepAlive: 5m }
  - { <<: *base, name: b }
phases: [{ name: r, kind: ramp }]
`,
    'test.yaml',
  );
  assert.equal(merged.groups[1]!.keepAliveUs, 300_000_000);
  assert.equal(merged.groups[1]!.name, 'b');
});

test('the load of a group is a number, a line, or its entry in a mapping', () => {
  const scenario = parseScenario(
    `${MINIMAL}  - { name: a, kind: steady, duration: 1s, load: 0.5 }
  - { name: b, kind: steady, duration: 1s, load: [0, 2] }
  - { name: c, kind: steady, duration: 1s, load: { sensors: [1, 0] } }
  - { name: d, kind: steady, duration: 1s, load: {} }
  - { name: e, kind: drain }
`,
    'test.yaml',
  );
  assert.deepEqual(
    scenario.phases.map((phase) =>
      loadSegments(phase, 'sensors').map(({ from, to }) => [from, to]),
    ),
    [[], [[0.5, 0.5]], [[0, 2]], [[1, 0]], [[0, 0]], []],
  );
});

/** A change of the minimal file, and the one line that it is answered with. */
const WRONG: [replace: string, by: string, line: string][] = [
  [
    'count: 10',
    'count: ten',
    `4:12: groups.0.count: expected a whole number from 1, such as 200 or 10k, found "ten"`,
  ],
  [
    'count: 10',
    'count: 0',
    `4:12: groups.0.count: expected a whole number from 1, such as 200 or 10k, found 0`,
  ],
  [
    'count: 10',
    'count: 10\n    cuont: 5',
    `5:5: groups.0.cuont: expected a known key (did you mean 'count'?), found 'cuont'`,
  ],
  [
    'count: 10',
    'startNumber: 1',
    `3:5: groups.0.count: expected a whole number from 1, such as 200 or 10k`,
  ],
  ['name: minimal', 'name: [1]', `1:7: name: expected a name, found [1]`],
  ['name: minimal', 'seed: 1', `1:1: name: expected a name`],
  [
    'kind: ramp',
    'kind: rmap',
    `6:25: phases.0.kind: expected a kind of phase: ramp, steady, step, spike, sine, churn, storm or drain, found "rmap"`,
  ],
  [
    'kind: ramp',
    'kind: steady, duration: 30',
    `6:43: phases.0.duration: expected a duration with its unit, such as 30s, 5m or 200ms, found 30`,
  ],
  [
    'kind: ramp',
    'kind: ramp, timeout: soon',
    `6:40: phases.0.timeout: expected a duration with its unit, such as 30s, 5m or 200ms, found "soon"`,
  ],
  [
    'count: 10',
    'count: 10\n    keepAlive: 1500ms',
    `5:16: groups.0.keepAlive: expected a duration of whole seconds up to 65535s, such as 60s or 5m, found "1500ms"`,
  ],
  [
    'count: 10',
    'count: 10\n    inflight: 70k',
    `5:15: groups.0.inflight: expected a whole number from 0 to 65535, such as 200 or 10k, found "70k"`,
  ],
  [
    'count: 10',
    'count: 10\n    protocol: 6',
    `5:15: groups.0.protocol: expected 3, 4 or 5 (or '3.1', '3.1.1', '5.0'), found 6`,
  ],
  [
    'count: 10',
    'count: 10\n    driver: fast',
    `5:13: groups.0.driver: expected lean or mqttjs, found "fast"`,
  ],
  [
    'count: 10',
    'count: 10\n    cleanStart: yes',
    `5:17: groups.0.cleanStart: expected true or false, found "yes"`,
  ],
  [
    'count: 10',
    'count: 10\n    publish: { topic: a }',
    `5:14: groups.0.publish: expected a list of streams ({ topic, … }), found {"topic":"a"}`,
  ],
  [
    'count: 10',
    'count: 10\n    publish: [{ topic: a, payload: { bytes: 5, text: x } }]',
    `5:36: groups.0.publish.0.payload: expected one of { bytes: 64 }, { text: … }, { template: … } and { file: … } (the last three with header: true to be timed), found {"bytes":5,"text":"x"}`,
  ],
  [
    'count: 10',
    'count: 10\n    publish: [{ topic: a, arrivals: { kind: random } }]',
    `5:45: groups.0.publish.0.arrivals.kind: expected a kind of arrivals: periodic, constant, poisson or saturate, found "random"`,
  ],
  [
    'count: 10',
    'count: 10\n    publish: [{ topic: a, arrivals: { kind: poisson, ratePerSec: 0 } }]',
    `5:66: groups.0.publish.0.arrivals.ratePerSec: expected a rate above 0, such as 500 or 50/s, found 0`,
  ],
  [
    'count: 10',
    'count: 10\n    subscribe: [{ filter: a, qos: 3 }]',
    `5:35: groups.0.subscribe.0.qos: expected 0, 1 or 2, found 3`,
  ],
  [
    'count: 10',
    'count: 10\n    will: later',
    `5:11: groups.0.will: expected a mapping, found "later"`,
  ],
  [MINIMAL, '', 'expected a mapping'],
  [MINIMAL, '{', `1:2: expected valid YAML or JSON (Flow map must end with a })`],
  [
    MINIMAL,
    'a: *b',
    '1:4: expected valid aliases (Unresolved alias (the anchor must be set before the alias): b)',
  ],
];

test('what is wrong is told with its line, its path, what was expected and what was found', () => {
  for (const [replace, by, line] of WRONG) {
    const place = /^\d/.test(line) ? `test.yaml:${line}` : `test.yaml: ${line}`;
    assert.equal(fail(MINIMAL.replace(replace, by)).message, place);
  }
});

test('all issues are listed, one line each, in the order of the file', () => {
  const error = fail(`name: many
sead: 5
groups:
  - name: a
    count: -1
    qos: 1
  - count: 5
phases: []
`);
  assert.deepEqual(
    error.message.split('\n').map((line) => line.replace(/: expected.*/, '')),
    [
      'test.yaml:2:1: sead',
      'test.yaml:5:12: groups.0.count',
      'test.yaml:6:5: groups.0.qos',
      'test.yaml:7:5: groups.1.name',
      'test.yaml:8:9: phases',
    ],
  );
  assert.equal(error.issues.length, 5);
  assert.deepEqual([error.code, error.file, error.line], ['SCENARIO_INVALID', 'test.yaml', 2]);
});

test('an alias that grows without bounds is refused, not expanded', () => {
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', 'b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]']
    .concat('c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]', 'd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]')
    .join('\n');
  assert.match(fail(bomb).message, /alias/i);
});

test('--set changes a value before anything is checked', () => {
  const set = (...set: string[]) => parseScenario(MINIMAL, 'test.yaml', { set });
  assert.equal(set('groups.0.count=2k').groups[0]!.count, 2000);
  assert.equal(set('groups.sensors.count=3').groups[0]!.count, 3);
  assert.equal(set('connect.ratePerSec=50/s').connect.ratePerSec, 50);
  assert.deepEqual(set('target=[mqtt://a, mqtt://b]').target, ['mqtt://a', 'mqtt://b']);
  assert.equal(set('groups.sensors.clientId=%i').groups[0]!.clientId, '%i');
  assert.equal(set('groups.1.name=b', 'groups.1.count=4').groups[1]!.count, 4);
  assert.equal(
    set('groups.sensors.publish=[{ topic: a }]', 'groups.sensors.publish.0.topic=b').groups[0]!
      .publish[0]!.topic,
    'b',
  );
  assert.equal(set('groups.0.username=a=b').groups[0]!.username, 'a=b');
});

test('a bad --set is told as such; a bad value as any other', () => {
  const table: [string, RegExp][] = [
    ['groups.0.count', /--set groups.0.count: expected path=value/],
    ['groups.motors.count=5', /groups has no element 'motors'/],
    ['groups.7.count=5', /groups has no element '7'/],
    ['name.first=x', /name is a plain value/],
    ['groups.0.publish=[{', /the value is not YAML/],
  ];
  for (const [assignment, message] of table) {
    assert.throws(
      () => parseScenario(MINIMAL, 'test.yaml', { set: [assignment] }),
      (error) => error instanceof SetPathError && message.test(error.message),
      assignment,
    );
  }
  assert.match(fail(MINIMAL, { set: ['groups.0.count=x'] }).message, /^test.yaml.*found "x"$/);
});
