import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectAsync } from 'mqtt';
import { runOneShard } from '../bench/fleet/testing/one-shard.js';
import { withBroker } from './testing/with-broker.js';

/** Four devices with a will, two who hear of it; what the devices do is one phase. */
const scenario = (device: string, phase: string, driver = 'lean') => `name: t
groups:
  - name: watchers
    count: 2
    subscribe: [{ filter: state/+, qos: 1 }]
  - name: devices
    count: 4
    driver: ${driver}
    will: { topic: state/%i, payload: 'gone %i', qos: 1${device}
phases: [{ name: r, kind: ramp }, ${phase}]
`;
const AT_ONCE = ' }';
const LATER = ', delay: 1s }\n    cleanStart: false\n    sessionExpiry: 1m';
const churn = (end: string) =>
  `{ name: c, kind: churn, duration: 400ms, ratePerSec: 20, groups: [devices], offline: 50ms, end: ${end} }`;
const STORM =
  '{ name: w, kind: steady, duration: 400ms }, { name: s, kind: storm, duration: 5s, groups: [devices], within: 10ms }';

for (const driver of ['lean', 'mqttjs']) {
  test(`${driver}: each cut owes every subscriber a will, a goodbye owes none`, async () => {
    await withBroker(async (target) => {
      const port = Number(new URL(target).port);
      const cut = await runOneShard(scenario(AT_ONCE, churn('cut'), driver), {
        port,
        loadMs: 1500,
      });
      const ended = cut.count('connectionsEnded');
      assert.ok(ended >= 3, `${ended}`);
      assert.equal(cut.count('willsExpected'), 2 * ended);
      assert.equal(cut.count('willsReceived'), 2 * ended);
      assert.equal(cut.count('deliveriesForeign'), 0);
      const left = await runOneShard(scenario(AT_ONCE, churn('disconnect'), driver), {
        port,
        loadMs: 1500,
      });
      assert.ok(left.count('connectionsEnded') >= 3);
      assert.equal(left.count('willsExpected'), 0);
      assert.equal(left.count('willsReceived'), 0);
    });
  });
}

test('the will of a gateway is one for all its devices, by the number of the connection', async () => {
  await withBroker(async (target) => {
    const port = Number(new URL(target).port);
    // Seven devices on four connections, the last of them with one device.
    const yaml = scenario(AT_ONCE, churn('cut')).replace(
      'count: 4',
      'count: 7\n    devicesPerConnection: 2\n    startNumber: 5\n    subscribe: [{ filter: state/+ }]',
    );
    const { count, errors } = await runOneShard(yaml, { port, loadMs: 1500 });
    const ended = count('connectionsEnded');
    assert.ok(ended >= 3, `${ended}`);
    // Two watchers and the other three gateways.
    assert.equal(count('willsExpected'), 5 * ended);
    assert.ok(count('willsReceived') <= 5 * ended && count('willsReceived') >= 4 * ended);
    assert.equal(count('deliveriesForeign'), 0);
    assert.deepEqual(errors, {});
  });
});

test('a will with a delay is owed where the device stays away, and not where it is back before', async () => {
  await withBroker(async (target) => {
    const port = Number(new URL(target).port);
    const back = await runOneShard(scenario(LATER, churn('cut')), { port, loadMs: 1500 });
    assert.ok(back.count('connectionsEnded') >= 3);
    assert.equal(back.count('willsExpected') + back.count('willsReceived'), 0);
    const slow = `${LATER}\n    reconnect: { initial: 1h, max: 1h }`;
    const gone = await runOneShard(scenario(slow, STORM), { port, loadMs: 3000 });
    assert.equal(gone.count('connectionsEnded'), 4);
    assert.equal(gone.count('willsExpected'), 8);
    assert.equal(gone.count('willsReceived'), 8);
  });
});

test('a will that is not due counts as received, and so as unexpected; other traffic does not', async () => {
  await withBroker(async (target) => {
    const port = Number(new URL(target).port);
    const stranger = await connectAsync(target);
    try {
      const { count } = await runOneShard(
        scenario(AT_ONCE, '{ name: s, kind: steady, duration: 5s }'),
        {
          port,
          loadMs: 300,
          whileLoaded: async () => {
            await stranger.publishAsync('state/1', 'gone 1');
            await stranger.publishAsync('state/1', 'gone 2');
            await stranger.publishAsync('state/9', 'gone 9');
          },
        },
      );
      assert.deepEqual([count('willsExpected'), count('willsReceived')], [0, 2]);
      assert.equal(count('deliveriesForeign'), 4);
    } finally {
      await stranger.endAsync(true);
    }
  });
});
