import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IClientOptions } from 'mqtt';
import { connectTo, nextMessage, outcome } from './testing/mqttjs.js';
import { StandIn } from './testing/stand-in.js';
import { TestAuthority } from './testing/test-authority.js';
import { watsonRules } from './testing/watson-rules.js';

const HOST = 'acme1.messaging.internetofthings.ibmcloud.com';
const TOKENS: Readonly<Record<string, string>> = { 'pump:p1': 'p1-token', console: 'app-token' };

async function inWatson(
  play: (
    port: number,
    client: (id: string, username: string, password: string) => IClientOptions,
  ) => Promise<void>,
): Promise<void> {
  const authority = await TestAuthority.create('DigiCert');
  const server = await authority.issue(HOST, [HOST]);
  const token = (who: string) => TOKENS[who];
  const standIn = await StandIn.start(watsonRules({ org: 'acme1', server, token, nowMs: () => 0 }));
  try {
    await play(standIn.port, (clientId, username, password) => ({
      ca: authority.cert,
      servername: HOST,
      clientId,
      username,
      password,
    }));
  } finally {
    await standIn.stop();
  }
}

test('a device’s events reach an application under its type and id, and commands come back', async () => {
  await inWatson(async (port, client) => {
    const app = await connectTo(port, client('a:acme1:console', 'a-acme1-key', 'app-token'));
    await app.subscribeAsync('iot-2/type/pump/id/+/evt/+/fmt/json', { qos: 1 });
    const pump = await connectTo(port, client('d:acme1:pump:p1', 'use-token-auth', 'p1-token'));
    await pump.subscribeAsync('iot-2/cmd/+/fmt/json', { qos: 1 });
    const event = nextMessage(app);
    await pump.publishAsync('iot-2/evt/status/fmt/json', '{}', { qos: 1, retain: true });
    const { topic, packet } = await event;
    assert.equal(topic, 'iot-2/type/pump/id/p1/evt/status/fmt/json');
    assert.equal(packet.retain, false);
    const command = nextMessage(pump);
    await app.publishAsync('iot-2/type/pump/id/p1/cmd/stop/fmt/json', '{}', { qos: 1 });
    assert.equal((await command).topic, 'iot-2/cmd/stop/fmt/json');
    await pump.endAsync();
    await app.endAsync();
  });
});

test('other client ids, user names, tokens and topics are refused', async () => {
  await inWatson(async (port, client) => {
    for (const [id, username, password, code] of [
      ['p1', 'use-token-auth', 'p1-token', 2],
      ['d:other:pump:p1', 'use-token-auth', 'p1-token', 2],
      ['d:acme1:pump', 'use-token-auth', 'p1-token', 2],
      ['d:acme1:pump:p1', 'p1', 'p1-token', 4],
      ['d:acme1:pump:p1', 'use-token-auth', 'wrong', 4],
    ] as const) {
      await assert.rejects(
        connectTo(port, client(id, username, password)),
        (error: { code?: number }) => error.code === code,
        id,
      );
    }
    const pump = await connectTo(port, client('d:acme1:pump:p1', 'use-token-auth', 'p1-token'));
    assert.equal(await outcome(pump, pump.subscribeAsync('iot-2/evt/+/fmt/json')), 'refused');
    const outside = pump.publishAsync('pump/p1/status', '{}', { qos: 1 });
    assert.equal(await outcome(pump, outside), 'closed');
  });
});
