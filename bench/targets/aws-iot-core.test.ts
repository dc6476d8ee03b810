import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IClientOptions } from 'mqtt';
import { targetProfile } from './profiles.js';
import { awsRules } from './testing/aws-rules.js';
import { connectTo, nextMessage, outcome } from './testing/mqttjs.js';
import { StandIn } from './testing/stand-in.js';
import { type KeyPair, TestAuthority } from './testing/test-authority.js';

const ENDPOINT = 'a1b2c3-ats.iot.eu-central-1.amazonaws.com';

interface Scene {
  port: number;
  standIn: StandIn;
  /** Options of a device that does all that is asked of it. */
  device: IClientOptions;
  stranger: KeyPair;
  clock: { ms: number };
}

async function inAws(like: 443 | 8883, play: (scene: Scene) => Promise<void>): Promise<void> {
  const amazon = await TestAuthority.create('Amazon Root CA 1');
  const devices = await TestAuthority.create('devices');
  const server = await amazon.issue(ENDPOINT, [ENDPOINT]);
  const clock = { ms: 0 };
  const standIn = await StandIn.start(
    awsRules({
      endpoint: ENDPOINT,
      server,
      deviceAuthority: devices.cert,
      like,
      nowMs: () => clock.ms,
    }),
  );
  const { alpn } = targetProfile('aws-iot-core')!.endpoints.find(({ port }) => port === like)!;
  const device: IClientOptions = {
    ...(await devices.issue('thing-1')),
    ca: amazon.cert,
    servername: ENDPOINT,
    ...(alpn === undefined ? {} : { ALPNProtocols: [alpn] }),
    clientId: 'thing-1',
  };
  const stranger = await amazon.issue('stranger');
  try {
    await play({ port: standIn.port, standIn, device, stranger, clock });
  } finally {
    await standIn.stop();
  }
}

for (const like of [443, 8883] as const) {
  test(`a device with certificate, server name and the profile's ALPN is let in as on port ${like}`, async () => {
    await inAws(like, async ({ port, device }) => {
      for (const protocolVersion of [4, 5] as const) {
        const client = await connectTo(port, {
          ...device,
          clientId: `thing-${protocolVersion}`,
          protocolVersion,
        });
        await client.subscribeAsync('fleet/thing-1/state', { qos: 1 });
        const message = nextMessage(client);
        assert.equal(
          await outcome(client, client.publishAsync('fleet/thing-1/state', 'on', { qos: 1 })),
          'answered',
        );
        assert.equal((await message).topic, 'fleet/thing-1/state');
        await client.endAsync();
      }
    });
  });
}

test('a device without ALPN on 443, without its server name or with a foreign certificate is not let in', async () => {
  await inAws(443, async ({ port, device, stranger }) => {
    const { ALPNProtocols: _alpn, ...withoutAlpn } = device;
    await assert.rejects(connectTo(port, withoutAlpn));
    await assert.rejects(connectTo(port, { ...device, ALPNProtocols: ['mqtt'] }));
    const anyName = { checkServerIdentity: () => undefined };
    await assert.rejects(connectTo(port, { ...device, ...anyName, servername: '' }));
    await assert.rejects(
      connectTo(port, { ...device, ...anyName, servername: 'other.amazonaws.com' }),
    );
    await assert.rejects(connectTo(port, { ...device, ...stranger }));
    await (await connectTo(port, device)).endAsync();
  });
});

test('QoS 2 is never acknowledged, too deep a topic and too large a payload end the connection', async () => {
  await inAws(8883, async ({ port, device, clock }) => {
    const fresh = async () => {
      clock.ms += 1000;
      return connectTo(port, device);
    };
    let client = await fresh();
    assert.equal(await outcome(client, client.publishAsync('a', 'x', { qos: 2 })), 'silence');
    assert.equal(await outcome(client, client.subscribeAsync('a', { qos: 2 })), 'silence');
    await client.endAsync(true);
    client = await fresh();
    const levels = Array.from({ length: 9 }, (_, k) => `l${k}`);
    const eight = levels.slice(1).join('/');
    assert.equal(await outcome(client, client.publishAsync(eight, 'x', { qos: 1 })), 'answered');
    const nine = levels.join('/');
    assert.equal(await outcome(client, client.publishAsync(nine, 'x', { qos: 1 })), 'closed');
    client = await fresh();
    const large = Buffer.alloc(131_073);
    assert.equal(await outcome(client, client.publishAsync('a', large, { qos: 1 })), 'closed');
    client = await fresh();
    const nineFilters = levels.map((level) => `f/${level}`);
    assert.equal(await outcome(client, client.subscribeAsync(nineFilters)), 'closed');
  });
});

test('a connection’s messages above 100 a second are thrown away, and a client id connects once a second', async () => {
  await inAws(8883, async ({ port, standIn, device, clock }) => {
    const client = await connectTo(port, device);
    for (let k = 0; k < 130; k++) client.publish('a', String(k));
    assert.equal(await outcome(client, client.publishAsync('a', 'x', { qos: 1 })), 'silence');
    assert.equal(standIn.routed.length, 100);
    await client.endAsync(true);
    await assert.rejects(connectTo(port, device));
    const refused = connectTo(port, { ...device, protocolVersion: 5 });
    await assert.rejects(refused, (error: { code?: number }) => error.code === 0x97);
    clock.ms += 1000;
    await (await connectTo(port, device)).endAsync();
  });
});
