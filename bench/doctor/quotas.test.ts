import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseScenario } from '../scenario/mod.js';
import { type Quotas, quotaChecks } from './quotas.js';

const SCENARIO = parseScenario(
  `
name: quotas
connect: { ratePerSec: 500/s }
groups:
  - name: senders
    count: 1k
    keepAlive: 60s
    publish:
      - { topic: site/%i/up, qos: 1, payload: { bytes: 100 }, arrivals: { kind: periodic, interval: 100ms } }
  - { name: readers, count: 10, subscribe: [{ filter: site/+/up }, { filter: $share/g/site/# }] }
phases:
  - { name: ramp, kind: ramp }
  - { name: calm, kind: steady, duration: 5s, load: 0.5 }
  - { name: peak, kind: steady, duration: 5s, load: [0, 2] }
`,
  'quotas.yaml',
);

/** Each just enough, by hand: 1,000 senders at 10/s at twice the load; 10 + 1 copies; 10 + 10 + 100 bytes. */
const ENOUGH: Quotas = {
  maxConnections: 1010,
  connectsPerSec: 500,
  publishesPerSec: 20_000,
  deliveriesPerSec: 220_000,
  publishesPerSecPerConnection: 20,
  maxPacketBytes: 120,
  maxTopicBytes: 15,
  maxTopicLevels: 3,
  maxQos: 1,
  retain: false,
  subscriptionsPerConnection: 2,
  keepAliveSec: { least: 30, most: 1200 },
};

test('a scenario within each quota passes each of them', () => {
  const checks = quotaChecks(SCENARIO, ENOUGH);
  assert.equal(checks.length, Object.keys(ENOUGH).length);
  assert.deepEqual(
    checks.filter(({ state }) => state !== 'ok'),
    [],
  );
});

for (const [name, quota] of Object.entries({
  maxConnections: 1009,
  connectsPerSec: 499,
  publishesPerSec: 19_999,
  deliveriesPerSec: 219_999,
  publishesPerSecPerConnection: 19.9,
  maxPacketBytes: 119,
  maxTopicBytes: 14,
  maxTopicLevels: 2,
  maxQos: 0,
  sharedSubscriptions: false,
  subscriptionsPerConnection: 1,
  keepAliveSec: { least: 61, most: 1200 },
})) {
  test(`a little less ${name} than the scenario needs is refused, with what to do`, () => {
    const failed = quotaChecks(SCENARIO, { ...ENOUGH, [name]: quota }).filter(
      ({ state }) => state === 'fail',
    );
    assert.equal(failed.length, 1);
    assert.ok(failed[0]!.fix.length > 0 && failed[0]!.needs !== failed[0]!.has);
  });
}

test('what sends as fast as it can is above any rate', () => {
  const saturated = parseScenario(
    `
name: s
groups: [{ name: d, count: 1, publish: [{ topic: t, arrivals: { kind: saturate } }] }]
phases: [{ name: ramp, kind: ramp }, { name: s, kind: steady, duration: 5s }]
`,
    's.yaml',
  );
  const [check] = quotaChecks(saturated, { publishesPerSecPerConnection: 1e9 });
  assert.equal(check?.state, 'fail');
  assert.equal(check?.needs, 'as fast as it can');
});

test('without quotas there is nothing to check', () => {
  assert.deepEqual(quotaChecks(SCENARIO, {}), []);
});
