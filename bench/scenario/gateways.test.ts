import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkScenario } from './check.js';
import { GroupIdentity } from './identity.js';
import { leavers } from './leavers.js';
import { parseScenario } from './parse.js';
import { plan } from './plan.js';
import { scale } from './scale.js';

const SCENARIO = parseScenario(
  `name: t
connect: { ratePerSec: 10 }
groups:
  - name: meters
    count: 1005
    devicesPerConnection: 50
    subscribe: [{ filter: 'to/%i' }, { filter: '$share/s/all' }]
    publish: [{ topic: 'from/%i', arrivals: { kind: periodic, interval: 10s } }]
  - { name: control, count: 2, subscribe: [{ filter: 'from/#' }] }
phases:
  - { name: ramp, kind: ramp }
  - { name: churn, kind: churn, duration: 10s, groups: [meters], share: 0.5, ratePerSec: 1 }
`,
  'test.yaml',
);

test('devices publish, connections connect: the plan counts each for what it does', () => {
  const planned = plan(SCENARIO);
  assert.deepEqual([planned.deviceCount, planned.connectionCount], [1007, 21 + 2]);
  assert.equal(planned.senderCount, 1005);
  assert.equal(planned.publishesPerSec, 100.5);
  assert.equal(planned.deliveriesPerSec, 201);
  assert.equal(planned.subscriptionCount, 1005 + 21 + 2);
  assert.equal(planned.connectDurationUs, 2_200_000);
  assert.deepEqual(
    planned.groups.map(({ connectionBase }) => connectionBase),
    [0, 21],
  );
});

test('connections leave, and with them half of the devices', () => {
  const leaving = leavers(SCENARIO, SCENARIO.phases[1]!)!;
  assert.equal(leaving.connections, 11);
  assert.deepEqual([leaving.placeOf(0, 10), leaving.placeOf(0, 11)], [10, -1]);
});

test('a tenth of the devices have a tenth of the connections', () => {
  const planned = plan(scale(SCENARIO, 0.1));
  assert.deepEqual([planned.groups[0]!.count, planned.groups[0]!.connections], [101, 3]);
});

test('a row of a credentials file is a connection’s, for all of its devices', () => {
  const rows = ['a', 'b'].map((clientId) => ({
    clientId,
    username: undefined,
    password: clientId,
  }));
  const identity = new GroupIdentity({ ...SCENARIO.groups[0]!, count: 60 }, 'beef', 1, rows);
  const ids = [0, 49, 50, 59].map((index) => identity.valuesOf(index, 0).clientId);
  assert.deepEqual(ids, ['a', 'a', 'b', 'b']);
  assert.equal(identity.passwordOf(1), 'b');
});

test('client ids must differ from connection to connection, by %i or {gateway}', () => {
  const errors = (clientId: string) =>
    checkScenario({
      ...SCENARIO,
      groups: [{ ...SCENARIO.groups[0]!, clientId }, SCENARIO.groups[1]!],
    }).errors.map(({ text }) => text);
  assert.deepEqual(errors('g-%i'), []);
  assert.deepEqual(errors('g-{gateway}'), []);
  assert.match(errors('g')[0]!, /^%i in the client id, for the 21 connections to have one each/);
});
