import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scenarioNotes } from '../scenario/check.js';
import { parseScenario } from '../scenario/parse.js';
import type { Scenario } from '../scenario/schema.js';

function parse(profile: string, target: string | undefined, more = '', group = ''): Scenario {
  const text = `name: t\nprofile: ${profile}\n${more}\ngroups:\n  - { name: g, count: 2${group} }\nphases:\n  - { name: r, kind: ramp }\n`;
  return parseScenario(text, 'f.yaml', target === undefined ? {} : { target: target.split(',') });
}

const CERTIFICATE = 'tls: { cert: c.pem, key: k.pem }';
const THINGS = 'a1-ats.iot.eu-central-1.amazonaws.com';
const HUB = 'contoso.azure-devices.net';

test('a target gets the port, the path and the ALPN of the profile’s endpoint that it leaves out', () => {
  const aws = (target: string, more = '', group = '') => {
    const scenario = parse('aws-iot-core', target, more, group);
    return [scenario.target[0], scenario.tls?.alpn, scenario.tls?.servername];
  };
  const at = (rest: string) => rest.replace('HOST', THINGS);
  assert.deepEqual(aws(THINGS, CERTIFICATE), [
    at('mqtts://HOST:443'),
    ['x-amzn-mqtt-ca'],
    undefined,
  ]);
  const withUser = ', username: u, password: p';
  assert.deepEqual(aws(THINGS, '', withUser), [at('mqtts://HOST:443'), ['mqtt'], undefined]);
  assert.deepEqual(aws(`${THINGS}:8883`, CERTIFICATE), [
    at('mqtts://HOST:8883'),
    undefined,
    undefined,
  ]);
  assert.deepEqual(aws(`wss://${THINGS}`, '', withUser), [
    at('wss://HOST:443/mqtt'),
    undefined,
    undefined,
  ]);
  const hub = (target: string | undefined, profile = 'azure-iot-hub') =>
    parse(profile, target, '', ", clientId: 'dev-%i'");
  assert.deepEqual(hub(`wss://${HUB}`).target, [
    `wss://${HUB}:443/$iothub/websocket?iothub-no-client-cert=true`,
  ]);
  assert.deepEqual(hub(undefined, `{ name: azure-iot-hub, host: ${HUB} }`).target, [
    `mqtts://${HUB}:8883`,
  ]);
  assert.equal(hub(HUB).groups[0]!.username, `${HUB}/%c/?api-version=2021-04-12`);
  const own = parse('mosquitto', '127.0.0.1:21883,mqtts://127.0.0.1', '', '');
  assert.deepEqual(own.target, ['mqtt://127.0.0.1:21883', 'mqtts://127.0.0.1']);
});

test('what the scenario says of the way stays', () => {
  const said = 'tls: { cert: c.pem, key: k.pem, alpn: [own], servername: other.example }';
  const { tls, target } = parse('aws-iot-core', `mqtts://${THINGS}:443`, said);
  assert.deepEqual(tls?.alpn, ['own']);
  assert.equal(tls?.servername, 'other.example');
  assert.deepEqual(target, [`mqtts://${THINGS}:443`]);
});

test('groups with certificates and groups with passwords ask for what is theirs', () => {
  const text = `name: t\nprofile: aws-iot-core\ntarget: ${THINGS}\ngroups:\n  - { name: a, count: 1, ${CERTIFICATE} }\n  - { name: b, count: 1, username: u }\nphases:\n  - { name: r, kind: ramp }\n`;
  const { groups } = parseScenario(text, 'f.yaml');
  assert.deepEqual(
    groups.map(({ tls }) => tls?.alpn),
    [['x-amzn-mqtt-ca'], ['mqtt']],
  );
});

test('an address stands for the platform’s endpoint and its name where the profile says so', () => {
  const tunnel = `{ name: aws-iot-core, host: ${THINGS}, endpoint: 443 }`;
  const { target, tls } = parse(tunnel, '127.0.0.1:9443', CERTIFICATE);
  assert.deepEqual(target, ['mqtts://127.0.0.1:9443']);
  assert.deepEqual(tls, {
    servername: THINGS,
    alpn: ['x-amzn-mqtt-ca'],
    cert: 'c.pem',
    key: 'k.pem',
  });
  const elsewhere = parse(`{ name: aws-iot-core, host: ${THINGS} }`, '127.0.0.1:9443', CERTIFICATE);
  assert.deepEqual(scenarioNotes(elsewhere), [
    'target.0: AWS IoT Core has no port 9443: profile.endpoint says which of its ports this one stands for (443 or 8883).',
  ]);
});

test('plain connections, an address without a name and ways of two ALPNs are refused', () => {
  const refused = (target: string, expected: RegExp, profile = 'aws-iot-core') =>
    assert.throws(() => parse(profile, target, CERTIFICATE), expected);
  refused(`mqtt://${THINGS}`, /target\.0: expected mqtts:\/\/ or wss:\/\/: AWS IoT Core takes no/);
  refused('mqtts://10.0.0.1:443', /target\.0: expected a host name, or profile\.host .*\(SNI\)/);
  refused(
    `${THINGS}:443,${THINGS}:8883`,
    /targets of one ALPN.* wants x-amzn-mqtt-ca and none here/,
  );
  refused(
    THINGS,
    /profile\.endpoint: expected a port of AWS/,
    '{ name: aws-iot-core, endpoint: 1 }',
  );
});

test('that nobody is let in without a certificate or a password is noted', () => {
  assert.deepEqual(scenarioNotes(parse('aws-iot-core', THINGS)), [
    'groups.0: AWS IoT Core lets nobody in without a certificate or a password.',
  ]);
  assert.deepEqual(scenarioNotes(parse('aws-iot-core', THINGS, CERTIFICATE)), []);
});
