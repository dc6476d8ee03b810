import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IClientOptions } from 'mqtt';
import { passwordsOf } from './passwords.js';
import { derivedDeviceKey, sasToken } from './sas-token.js';
import { azureRules } from './testing/azure-rules.js';
import { connectTo, outcome } from './testing/mqttjs.js';
import { StandIn } from './testing/stand-in.js';
import { TestAuthority } from './testing/test-authority.js';

const HOST = 'contoso.azure-devices.net';
const GROUP_KEY = Buffer.from('a group key of an enrolment').toString('base64');
const POLICY_KEY = Buffer.from('the key of the policy "device"').toString('base64');
const NOW_MS = 1_800_000_000_000;

async function inHub(
  play: (standIn: StandIn, device: (password: string) => IClientOptions) => Promise<void>,
): Promise<void> {
  const authority = await TestAuthority.create('DigiCert');
  const standIn = await StandIn.start(
    azureRules({
      host: HOST,
      server: await authority.issue(HOST, [HOST]),
      deviceKey: (id) => (id.startsWith('dev-') ? derivedDeviceKey(GROUP_KEY, id) : undefined),
      policyKey: (policy) => (policy === 'device' ? POLICY_KEY : undefined),
      nowMs: () => NOW_MS,
    }),
  );
  try {
    await play(standIn, (password) => ({
      ca: authority.cert,
      servername: HOST,
      clientId: 'dev-7',
      username: `${HOST}/dev-7/?api-version=2021-04-12`,
      password,
    }));
  } finally {
    await standIn.stop();
  }
}

function passwords(keyOf: 'device' | 'group' | 'policy', key: string, atMs = NOW_MS) {
  const sas = { keyEnv: 'HUB_KEY', keyOf, policy: 'device', lifetimeUs: 3_600_000_000 };
  const choice = { name: 'azure-iot-hub', host: HOST, sas };
  return passwordsOf(choice, { HUB_KEY: key }, () => atMs * 1000)!;
}

test('tokens from a device’s key, a group’s key and a policy’s key are taken by the hub', async () => {
  await inHub(async ({ port }, device) => {
    for (const password of [
      passwords('device', derivedDeviceKey(GROUP_KEY, 'dev-7'))('dev-7'),
      passwords('group', GROUP_KEY)('dev-7'),
      passwords('policy', POLICY_KEY)('dev-7'),
    ]) {
      await (await connectTo(port, device(password))).endAsync();
    }
  });
});

test('a token that has run out, of another device, of another key or with another user name is refused', async () => {
  await inHub(async ({ port }, device) => {
    const notAuthorised = (error: { code?: number }) => error.code === 5;
    const runOut = passwords('group', GROUP_KEY, NOW_MS - 3_600_001)('dev-7');
    await assert.rejects(connectTo(port, device(runOut)), notAuthorised);
    const others = passwords('group', GROUP_KEY)('dev-8');
    await assert.rejects(connectTo(port, device(others)), notAuthorised);
    const wrongKey = passwords('group', POLICY_KEY)('dev-7');
    await assert.rejects(connectTo(port, device(wrongKey)), notAuthorised);
    const good = device(passwords('group', GROUP_KEY)('dev-7'));
    await assert.rejects(connectTo(port, { ...good, username: 'dev-7' }), notAuthorised);
    await assert.rejects(connectTo(port, { ...good, protocolVersion: 5 }));
  });
});

test('a device publishes and subscribes on its own topics only, without QoS 2 and without retained messages', async () => {
  await inHub(async (standIn, device) => {
    const fresh = () => connectTo(standIn.port, device(passwords('group', GROUP_KEY)('dev-7')));
    const events = 'devices/dev-7/messages/events/';
    let client = await fresh();
    const retained = client.publishAsync(events, '21.5', { qos: 1, retain: true });
    assert.equal(await outcome(client, retained), 'answered');
    assert.deepEqual(
      standIn.routed.map(({ topic, retain }) => ({ topic, retain })),
      [{ topic: events, retain: false }],
    );
    const granted = await client.subscribeAsync('devices/dev-7/messages/devicebound/#', { qos: 2 });
    assert.equal(granted[0]?.qos, 1);
    const foreign = client.subscribeAsync('devices/dev-8/messages/devicebound/#');
    assert.equal(await outcome(client, foreign), 'refused');
    const elsewhere = client.publishAsync('devices/dev-8/messages/events/', 'x', { qos: 1 });
    assert.equal(await outcome(client, elsewhere), 'closed');
    client = await fresh();
    assert.equal(await outcome(client, client.publishAsync(events, 'x', { qos: 2 })), 'closed');
  });
});

test('the parts of a token are those that the hub documents', () => {
  const token = sasToken({
    resource: `${HOST}/devices/dev 1`,
    key: Buffer.from('key').toString('base64'),
    expirySec: 1_700_000_000,
  });
  assert.match(
    token,
    /^SharedAccessSignature sr=contoso\.azure-devices\.net%2Fdevices%2Fdev%201&sig=[A-Za-z0-9%]+&se=1700000000$/,
  );
});

test('a key that is not there or is no base64 is named by its variable', () => {
  const sas = { keyEnv: 'HUB_KEY', keyOf: 'device' as const, policy: 'device', lifetimeUs: 1 };
  const choice = { name: 'azure-iot-hub', host: HOST, sas };
  assert.throws(() => passwordsOf(choice, {}, () => 0), /HUB_KEY is not set/);
  assert.throws(
    () => passwordsOf(choice, { HUB_KEY: 'no key!' }, () => 0),
    /HUB_KEY does not hold/,
  );
});
