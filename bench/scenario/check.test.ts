import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkScenario, scenarioNotes } from './check.js';
import { type Scenario, scenarioSchema } from './schema.js';

const RAMP = { name: 'ramp', kind: 'ramp' };

/** One group `a` of 10 devices with these fields, and one ramp, unless told otherwise. */
function scenario(group: object, rest: object = {}): Scenario {
  return scenarioSchema.parse({
    name: 'checked',
    groups: [{ name: 'a', count: 10, ...group }],
    phases: [RAMP],
    ...rest,
  });
}

function errors(group: object, rest: object = {}): string[] {
  return checkScenario(scenario(group, rest)).errors.map(
    ({ path, text }) => `${path.join('.')}: ${text}`,
  );
}

const publish = (stream: object) => ({ publish: [{ topic: 'a/%i', ...stream }] });
const steady = (load: unknown) => ({
  phases: [RAMP, { name: 's', kind: 'steady', duration: '1s', load }],
});
const two = (a: object, b: object, rest: object = {}) =>
  [
    {},
    {
      groups: [
        { name: 'a', count: 10, ...a },
        { name: 'b', count: 10, ...b },
      ],
      ...rest,
    },
  ] as const;

test('each thing that cannot work is found at its place', () => {
  const table: [group: object, rest: object, expected: RegExp][] = [
    [...two({}, { name: 'a' }), /^groups.1.name: a name that groups.0 does not have already/],
    [{}, { phases: [RAMP, { name: 'ramp', kind: 'drain' }] }, /^phases.1.name: a name/],
    [{}, steady({ aa: 1 }), /^phases.1.load.aa: the name of a group \(did you mean 'a'\?\)/],
    [{}, steady({ pumps: 1 }), /^phases.1.load.pumps: the name of a group \(groups: a\)/],
    [
      {},
      { phases: [{ name: 'd', kind: 'drain' }] },
      /^phases.0.kind: the first phase to be a ramp/,
    ],
    [{}, { phases: [RAMP, { name: 'r', kind: 'ramp' }] }, /^phases.1.kind: one ramp only/],
    [
      { devicesPerConnection: 5, behaviour: { kind: 'kura' } },
      {},
      /^groups.0.devicesPerConnection: 1 beside behaviour: kura, whose clients are gateways themselves/,
    ],
    [{}, { phases: [RAMP, { name: 's', kind: 'steady', duration: '0s' }] }, /^phases.1.duration: /],
    [
      publish({ arrivals: { kind: 'periodic', interval: '0s' } }),
      {},
      /arrivals.interval: an interval above 0/,
    ],
    [
      publish({ payload: { template: 'x {int:9..1}' } }),
      {},
      /^groups.0.publish.0.payload.template: a range of whole numbers such as \{int:0..100\}, not \{int:9..1\}/,
    ],
    [
      {},
      {
        phases: [
          RAMP,
          { name: 'p', kind: 'spike', duration: '1s', peak: 2, at: '900ms', width: '200ms' },
        ],
      },
      /^phases.1.at: a spike that ends within/,
    ],
    [
      {},
      {
        phases: [
          RAMP,
          { name: 'c', kind: 'churn', duration: '1s', ratePerSec: 200, groups: ['aa'] },
        ],
      },
      /^phases.1.groups.0: the name of a group \(did you mean 'a'\?\)/,
    ],
    [
      {},
      { phases: [RAMP, { name: 'c', kind: 'churn', duration: '1s', ratePerSec: 200 }] },
      /^phases.1.ratePerSec: a rate below 100\/s: each of the 10 connections is offline/,
    ],
    [
      {},
      { phases: [RAMP, { name: 's', kind: 'storm', duration: '1s' }] },
      /^groups.0: reconnect, which says how its devices come back from phase 's'/,
    ],
    [publish({ topic: 'a/#' }), {}, /^groups.0.publish.0.topic: a valid topic \(/],
    [publish({ topic: 'a/+/%i' }), {}, /^groups.0.publish.0.topic: a valid topic \(/],
    [publish({ topic: '' }), {}, /^groups.0.publish.0.topic: a valid topic \(/],
    [{ will: { topic: 'w/#' } }, {}, /^groups.0.will.topic: a valid topic \(/],
    [{ will: { topic: 'w/%s' } }, {}, /^groups.0.will.topic: no %s/],
    [{ subscribe: [{ filter: 'a/#/b' }] }, {}, /^groups.0.subscribe.0.filter: a valid filter \(/],
    [{ subscribe: [{ filter: 'a+' }] }, {}, /^groups.0.subscribe.0.filter: a valid filter \(/],
    [
      { subscribe: [{ filter: '$share/x' }] },
      {},
      /^groups.0.subscribe.0.filter: a valid filter \(/,
    ],
    [{ subscribe: [{ filter: '%u/#', qos: 1 }], username: '+x' }, {}, /filter: a valid filter/],
    [{ subscribe: [{ filter: 'a/%rand_5' }] }, {}, /subscribe.0.filter: no %rand_N here/],
    [{ subscribe: [{ filter: 'a/%s' }] }, {}, /subscribe.0.filter: no %s/],
    [{ subscribe: [{ filter: '%u' }] }, {}, /filter: the group to have a username/],
    [{ clientId: 'c%rand_5%i' }, {}, /^groups.0.clientId: no %rand_N/],
    [{ clientId: '%c%i' }, {}, /^groups.0.clientId: no %c/],
    [{ clientId: '%u%i' }, {}, /^groups.0.clientId: the group to have a username/],
    [{ username: '%u' }, {}, /^groups.0.username: no %u/],
    [{ username: '%c', clientId: '%u%i' }, {}, /^groups.0.username: no %c/],
    [{ password: '%s' }, {}, /^groups.0.password: no %s/],
    [publish({ payload: { template: 'x %rand_5' } }), {}, /payload.template: no %rand_N/],
    [
      publish({ payload: { template: 'x %u' } }),
      {},
      /payload.template: the group to have a username/,
    ],
    [{ clientId: 'same' }, {}, /^groups.0.clientId: %i in the client id, for the 10 connections/],
    [{ clientId: '%u', username: 'same' }, {}, /^groups.0.clientId: %i in the client id/],
    [{ clientId: '', count: 1 }, {}, /^groups.0.clientId: a client id that is not empty/],
    [...two({ clientId: 'c%i' }, { clientId: 'c%i' }), /^groups.1.clientId: .* not 'c0'/],
    [...two({ clientId: 'c%i' }, { clientId: 'c%i', startNumber: 9 }), /not 'c9'/],
    [...two({ clientId: 'c%i', startNumber: 10 }, { clientId: 'c1%i' }), /not 'c10'/],
    [...two({ clientId: 'c%i' }, { clientId: 'c3', count: 1 }), /not 'c3'/],
    [...two({ clientId: 'c', count: 1 }, { clientId: 'c', count: 1 }), /not 'c'/],
    [{ clientId: `${'x'.repeat(23)}%i`, protocol: 3 }, {}, /at most 23 bytes for MQTT 3.1, not 24/],
    [{ password: 'p', protocol: 4 }, {}, /^groups.0.password: a username beside it/],
    [publish({ arrivals: { kind: 'saturate' } }), steady(0.5), /^phases.1.load: load 0 or 1/],
    [publish({ arrivals: { kind: 'saturate' } }), steady([0, 1]), /^phases.1.load: load 0 or 1/],
    [{ count: 4e9, publish: [{ topic: 'a' }, { topic: 'b' }] }, {}, /^groups: at most 2\^32/],
    [{}, { target: ['quic://h'] }, /^target.0: a target URL .*QUIC/],
    [{}, { sourceAddresses: ['eth0'] }, /^sourceAddresses.0: an IP address of this machine/],
    [{}, { tls: { cert: 'a' } }, /^tls.key: the key of the certificate/],
    [{}, { tls: { key: 'a' } }, /^tls.cert: the certificate of the key/],
    [{}, { tls: { cert: 'a', key: '%s' } }, /^tls.key: no %s/],
    [
      {},
      { tls: { testCa: 'a', certificates: 'b' } },
      /^tls: one of cert .*certificates and testCa/,
    ],
    [{ tls: { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' } }, {}, /^groups.0.tls.minVersion: /],
    [{}, { tls: { servername: '127.0.0.1' } }, /^tls.servername: a host name/],
  ];
  for (const [group, rest, expected] of table) {
    const found = errors(group, rest);
    assert.equal(found.length, 1, `${expected}: ${found.join(' | ')}`);
    assert.match(found[0]!, expected);
  }
});

test('what looks similar and works is let pass', () => {
  const table: [group: object, rest: object][] = [
    [{ clientId: 'one', count: 1 }, {}],
    [{ clientId: '%u', username: 'u%i' }, {}],
    [{ username: 'u-%c' }, {}],
    [{ password: 'p', protocol: 5 }, {}],
    [{ clientId: `${'x'.repeat(22)}%i`, protocol: 3 }, {}],
    [{ clientId: `${'x'.repeat(60)}%i`, protocol: 4 }, {}],
    [{}, two({ clientId: 'c%i' }, { clientId: 'c%i', startNumber: 10 })[1]],
    [{}, two({ clientId: '1%i' }, { clientId: '%i', startNumber: 200 })[1]],
    [publish({ topic: 'a/%s/%rand_5/%%' }), {}],
    [publish({ payload: { template: '%s %i %TIMESTAMP%' } }), {}],
    [publish({ arrivals: { kind: 'saturate' } }), steady(1)],
    [publish({ arrivals: { kind: 'saturate' } }), steady({})],
    [publish({}), steady([0, 1])],
    [{ subscribe: [{ filter: '$share/g-%i/a/+/#' }] }, {}],
  ];
  for (const [group, rest] of table) {
    assert.deepEqual(errors(group, rest), [], JSON.stringify([group, rest]));
  }
});

test('what works but means less than it seems is noted', () => {
  const table: [group: object, expected: RegExp][] = [
    [
      publish({ payload: { bytes: 15 } }),
      /publish.0.payload: deliveries are counted, not timed: 15/,
    ],
    [publish({ arrivals: { kind: 'saturate' } }), /publish.0.arrivals: closed loop/],
    [publish({ payload: { text: 'x' } }), /counted, not timed: there is no measurement header/],
    [publish({ payload: { template: '%s' } }), /counted, not timed/],
    [
      { subscribe: [{ filter: 'a/+' }, { filter: 'a/%i' }] },
      /subscribe.1.filter: it overlaps with subscribe.0/,
    ],
    [{ subscribe: [{ filter: 'a/#' }, { filter: 'a' }] }, /overlaps/],
    [{ subscribe: [{ filter: '+/b' }, { filter: 'a/+' }] }, /overlaps/],
    [{ protocol: 4, sessionExpiry: '1m' }, /sessionExpiry: MQTT 5 only/],
    [{ protocol: 4, will: { topic: 'w', delay: '5s' } }, /will.delay: MQTT 5 only/],
    [
      { protocol: 4, subscribe: [{ filter: '$share/g/a' }] },
      /shared subscriptions are part of MQTT 5/,
    ],
  ];
  for (const [group, expected] of table) {
    const notes = scenarioNotes(scenario(group));
    assert.equal(notes.length, 1, `${expected}: ${notes.join(' | ')}`);
    assert.match(notes[0]!, expected);
  }
  for (const group of [
    publish({ payload: { bytes: 16 } }),
    publish({ payload: { text: 'x', header: true } }),
    { subscribe: [{ filter: 'a/+' }, { filter: 'b/+' }, { filter: 'a' }, { filter: 'a/b/c' }] },
    { subscribe: [{ filter: 'a/#' }, { filter: '$share/g/a/#' }, { filter: '$share/h/a/#' }] },
  ]) {
    assert.deepEqual(scenarioNotes(scenario(group)), []);
  }
});

test('devices without a session that go away are noted where something is sent meanwhile', () => {
  const churned = (load: number) =>
    scenarioNotes(
      scenario(
        { subscribe: [{ filter: 'a/%i' }], ...publish({}) },
        {
          phases: [
            RAMP,
            { name: 'c', kind: 'churn', duration: '1s', ratePerSec: 5, offline: '50ms', load },
          ],
        },
      ),
    );
  assert.deepEqual(churned(0), []);
  assert.match(churned(1).join(), /^phases\.1: devices of 'a' have no session while they are away/);
});
