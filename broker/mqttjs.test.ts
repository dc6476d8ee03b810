import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import mqtt, {
  type IClientOptions,
  type IConnackPacket,
  type IPublishPacket,
  type MqttClient,
} from 'mqtt';
import { type RunningBroker, startBroker } from './mod.js';

/** MQTT.js, a client many devices use, against a node. */
describe('MQTT.js', () => {
  let broker: RunningBroker;
  let url = '';
  const clients: MqttClient[] = [];
  before(async () => {
    broker = await startBroker({ port: 0, sysIntervalMs: 0 });
    url = `mqtt://127.0.0.1:${broker.listeners[0]?.port}`;
  });
  after(async () => {
    for (const client of clients) client.end(true);
    await broker.close(500);
  });

  async function connected(options: IClientOptions = {}): Promise<MqttClient> {
    const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, ...options });
    clients.push(client);
    return client;
  }

  /** The next `count` messages. */
  function messages(client: MqttClient, count: number): Promise<IPublishPacket[]> {
    return new Promise((resolve) => {
      const got: IPublishPacket[] = [];
      client.on('message', (_topic, _payload, packet) => {
        got.push(packet);
        if (got.length === count) resolve(got);
      });
    });
  }

  for (const protocolVersion of [3, 4, 5] as const) {
    const version = { 3: '3.1', 4: '3.1.1', 5: '5' }[protocolVersion];
    const options: IClientOptions = {
      protocolVersion,
      ...(protocolVersion === 3 ? { protocolId: 'MQIsdp' } : {}),
    };

    it(`${version}: publishes and subscribes with each QoS`, async () => {
      const [subscriber, publisher] = [await connected(options), await connected(options)];
      const granted = await subscriber.subscribeAsync([`q${version}/0`, `q${version}/+`, 'x/#'], {
        qos: 2,
      });
      assert.deepEqual(
        granted.map(({ qos }) => qos),
        [2, 2, 2],
      );
      const got = messages(subscriber, 30);
      for (let n = 0; n < 30; n++) {
        const qos = (n % 3) as 0 | 1 | 2;
        await publisher.publishAsync(`q${version}/${n}`, `message ${n}`, { qos });
      }
      const packets = await got;
      assert.deepEqual(
        packets.map(({ payload }) => String(payload)).sort(),
        Array.from({ length: 30 }, (_, n) => `message ${n}`).sort(),
      );
      for (const { topic, qos } of packets) assert.equal(qos, Number(topic.split('/')[1]) % 3);
      await subscriber.unsubscribeAsync(`q${version}/+`);
    });

    it(`${version}: gets retained messages and wills`, async () => {
      const publisher = await connected(options);
      await publisher.publishAsync(`r${version}/a`, 'kept', { qos: 1, retain: true });
      const subscriber = await connected(options);
      const retained = messages(subscriber, 1);
      await subscriber.subscribeAsync(`r${version}/#`, { qos: 1 });
      const [packet] = await retained;
      assert.deepEqual([String(packet?.payload), packet?.retain], ['kept', true]);
      const will = { topic: `r${version}/will`, payload: Buffer.from('bye'), qos: 1 as const };
      const dying = await connected({ ...options, will: { ...will, retain: false } });
      const bye = messages(subscriber, 1);
      dying.stream.destroy();
      assert.deepEqual(
        (await bye).map(({ topic, payload }) => [topic, String(payload)]),
        [[`r${version}/will`, 'bye']],
      );
    });

    it(`${version}: resumes its session and gets what it missed`, async () => {
      const lasting: IClientOptions = {
        ...options,
        clientId: `lasting${version}`,
        clean: false,
        ...(protocolVersion === 5 ? { properties: { sessionExpiryInterval: 60 } } : {}),
      };
      const first = await connected(lasting);
      await first.subscribeAsync(`s${version}`, { qos: 2 });
      await first.endAsync();
      const publisher = await connected(options);
      for (let n = 0; n < 20; n++) {
        await publisher.publishAsync(`s${version}`, `${n}`, { qos: n % 2 === 0 ? 1 : 2 });
      }
      const second = mqtt.connect(url, { reconnectPeriod: 0, ...lasting });
      clients.push(second);
      const got = messages(second, 20);
      const connack = await new Promise<IConnackPacket>((resolve) =>
        second.once('connect', resolve),
      );
      assert.equal(connack.sessionPresent, protocolVersion !== 3);
      const packets = await got;
      for (const [qos, first] of [
        [1, 0],
        [2, 1],
      ]) {
        // The client hands a QoS 2 message on only with its PUBREL.
        assert.deepEqual(
          packets.filter((packet) => packet.qos === qos).map(({ payload }) => `${payload}`),
          Array.from({ length: 10 }, (_, n) => `${first! + 2 * n}`),
        );
      }
    });
  }

  it('5: passes properties on, and gives subscription identifiers', async () => {
    const [subscriber, publisher] = [
      await connected({ protocolVersion: 5 }),
      await connected({ protocolVersion: 5 }),
    ];
    const got = messages(subscriber, 1);
    await subscriber.subscribeAsync('p', {
      qos: 1,
      properties: { subscriptionIdentifier: 268_435 },
    });
    await publisher.publishAsync('p', 'x', {
      qos: 1,
      properties: {
        contentType: 'text/plain',
        responseTopic: 'answer',
        correlationData: Buffer.from([1, 2, 3]),
        messageExpiryInterval: 100,
        payloadFormatIndicator: true,
        userProperties: { a: ['1', '2'], b: '3' },
      },
    });
    const [packet] = await got;
    const { userProperties, ...properties } = packet?.properties ?? {};
    assert.deepEqual(properties, {
      contentType: 'text/plain',
      responseTopic: 'answer',
      correlationData: Buffer.from([1, 2, 3]),
      messageExpiryInterval: 100,
      payloadFormatIndicator: true,
      subscriptionIdentifier: 268_435,
    });
    assert.deepEqual({ ...userProperties }, { a: ['1', '2'], b: '3' });
  });

  it('5: uses topic aliases and shared subscriptions', async () => {
    const members = await Promise.all([1, 2, 3].map(() => connected({ protocolVersion: 5 })));
    const counts = [0, 0, 0];
    let total = 0;
    const all = new Promise<void>((resolve) => {
      members.forEach((member, n) => {
        member.on('message', () => {
          counts[n]!++;
          total++;
          if (total === 30) resolve();
        });
      });
    });
    for (const member of members) await member.subscribeAsync('$share/g/a/long/topic', { qos: 1 });
    const publisher = await connected({ protocolVersion: 5, autoAssignTopicAlias: true });
    for (let n = 0; n < 30; n++) await publisher.publishAsync('a/long/topic', `${n}`, { qos: 1 });
    await all;
    assert.deepEqual(counts, [10, 10, 10]);
  });

  it('5: is told that its session was taken over', async () => {
    const first = await connected({ protocolVersion: 5, clientId: 'twin' });
    const told = new Promise<number | undefined>((resolve) => {
      first.once('disconnect', ({ reasonCode }) => resolve(reasonCode));
    });
    await connected({ protocolVersion: 5, clientId: 'twin' });
    assert.equal(await told, 0x8e);
  });
});
