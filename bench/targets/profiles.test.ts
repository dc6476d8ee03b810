import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scenarioNotes } from '../scenario/check.js';
import { ScenarioError } from '../scenario/error.js';
import { parseScenario } from '../scenario/parse.js';
import { scenarioToYaml } from '../scenario/spelling.js';
import { TARGET_PROFILES } from './profiles.js';

/** Lines of what is wrong with a fleet of one group; none when it is sound. */
function problems(profile: string, group: string, more = ''): string[] {
  try {
    parse(profile, group, more);
    return [];
  } catch (error) {
    assert.ok(error instanceof ScenarioError);
    return error.message.split('\n').map((line) => line.replace(/^f\.yaml(:\d+:\d+)?: /, ''));
  }
}

function parse(profile: string, group: string, more = '') {
  const text = `name: t\nprofile: ${profile}\ngroups:\n  - { name: g, count: 2, ${group} }\n${more}phases:\n  - { name: r, kind: ramp }\n`;
  return parseScenario(text, 'f.yaml');
}

const AZURE = '{ name: azure-iot-hub, host: contoso.azure-devices.net }';

test('what AWS IoT Core refuses is said before anything connects', () => {
  const refused = (group: string, pattern: RegExp) => {
    const lines = problems('aws-iot-core', group);
    assert.equal(lines.length, 1, lines.join('\n'));
    assert.match(lines[0]!, pattern);
  };
  assert.deepEqual(problems('aws-iot-core', 'publish: [{ topic: a/%c, qos: 1 }]'), []);
  refused(
    'publish: [{ topic: a, qos: 2 }]',
    /^groups\.0\.publish\.0\.qos: expected QoS 0 or 1: with AWS IoT Core, QoS 2 is refused \(never acknowledged\)/,
  );
  refused('publish: [{ topic: a/b/c/d/e/f/g/h/i }]', /at most 8 levels for AWS IoT Core, not 9/);
  refused(`publish: [{ topic: ${'x'.repeat(257)} }]`, /at most 256 bytes/);
  refused(`clientId: ${'x'.repeat(128)}%i`, /groups\.0\.clientId: .*at most 128 bytes/);
  refused('keepAlive: 10s', /30s to 1200s/);
  refused('protocol: 3', /protocol 4 or 5: AWS IoT Core speaks no other/);
  refused('publish: [{ topic: a, payload: { bytes: 131073 } }]', /at most 131072 bytes/);
  const nine = Array.from({ length: 9 }, (_, k) => `{ filter: f${k} }`).join(', ');
  refused(`subscribe: [${nine}]`, /at most 8 filters for AWS IoT Core/);
});

test('a group that names no protocol and no user name gets those of its target', () => {
  const [group] = parse(AZURE, "clientId: 'dev-%i'").groups;
  assert.equal(group!.protocol, 4);
  assert.equal(group!.username, 'contoso.azure-devices.net/%c/?api-version=2021-04-12');
  const [own] = parse('rabbitmq', 'protocol: 3, clientId: d%i, username: u').groups;
  assert.equal(own!.protocol, 3);
  assert.equal(own!.username, 'u');
});

test('topics of Azure IoT Hub are a device’s own, and its retained messages are noted', () => {
  const own = 'devices/%c/messages/events/';
  assert.deepEqual(problems(AZURE, `publish: [{ topic: ${own} }]`), []);
  assert.match(
    problems(AZURE, 'publish: [{ topic: telemetry/%c }]')[0]!,
    /expected one of devices\/fg-0000-g-0\/messages\/events\/\+, .* for Azure IoT Hub, not 'telemetry\/fg-0000-g-0'/,
  );
  assert.match(problems(AZURE, 'subscribe: [{ filter: "#" }]')[0]!, /for Azure IoT Hub, not '#'/);
  assert.deepEqual(
    problems(AZURE, 'subscribe: [{ filter: devices/%c/messages/devicebound/# }]'),
    [],
  );
  const notes = scenarioNotes(parse(AZURE, `publish: [{ topic: ${own}, retain: true }]`));
  assert.deepEqual(notes, [
    'groups.0.publish.0.retain: Azure IoT Hub: the hub keeps no message: RETAIN becomes a property of it.',
  ]);
  assert.match(problems('azure-iot-hub', '')[0]!, /profile\.host: expected the hub's host name/);
});

test('client ids of Watson IoT have its form', () => {
  const ids = (id: string) => problems('ibm-watson-iot', `clientId: '${id}'`);
  assert.deepEqual(ids('d:acme1:pump:%i'), []);
  assert.deepEqual(ids('a:acme1:app%i'), []);
  assert.match(ids('pump-%i')[0]!, /d:org:type:id, g:org:type:id or a:org:app/);
  assert.match(ids('d:acme1:pump%i')[0]!, /d:org:type:id/);
});

test('QoS 2 on RabbitMQ before 3.13 is noted, on Mosca it is refused', () => {
  const notes = scenarioNotes(parse('rabbitmq', 'publish: [{ topic: a, qos: 2 }]'));
  assert.deepEqual(notes, [
    'groups.0.publish.0.qos: RabbitMQ before 3.13 does not have QoS 2: it is taken as QoS 1.',
  ]);
  assert.match(
    problems('mosca', 'publish: [{ topic: a, qos: 2 }]')[0]!,
    /QoS 2 is refused \(published without any acknowledgement\)/,
  );
});

test('a profile that is not there is refused with the one that is meant', () => {
  assert.match(problems('aws-iot-cor', '')[0]!, /did you mean 'aws-iot-core'\?/);
  assert.match(
    problems('{ name: aws-iot-core, sas: { keyEnv: K } }', '')[0]!,
    /no sas for AWS IoT Core/,
  );
});

test('a profile with its tokens is written as it was read', () => {
  const spelled =
    '{ name: azure-iot-hub, host: contoso.azure-devices.net, sas: { keyEnv: K, keyOf: group, lifetime: 10m } }';
  const scenario = parse(spelled, '');
  assert.deepEqual(parseScenario(scenarioToYaml(scenario), 'f.yaml'), scenario);
  assert.equal(scenario.profile?.sas?.lifetimeUs, 600_000_000);
});

test('every profile says where its numbers are from and when they were read', () => {
  for (const { name, quotas, protocols, endpoints } of TARGET_PROFILES) {
    assert.ok(quotas.source.length > 10, name);
    assert.match(quotas.read, /^20\d\d-[01]\d$/, name);
    assert.ok(protocols.length > 0 && endpoints.length > 0, name);
  }
});
