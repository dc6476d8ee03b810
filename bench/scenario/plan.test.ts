import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileTemplate, GroupIdentity } from './mod.js';
import { messageLimit, plan } from './plan.js';
import { scale } from './scale.js';
import { type Scenario, scenarioSchema } from './schema.js';

function scenarioOf(groups: object[], rest: object = {}): Scenario {
  const phases = [{ name: 'ramp', kind: 'ramp' }];
  return scenarioSchema.parse({ name: 'planned', groups, phases, ...rest });
}

const GROUPS = [
  { name: 'a', count: 100, subscribe: [{ filter: 'x/%i' }, { filter: 'news' }] },
  {
    name: 'b',
    count: 50,
    publish: [
      { topic: 'x/%i', arrivals: { kind: 'periodic', interval: '100ms' } },
      { topic: 'news', arrivals: { kind: 'constant', ratePerSec: 7 } },
    ],
  },
  {
    name: 'c',
    count: 10,
    publish: [{ topic: 'none', arrivals: { kind: 'poisson', ratePerSec: 3 } }],
  },
];

test('devices and senders are numbered through, group by group and stream by stream', () => {
  const planned = plan(scenarioOf(GROUPS));
  assert.equal(planned.deviceCount, 160);
  assert.equal(planned.senderCount, 110);
  assert.equal(planned.subscriptionCount, 200);
  assert.deepEqual(
    planned.groups.map(({ name, connectionBase }) => [name, connectionBase]),
    [
      ['a', 0],
      ['b', 100],
      ['c', 150],
    ],
  );
  assert.deepEqual(
    planned.groups.flatMap(({ streams }) => streams.map((s) => [s.senderBase, s.streamKey])),
    [
      [0, 0],
      [50, 1],
      [100, 2],
    ],
  );
});

test('the rates are those of load 1 with every device connected', () => {
  const planned = plan(scenarioOf(GROUPS, { connect: { ratePerSec: 100 } }));
  assert.equal(planned.publishesPerSec, 500 + 7 + 3);
  assert.equal(planned.deliveriesPerSec, 500 + 700);
  assert.equal(planned.connectsPerSec, 100);
  assert.equal(planned.connectDurationUs, 1_590_000);
  assert.equal(planned.rampTimeoutUs, 61_600_000);
  assert.ok(!planned.saturates);
});

test('a stream that saturates has no rate, and the plan says so', () => {
  const publish = [{ topic: 'x', arrivals: { kind: 'saturate' } }];
  const planned = plan(scenarioOf([{ name: 'a', count: 2, publish }]));
  assert.ok(planned.saturates);
  assert.equal(planned.groups[0]!.streams[0]!.publishesPerSec, undefined);
  assert.equal(planned.publishesPerSec, 0);
});

test('the mean fan-out takes devices that hit and devices that miss', () => {
  const planned = plan(
    scenarioOf([
      { name: 'few', count: 10, subscribe: [{ filter: 't/%i' }] },
      { name: 'many', count: 40, publish: [{ topic: 't/%i' }] },
    ]),
  );
  assert.equal(planned.groups[1]!.streams[0]!.deliveriesPerPublish, 0.25);
});

test('a limit is dealt out to the last message', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 50 }),
      (limit, count) => {
        const stream = scenarioOf([{ name: 'a', count, publish: [{ topic: 'x', limit }] }])
          .groups[0]!.publish[0]!;
        const shares = Array.from({ length: count }, (_, k) => messageLimit(stream, count, k));
        assert.equal(
          shares.reduce((sum, share) => sum + share, 0),
          limit,
        );
        assert.ok(Math.max(...shares) - Math.min(...shares) <= 1);
      },
    ),
  );
  const unlimited = scenarioOf([{ name: 'a', count: 3, publish: [{ topic: 'x' }] }]);
  assert.equal(messageLimit(unlimited.groups[0]!.publish[0]!, 3, 2), Number.POSITIVE_INFINITY);
});

test('scaling multiplies devices and rates, and leaves what a single device does', () => {
  const scenario = scenarioOf(
    [
      {
        name: 'a',
        count: 100,
        inflight: 7,
        publish: [
          { topic: 'x', arrivals: { kind: 'periodic', interval: '2s' }, limit: 50 },
          { topic: 'x', arrivals: { kind: 'poisson', ratePerSec: 30 } },
        ],
      },
      { name: 'b', count: 1 },
    ],
    { connect: { ratePerSec: 500 } },
  );
  const half = scale(scenario, 0.1);
  assert.deepEqual(
    half.groups.map(({ count, inflight }) => [count, inflight]),
    [
      [10, 7],
      [1, 20],
    ],
  );
  assert.equal(half.connect.ratePerSec, 50);
  assert.deepEqual(half.groups[0]!.publish[0]!.arrivals, {
    kind: 'periodic',
    intervalUs: 2_000_000,
  });
  assert.deepEqual(half.groups[0]!.publish[1]!.arrivals, { kind: 'poisson', ratePerSec: 3 });
  assert.deepEqual(
    half.groups[0]!.publish.map(({ limit }) => limit),
    [5, 0],
  );
  assert.equal(plan(half).publishesPerSec, plan(scenario).publishesPerSec / 10);
  assert.equal(scale(scenario, 1), scenario);
  for (const factor of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => scale(scenario, factor), RangeError);
  }
});

test('a device is rendered from its group, client id and user name in either order', () => {
  const [byId, byName] = scenarioOf([
    { name: 'a', count: 9, startNumber: 5, clientId: '{run}-%i', username: 'u-%c' },
    { name: 'b', count: 9, clientId: '%u@%g', username: 'u%i' },
  ]).groups;
  const first = new GroupIdentity(byId!, 'beef', 1).valuesOf(3, 42);
  assert.deepEqual(
    [first.number, first.clientId, first.username, first.sender, first.message],
    [8, 'beef-8', 'u-beef-8', 42, 1],
  );
  const second = new GroupIdentity(byName!, 'beef', 1).valuesOf(3, 0);
  assert.deepEqual([second.clientId, second.username], ['u3@b', 'u3']);
  assert.equal(compileTemplate('%c/%u').render(second), 'u3@b/u3');
});
