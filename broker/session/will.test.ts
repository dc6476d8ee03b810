import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConnectPacket } from '../../wire/mod.js';
import { type SimulatedClient, SimulatedNode } from '../testing/simulation.js';

const will = { topic: 'gone', payload: Buffer.from('bye'), qos: 1, retain: false } as const;

function withWill(
  delaySeconds: number,
  expirySeconds: number,
  other: Partial<ConnectPacket> = {},
): Partial<ConnectPacket> {
  return {
    cleanStart: false,
    will: { ...will, properties: { willDelayInterval: delaySeconds } },
    properties: { sessionExpiryInterval: expirySeconds },
    ...other,
  };
}

/** A node and somebody who sees the wills. */
function watched(): { simulated: SimulatedNode; watcher: SimulatedClient } {
  const simulated = new SimulatedNode();
  const watcher = simulated.connected('watcher');
  watcher.subscribe('gone', 0);
  return { simulated, watcher };
}

describe('a will', () => {
  const endings: [string, (client: SimulatedClient, simulated: SimulatedNode) => void, number][] = [
    ['the connection breaks', (client) => client.drop(), 1],
    ['DISCONNECT', (client) => client.send({ type: 'disconnect', reasonCode: 0 }), 0],
    ['DISCONNECT with will', (client) => client.send({ type: 'disconnect', reasonCode: 4 }), 1],
    [
      'DISCONNECT with an error',
      (client) => client.send({ type: 'disconnect', reasonCode: 0x81 }),
      1,
    ],
    ['malformed bytes', (client) => client.sendBytes(Buffer.from([0xff, 0xff])), 1],
    ['another connection takes over', (_, simulated) => simulated.connected('c'), 1],
    ['keep-alive', (_, simulated) => simulated.pass(20_000), 1],
  ];
  for (const [how, end, expected] of endings) {
    it(`${expected === 1 ? 'is published' : 'is not published'} when the end is: ${how}`, () => {
      const { simulated, watcher } = watched();
      end(simulated.connected('c', { will, keepAliveSeconds: 10 }), simulated);
      assert.equal(watcher.takePayloads().length, expected);
      simulated.pass(100_000);
      assert.equal(watcher.takePayloads().length, 0, 'and only once');
    });
  }

  it('waits for its delay', () => {
    const { simulated, watcher } = watched();
    simulated.connected('c', withWill(30, 100)).drop();
    simulated.pass(29_500);
    assert.deepEqual(watcher.takePayloads(), []);
    simulated.pass(1000);
    assert.deepEqual(watcher.takePayloads(), ['bye']);
    simulated.pass(100_000);
    assert.deepEqual(watcher.takePayloads(), []);
  });

  it('does not wait beyond the end of the session', () => {
    const { simulated, watcher } = watched();
    simulated.connected('c', withWill(30, 10)).drop();
    simulated.pass(10_500);
    assert.deepEqual(watcher.takePayloads(), ['bye']);
    simulated.connected('d', withWill(30, 0)).drop();
    assert.deepEqual(watcher.takePayloads(), ['bye']);
  });

  it('is not published if the client is back before its delay is over', () => {
    const { simulated, watcher } = watched();
    simulated.connected('c', withWill(30, 100)).drop();
    simulated.pass(20_000);
    const back = simulated.connected('c', withWill(30, 100));
    simulated.pass(60_000);
    assert.deepEqual(watcher.takePayloads(), []);
    back.drop();
    simulated.connected('c', { cleanStart: true });
    assert.deepEqual(watcher.takePayloads(), ['bye'], 'a clean start ends the session at once');
  });

  it('is not published when its client takes its own connection over before the delay', () => {
    const { simulated, watcher } = watched();
    simulated.connected('c', withWill(30, 100));
    simulated.connected('c', withWill(30, 100));
    simulated.pass(5000);
    assert.deepEqual(watcher.takePayloads(), []);
  });

  it('goes out with its properties, QoS and retain, its expiry counted from then', () => {
    const { simulated, watcher } = watched();
    watcher.subscribe('gone', 2);
    const properties = {
      willDelayInterval: 30,
      messageExpiryInterval: 50,
      contentType: 'text/plain',
      userProperties: [['k', 'v']] as [string, string][],
    };
    simulated
      .connected('c', withWill(0, 100, { will: { ...will, retain: true, properties } }))
      .drop();
    simulated.pass(31_000);
    const [publish] = watcher.take('publish');
    assert.deepEqual(
      [publish?.qos, publish?.properties],
      [1, { messageExpiryInterval: 50, contentType: 'text/plain', userProperties: [['k', 'v']] }],
    );
    assert.equal(simulated.node.router.retained.count, 1);
  });
});
