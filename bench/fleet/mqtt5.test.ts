import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runOneShard } from './testing/one-shard.js';
import { recordingTarget } from './testing/recording-target.js';

const PHASES = 'phases: [{ name: r, kind: ramp }, { name: s, kind: steady, duration: 1m }]';

for (const driver of ['lean', 'mqttjs']) {
  test(`${driver}: every property that a scenario can say is in the packets`, async () => {
    const target = await recordingTarget({
      connack: { properties: { topicAliasMaximum: 10 } },
    });
    try {
      const result = await runOneShard(
        `name: t
groups:
  - name: g
    count: 2
    driver: ${driver}
    sessionExpiry: 5s
    properties:
      receiveMaximum: 33
      maximumPacketSize: 10000
      topicAliasMaximum: 7
      requestResponseInformation: true
      requestProblemInformation: false
      userProperties: { site: north, device: '%i' }
    will:
      topic: gone/%i
      payload: '{}'
      delay: 3s
      properties:
        payloadFormatIndicator: 1
        messageExpiry: 1m
        contentType: application/json
        responseTopic: back/%i
        correlationData: will-%i
        userProperties: [[a, '1'], [a, '2']]
    subscribe:
      - { filter: plain/%i }
      - { filter: in/%i, qos: 1, noLocal: true, retainAsPublished: true, retainHandling: 2, subscriptionIdentifier: 9, userProperties: { of: '%i' } }
    publish:
      - topic: out/%i
        qos: 1
        arrivals: { kind: periodic, interval: 100ms }
        limit: 6
        properties:
          messageExpiry: 30s
          contentType: text/plain
          payloadFormatIndicator: 1
          responseTopic: answer/%c
          correlationData: '%i'
          userProperties: { n: '%i' }
          topicAlias: true
${PHASES}
`,
        { port: target.port, loadMs: 500 },
      );
      assert.deepEqual(result.errors, {});
      assert.equal(result.count('publishesAcked'), 6);
      assert.equal(result.count('subscribed'), 4);
      const own = target.heard.find(
        ({ packet }) => packet.type === 'connect' && packet.clientId.endsWith('-1'),
      )!;
      assert.ok(own.packet.type === 'connect');
      const { will, properties } = own.packet;
      assert.deepEqual(properties, {
        sessionExpiryInterval: 5,
        receiveMaximum: 33,
        maximumPacketSize: 10_000,
        topicAliasMaximum: 7,
        requestResponseInformation: true,
        requestProblemInformation: false,
        userProperties: [
          ['site', 'north'],
          ['device', '1'],
        ],
      });
      assert.deepEqual(will?.properties, {
        willDelayInterval: 3,
        payloadFormatIndicator: 1,
        messageExpiryInterval: 60,
        contentType: 'application/json',
        responseTopic: 'back/1',
        correlationData: new Uint8Array(Buffer.from('will-1')),
        userProperties: [
          ['a', '1'],
          ['a', '2'],
        ],
      });
      const subscribes = target.heard
        .filter(({ connection }) => connection === own.connection)
        .flatMap(({ packet }) => (packet.type === 'subscribe' ? [packet] : []));
      assert.deepEqual(
        subscribes.map(({ subscriptions, properties: list }) => ({ subscriptions, list })),
        [
          {
            subscriptions: [
              {
                filter: 'plain/1',
                qos: 0,
                noLocal: false,
                retainAsPublished: false,
                retainHandling: 0,
              },
            ],
            list: undefined,
          },
          {
            subscriptions: [
              { filter: 'in/1', qos: 1, noLocal: true, retainAsPublished: true, retainHandling: 2 },
            ],
            list: { subscriptionIdentifiers: [9], userProperties: [['of', '1']] },
          },
        ],
      );
      const published = target.heard
        .filter(({ connection }) => connection === own.connection)
        .flatMap(({ packet }) => (packet.type === 'publish' ? [packet] : []));
      assert.deepEqual(
        published.map(({ topic }) => topic),
        ['out/1', '', ''],
      );
      for (const packet of published) {
        assert.equal(packet.payload.length, 64);
        assert.deepEqual(packet.properties, {
          topicAlias: 1,
          payloadFormatIndicator: 1,
          messageExpiryInterval: 30,
          contentType: 'text/plain',
          responseTopic: 'answer/fg-beef-g-1',
          correlationData: new Uint8Array(Buffer.from('1')),
          userProperties: [['n', '1']],
        });
      }
    } finally {
      await target.close();
    }
  });

  test(`${driver}: where the target takes no topic aliases, topics go out in full, and that is said`, async () => {
    const target = await recordingTarget();
    try {
      const result = await runOneShard(
        `name: t
groups:
  - name: g
    count: 1
    driver: ${driver}
    publish:
      - topic: out/%i
        arrivals: { kind: periodic, interval: 50ms }
        limit: 3
        properties: { topicAlias: true, contentType: x }
${PHASES}
`,
        { port: target.port, loadMs: 300 },
      );
      assert.deepEqual(
        target.of('publish').map(({ topic, properties }) => [topic, properties]),
        Array.from({ length: 3 }, () => ['out/0', { contentType: 'x' }]),
      );
      assert.deepEqual(result.errors, {
        'the target takes no topic aliases: topics go out in full': 1,
      });
    } finally {
      await target.close();
    }
  });

  test(`${driver}: properties of a gateway's connection are its own, those of a publish its device's`, async () => {
    const target = await recordingTarget({ connack: { properties: { topicAliasMaximum: 10 } } });
    try {
      const result = await runOneShard(
        `name: t
groups:
  - name: g
    count: 3
    devicesPerConnection: 2
    driver: ${driver}
    properties: { userProperties: { of: '%i' } }
    subscribe:
      - { filter: plain/%i }
      - { filter: in/%i, subscriptionIdentifier: 9, userProperties: { of: '%i' } }
      - { filter: 'for/{gateway}', noLocal: true }
    publish:
      - topic: out/%i
        arrivals: { kind: periodic, interval: 50ms }
        limit: 6
        properties: { userProperties: { n: '%i of {gateway}' } }
      - topic: 'all/{gateway}'
        arrivals: { kind: periodic, interval: 50ms }
        limit: 6
        properties: { topicAlias: true }
${PHASES}
`,
        { port: target.port, loadMs: 400 },
      );
      assert.deepEqual(result.errors, {});
      assert.equal(result.count('subscribed'), 3 + 3 + 2);
      const first = target.heard.find(
        ({ packet }) => packet.type === 'connect' && packet.clientId.endsWith('-0'),
      )!;
      assert.ok(first.packet.type === 'connect');
      assert.deepEqual(first.packet.properties?.userProperties, [['of', '0']]);
      const heard = target.heard.filter(({ connection }) => connection === first.connection);
      const subscribes = heard.flatMap(({ packet }) =>
        packet.type === 'subscribe' ? [packet] : [],
      );
      assert.deepEqual(
        subscribes.map(({ subscriptions, properties }) => [
          subscriptions.map(({ filter }) => filter),
          properties,
        ]),
        [
          [['plain/0', 'plain/1', 'for/0'], undefined],
          [['in/0', 'in/1'], { subscriptionIdentifiers: [9], userProperties: [['of', '0']] }],
        ],
      );
      const published = heard.flatMap(({ packet }) => (packet.type === 'publish' ? [packet] : []));
      const own = published.flatMap(({ topic, properties }) =>
        topic.startsWith('out/') ? [[topic, properties?.userProperties?.[0]?.[1]]] : [],
      );
      assert.deepEqual(own.sort(), [
        ['out/0', '0 of 0'],
        ['out/0', '0 of 0'],
        ['out/1', '1 of 0'],
        ['out/1', '1 of 0'],
      ]);
      const aliased = published.filter(({ properties }) => properties?.topicAlias === 1);
      assert.deepEqual(
        aliased.map(({ topic }) => topic),
        ['all/0', '', '', ''],
      );
    } finally {
      await target.close();
    }
  });
}
