import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReasonCode } from '../../wire/mod.js';
import type { Receipt } from '../routing/mod.js';
import { acks, FakeLink } from '../testing/fake-link.js';
import { SimulatedNode } from '../testing/simulation.js';
import { RemoteNode } from './remote-node.js';

/** Another node with a subscriber of this filter. */
function remote(simulated: SimulatedNode, filter: string): { link: FakeLink } {
  const node = new RemoteNode('other@host', simulated.node, 'acked', 0);
  simulated.node.router.addRemote(node.subscription, filter);
  return { link: new FakeLink(simulated, node) };
}

describe('a QoS 2 message that is sent again before other nodes have taken it', () => {
  it('is routed once and acknowledged behind those before it (MQTT 3.1.1)', () => {
    const simulated = new SimulatedNode();
    const { link } = remote(simulated, 't');
    const publisher = simulated.connected('p', { protocolVersion: 4 });
    publisher.publish('t', 'one', { qos: 1, packetId: 1 });
    publisher.publish('t', 'two', { qos: 2, packetId: 2 });
    publisher.publish('t', 'two', { qos: 2, packetId: 2, dup: true });
    const [one, two, ...more] = link.takeMessages();
    assert.deepEqual(more, []);
    link.take(two!);
    assert.deepEqual(acks(publisher), []);
    link.take(one!);
    assert.deepEqual(acks(publisher), ['puback 1', 'pubrec 2', 'pubrec 2']);
  });

  it('is acknowledged on the next connection when they have taken it', () => {
    const simulated = new SimulatedNode();
    const { link } = remote(simulated, 't');
    const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 60 } };
    simulated.connected('p', lasting).publish('t', 'x', { qos: 2, packetId: 1 });
    const [message] = link.takeMessages();
    const second = simulated.connected('p', lasting);
    second.publish('t', 'x', { qos: 2, packetId: 1, dup: true });
    assert.deepEqual(link.takeMessages(), []);
    assert.deepEqual(acks(second), []);
    link.take(message!);
    assert.deepEqual(acks(second), ['pubrec 1']);
    second.publish('t', 'x', { qos: 2, packetId: 1, dup: true });
    assert.deepEqual(acks(second), ['pubrec 1']);
    second.send({ type: 'pubrel', packetId: 1, reasonCode: 0 });
    second.publish('t', 'new', { qos: 2, packetId: 1 });
    assert.deepEqual(link.takeAll(), ['new']);
  });
});

describe('a retained message of a cluster', () => {
  it('that cannot be stored is answered with 0x83, in the order of the messages', () => {
    const simulated = new SimulatedNode();
    const { link } = remote(simulated, 't');
    const fail: (() => void)[] = [];
    simulated.node.router.retainer = (message) => {
      message.awaitNode();
      const { receipt } = message;
      fail.push(() => receipt!.fail(ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR, simulated.nowMs));
    };
    const publisher = simulated.connected('p');
    publisher.publish('t', 'x', { qos: 1, packetId: 1 });
    publisher.publish('kept', 'x', { qos: 1, retain: true, packetId: 2 });
    publisher.publish('kept', 'x', { qos: 2, retain: true, packetId: 3 });
    for (const failing of fail) failing();
    simulated.settle();
    assert.deepEqual(acks(publisher), []);
    link.takeAll();
    assert.deepEqual(acks(publisher), ['puback 1', 'puback 2 131', 'pubrec 3 131']);
  });

  it('that was refused with QoS 2 leaves its identifier free for the next message', () => {
    const simulated = new SimulatedNode();
    const { link } = remote(simulated, 't');
    let fail: (() => void) | undefined;
    simulated.node.router.retainer = (message) => {
      message.awaitNode();
      const { receipt } = message;
      fail = () => receipt!.fail(ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR, simulated.nowMs);
    };
    const publisher = simulated.connected('p');
    publisher.publish('kept', 'x', { qos: 2, retain: true, packetId: 3 });
    fail!();
    simulated.settle();
    assert.deepEqual(acks(publisher), ['pubrec 3 131']);
    publisher.publish('t', 'another', { qos: 2, packetId: 3 });
    assert.deepEqual(link.takeAll(), ['another']);
    assert.deepEqual(acks(publisher), ['pubrec 3']);
  });

  it('that was refused while its publisher was away is taken when it comes again', () => {
    const simulated = new SimulatedNode();
    const { link } = remote(simulated, 'kept');
    const attempts: (Receipt | undefined)[] = [];
    simulated.node.router.retainer = (message) => {
      message.awaitNode();
      attempts.push(message.receipt);
    };
    const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 60 } };
    const first = simulated.connected('p', lasting);
    first.publish('kept', 'x', { qos: 2, retain: true, packetId: 1 });
    first.drop();
    attempts[0]!.fail(ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR, simulated.nowMs);
    link.takeAll();
    const second = simulated.connected('p', lasting);
    second.publish('kept', 'x', { qos: 2, retain: true, packetId: 1, dup: true });
    attempts[1]!.settle(simulated.nowMs);
    assert.deepEqual(link.takeAll(), ['x']);
    assert.deepEqual(acks(second), ['pubrec 1']);
  });
});
