import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkScenario } from './check.js';
import { plan } from './plan.js';
import { scenarioSchema } from './schema.js';

function scenario(group: object) {
  return scenarioSchema.parse({
    name: 'checked',
    groups: [{ name: 'a', count: 10, ...group }],
    phases: [{ name: 'ramp', kind: 'ramp' }],
  });
}

const errors = (group: object) =>
  checkScenario(scenario(group)).errors.map(({ path, text }) => `${path.join('.')}: ${text}`);

test('below MQTT 5 each property and option is an error at its place', () => {
  const table: [group: object, path: string][] = [
    [{ properties: { receiveMaximum: 10 } }, 'groups.0.properties'],
    [{ will: { topic: 't', properties: { contentType: 'x' } } }, 'groups.0.will.properties'],
    [{ subscribe: [{ filter: 'f', noLocal: false }] }, 'groups.0.subscribe.0.noLocal'],
    [
      { subscribe: [{ filter: 'f' }, { filter: 'g', subscriptionIdentifier: 3 }] },
      'groups.0.subscribe.1.subscriptionIdentifier',
    ],
    [
      { publish: [{ topic: 't', properties: { messageExpiry: '1s' } }] },
      'groups.0.publish.0.properties',
    ],
  ];
  for (const [group, path] of table) {
    const expected = 'protocol: 5 in this group: MQTT 3.1.1 does not have it';
    assert.deepEqual(errors({ protocol: 4, ...group }), [`${path}: ${expected}`]);
    assert.deepEqual(errors({ protocol: 5, ...group }), []);
  }
});

test('what MQTT 5 does not allow is found before anything connects', () => {
  const table: [group: object, expected: RegExp][] = [
    [
      { subscribe: [{ filter: '$share/g/f', noLocal: true }] },
      /^groups.0.subscribe.0.noLocal: no noLocal: a shared subscription may not/,
    ],
    [
      { publish: [{ topic: 't/%s', properties: { topicAlias: true } }] },
      /topicAlias: a topic that stays the same/,
    ],
    [
      {
        devicesPerConnection: 5,
        publish: [{ topic: 't/%i', properties: { topicAlias: true } }],
      },
      /topicAlias: a topic without %i beside devicesPerConnection: the devices of a connection/,
    ],
    [
      { publish: [{ topic: 't', properties: { responseTopic: 'a/#' } }] },
      /responseTopic: a valid topic/,
    ],
    [
      { publish: [{ topic: 't', properties: { contentType: 'x'.repeat(70_000) } }] },
      /contentType: at most 65,535 bytes/,
    ],
    [{ properties: { userProperties: { a: '%s' } } }, /userProperties: no %s/],
    [
      { will: { topic: 't', properties: { correlationData: '%u' } } },
      /the group to have a username/,
    ],
  ];
  for (const [group, expected] of table) {
    const [first, ...others] = errors(group);
    assert.match(first!, expected);
    assert.deepEqual(others, []);
  }
});

test('a topic alias on a gateway may stand for a topic of all its devices', () => {
  const publish = [{ topic: 't/{gateway}', properties: { topicAlias: true } }];
  assert.deepEqual(errors({ devicesPerConnection: 5, publish }), []);
});

test('what a connection publishes itself is not expected back by a subscription with noLocal', () => {
  const deliveries = (...subscribe: object[]) =>
    plan(scenario({ devicesPerConnection: 5, subscribe, publish: [{ topic: 'all/%i' }] }))
      .groups[0]!.streams[0]!.deliveriesPerPublish;
  assert.equal(deliveries({ filter: 'all/+' }), 2);
  assert.equal(deliveries({ filter: 'all/+', noLocal: true }), 1);
  assert.equal(deliveries({ filter: 'all/%i', noLocal: true }), 0);
  assert.equal(deliveries({ filter: 'all/+', noLocal: true }, { filter: 'all/%i' }), 2);
  // The filters of its neighbours are the connection's as well.
  const neighbour = { filter: 'all/{gateway}', noLocal: false };
  assert.equal(deliveries({ filter: 'all/+', noLocal: true }, neighbour), 1.1);
});

test('what a device publishes itself is not expected back by a subscription with noLocal', () => {
  const deliveries = (...subscribe: object[]) =>
    plan(scenario({ subscribe, publish: [{ topic: 'all/%i' }] })).groups[0]!.streams[0]!
      .deliveriesPerPublish;
  assert.equal(deliveries({ filter: 'all/+' }), 10);
  assert.equal(deliveries({ filter: 'all/+', noLocal: true }), 9);
  assert.equal(deliveries({ filter: 'all/%i', noLocal: true }), 0);
  // Another filter of the same device brings it.
  assert.equal(deliveries({ filter: 'all/+', noLocal: true }, { filter: 'all/%i' }), 10);
});
