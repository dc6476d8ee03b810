import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectAsync } from 'mqtt';
import { runOneShard } from '../bench/fleet/testing/one-shard.js';
import { LAG, REQUEST, RESPONSE, SERVICE, summarise } from '../results/mod.js';
import { withBroker } from './testing/with-broker.js';

const PHASES = 'phases: [{ name: r, kind: ramp }, { name: s, kind: steady, duration: 1m }]';

const scenario = ({ driver = 'lean', protocol = 5, respond = '' }) => `name: t
groups:
  - name: service
    count: 2
    driver: ${driver}
    protocol: ${protocol}
    subscribe: [{ filter: request/+, qos: 1 }]
    respond: { bytes: 20, delay: 30ms, qos: 1${respond} }
  - name: callers
    count: 3
    driver: ${driver}
    protocol: ${protocol}
    publish:
      - topic: request/%i
        qos: 1
        arrivals: { kind: periodic, interval: 50ms }
        limit: 12
        response: { topic: reply/%i, timeout: 1s, qos: 1 }
${PHASES}
`;
const portOf = (target: string) => Number(new URL(target).port);

for (const driver of ['lean', 'mqttjs']) {
  for (const [name, change] of Object.entries({
    'MQTT 5': {},
    'MQTT 3.1.1': { protocol: 4, respond: ', topic: "reply/{2}"' },
  })) {
    test(`${driver}, ${name}: each request is answered once by each responder, and timed with the service delay`, async () => {
      await withBroker(async (target) => {
        const yaml = scenario({ driver, ...change });
        const { count, histograms, errors } = await runOneShard(yaml, {
          port: portOf(target),
          loadMs: 800,
        });
        assert.equal(count('requestsSent'), 12);
        assert.equal(count('requestsAnswered'), 12);
        // Two responders without a shared subscription: both answer.
        assert.equal(count('answersScheduled'), 24);
        assert.equal(count('answersUnexpected'), 12);
        assert.equal(count('requestsTimedOut'), 0);
        assert.deepEqual(Object.keys(errors), [
          'request: an answer that nobody waits for any more (late, or a second one)',
        ]);
        // What was published for requests is delivered; answers are no deliveries.
        assert.equal(count('deliveriesExpected'), 24);
        assert.equal(count('deliveriesReceived'), 24);
        assert.equal(count('deliveriesForeign'), 0);
        assert.equal(count('publishesScheduled'), 36);
        assert.equal(count('publishesAcked'), 36);
        const of = (clock: number) => summarise(histograms.get(REQUEST * 3 + clock))!;
        assert.equal(of(SERVICE).count, 12);
        assert.ok(of(SERVICE).min >= 30_000, `${of(SERVICE).min} µs`);
        assert.ok(of(RESPONSE).min >= of(SERVICE).min);
        assert.equal(of(LAG).count, 12);
      });
    });
  }
}

for (const driver of ['lean', 'mqttjs']) {
  for (const [name, change] of Object.entries({
    'MQTT 5': {},
    'MQTT 3.1.1': { protocol: 4, respond: ', topic: "reply/{2}"' },
  })) {
    test(`${driver}, ${name}: devices behind gateways ask, each with its own topic, and gateways answer`, async () => {
      await withBroker(async (target) => {
        const yaml = scenario({ driver, ...change }).replace(
          / {4}count: ./g,
          '$&\n    devicesPerConnection: 2',
        );
        const { count, errors } = await runOneShard(yaml, { port: portOf(target), loadMs: 800 });
        assert.deepEqual(errors, {});
        // One connection of the two responders, and a filter for each of the three callers.
        assert.equal(count('subscribed'), 1 + 3);
        assert.equal(count('requestsSent'), 12);
        assert.equal(count('answersScheduled'), 12);
        assert.equal(count('requestsAnswered'), 12);
        assert.equal(count('answersUnexpected') + count('requestsTimedOut'), 0);
      });
    });
  }
}

for (const protocol of [4, 5] as const) {
  test(`a service of others answers: MQTT ${protocol}`, async () => {
    await withBroker(async (target) => {
      const service = await connectAsync(target, { protocolVersion: protocol });
      try {
        service.on('message', (topic, payload, { properties }) => {
          const { responseTopic, correlationData } = properties ?? {};
          if (protocol === 4) service.publish(topic.replace('request', 'reply'), payload);
          else
            service.publish(responseTopic!, 'yes', {
              properties: { correlationData: correlationData! },
            });
        });
        await service.subscribeAsync('request/+');
        const yaml = scenario({ protocol }).replace(
          / {2}- name: service[\s\S]*?(?= {2}- name: callers)/,
          '',
        );
        const { count, errors } = await runOneShard(yaml, { port: portOf(target), loadMs: 500 });
        assert.equal(count('requestsAnswered'), 12);
        assert.equal(count('deliveriesReceived') + count('deliveriesForeign'), 0);
        assert.deepEqual(errors, {});
      } finally {
        await service.endAsync(true);
      }
    });
  });
}

test('what nobody answers times out, and what comes later is unexpected', async () => {
  await withBroker(async (target) => {
    const yaml = scenario({}).replace('timeout: 1s', 'timeout: 10ms');
    const { count } = await runOneShard(yaml, { port: portOf(target), loadMs: 700 });
    assert.deepEqual(
      [count('requestsSent'), count('requestsAnswered'), count('requestsTimedOut')],
      [12, 0, 12],
    );
    assert.equal(count('answersUnexpected'), 24);
  });
});

test('a responder without a topic to answer to says so', async () => {
  await withBroker(async (target) => {
    const yaml = scenario({}).replace(/ +response: .*\n/, '');
    const { count, errors } = await runOneShard(yaml, { port: portOf(target), loadMs: 500 });
    assert.equal(count('requestsSent'), 0);
    assert.equal(count('deliveriesReceived'), 24);
    assert.deepEqual(errors, {
      'respond: a request without a Response Topic, and respond.topic does not say one': 24,
    });
  });
});
