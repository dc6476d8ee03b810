import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SimulatedNode } from '../testing/simulation.js';

describe('keep-alive', () => {
  it('closes a client that is silent for one and a half times its interval', () => {
    const simulated = new SimulatedNode();
    const client = simulated.connected('c', { keepAliveSeconds: 10 });
    const old = simulated.connected('d', { keepAliveSeconds: 10, protocolVersion: 4 });
    simulated.pass(14_900);
    assert.equal(client.closed, false);
    simulated.pass(600);
    assert.deepEqual(client.received, [{ type: 'disconnect', reasonCode: 0x8d }]);
    assert.deepEqual(old.received, []);
    assert.deepEqual([client.closed, old.closed], [true, true]);
    assert.equal(simulated.node.sessions.connected, 0);
  });

  it('goes on as long as packets come, whatever they are', () => {
    const simulated = new SimulatedNode();
    const client = simulated.connected('c', { keepAliveSeconds: 10 });
    for (let round = 0; round < 20; round++) {
      simulated.pass(12_000);
      if (round % 2 === 0) client.send({ type: 'pingreq' });
      else client.publish('a', 'b');
    }
    assert.equal(client.closed, false);
    assert.equal(client.take('pingresp').length, 10);
  });

  it('is off at 0', () => {
    const simulated = new SimulatedNode();
    const client = simulated.connected('c', { keepAliveSeconds: 0 });
    simulated.pass(1_000_000);
    assert.equal(client.closed, false);
  });

  it('does not count the bytes of a packet that never ends', () => {
    const simulated = new SimulatedNode();
    const client = simulated.connected('c', { keepAliveSeconds: 10 });
    client.sendBytes(Buffer.from([0x30, 0x64]));
    for (let second = 0; second < 16; second++) {
      simulated.pass(1000);
      client.sendBytes(Buffer.from([0]));
    }
    assert.equal(client.closed, true);
  });
});
