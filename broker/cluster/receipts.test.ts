import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ReasonCode } from '../../wire/mod.js';
import { acks, FakeLink } from '../testing/fake-link.js';
import { SimulatedNode } from '../testing/simulation.js';
import { type Forwarding, RemoteMember, RemoteNode } from './remote-node.js';

/** Another node with a subscriber of these filters. */
function remote(
  simulated: SimulatedNode,
  filters: readonly string[],
  forwarding: Forwarding = 'acked',
): { node: RemoteNode; link: FakeLink } {
  const node = new RemoteNode('other@host', simulated.node, forwarding, 0);
  for (const filter of filters) simulated.node.router.addRemote(node.subscription, filter);
  return { node, link: new FakeLink(simulated, node) };
}

/** A member of `$share/g/t` on another node. */
function member(simulated: SimulatedNode, node: RemoteNode, number = 7): RemoteMember {
  const found = new RemoteMember(node, number, `member-${number}`, 't');
  simulated.node.router.addRemoteMember('g', found.subscription);
  return found;
}

describe('the acknowledgement of a message that went to other nodes', () => {
  for (const [qos, ack] of [
    [1, 'puback'],
    [2, 'pubrec'],
  ] as const) {
    it(`waits until all of them have taken it (QoS ${qos})`, () => {
      const simulated = new SimulatedNode();
      const [one, two] = [remote(simulated, ['t']), remote(simulated, ['t', '#'])];
      const publisher = simulated.connected('p');
      publisher.publish('t', 'x', { qos, packetId: 5 });
      const [first] = one.link.takeMessages();
      const [second, ...more] = two.link.takeMessages();
      assert.deepEqual(more, [], 'one copy for each node, whatever it subscribed to');
      assert.deepEqual(acks(publisher), []);
      one.link.take(first!);
      assert.deepEqual(acks(publisher), []);
      two.link.take(second!);
      assert.deepEqual(acks(publisher), [`${ack} 5`]);
    });
  }

  it('comes at once for what stays on the node, and with `async` for all', () => {
    const simulated = new SimulatedNode();
    simulated.connected('s').subscribe('here', 1);
    const { link } = remote(simulated, ['there'], 'async');
    const publisher = simulated.connected('p');
    publisher.publish('here', 'x', { qos: 1, packetId: 1 });
    publisher.publish('there', 'x', { qos: 2, packetId: 2 });
    publisher.publish('nowhere', 'x', { qos: 1, packetId: 3 });
    assert.deepEqual(acks(publisher), ['puback 1', 'pubrec 2', 'puback 3 16']);
    assert.equal(link.takeMessages().length, 1);
  });

  it('comes in the order of the messages, whatever the order they are taken in [MQTT-4.6.0-2]', () => {
    const message = fc.record({ qos: fc.constantFrom(1 as const, 2 as const), to: fc.nat(2) });
    const run = fc.array(message, { maxLength: 25, size: 'max' });
    fc.assert(
      fc.property(run, fc.infiniteStream(fc.nat(99)), (messages, chance) => {
        const simulated = new SimulatedNode();
        const nodes = [remote(simulated, ['to/1']), remote(simulated, ['to/1', 'to/2'])];
        simulated.connected('s').subscribe('#', 2);
        const publisher = simulated.connected('p');
        const untaken = new Map<number, number>();
        const waiting: (() => void)[] = [];
        const expected: string[] = [];
        let acknowledged = 0;
        const look = (): void => {
          for (const ack of acks(publisher)) assert.equal(ack, expected[acknowledged++]);
          const isOwed = expected.findIndex((_, index) => (untaken.get(index) ?? 0) > 0);
          assert.equal(acknowledged, isOwed < 0 ? expected.length : isOwed);
        };
        const takeOne = (): void => {
          const [take] = waiting.splice(chance.next().value! % waiting.length, 1);
          take!();
          look();
        };
        for (const [index, { qos, to }] of messages.entries()) {
          publisher.publish(`to/${to}`, 'x', { qos, packetId: index + 1 });
          expected.push(`${qos === 1 ? 'puback' : 'pubrec'} ${index + 1}`);
          for (const { link } of nodes) {
            for (const came of link.takeMessages()) {
              untaken.set(index, (untaken.get(index) ?? 0) + 1);
              waiting.push(() => {
                untaken.set(index, untaken.get(index)! - 1);
                link.take(came);
              });
            }
          }
          look();
          if (waiting.length > 0 && chance.next().value! < 50) takeOne();
        }
        while (waiting.length > 0) takeOne();
        assert.equal(acknowledged, messages.length);
      }),
    );
  });

  it('waits through a broken link for the message to be taken on the next one', () => {
    const simulated = new SimulatedNode();
    const { node, link } = remote(simulated, ['t']);
    const publisher = simulated.connected('p');
    publisher.publish('t', 'in flight', { qos: 1, packetId: 1 });
    link.drop();
    publisher.publish('t', 'queued', { qos: 2, packetId: 2 });
    assert.deepEqual(acks(publisher), []);
    const next = new FakeLink(simulated, node);
    const [first, second] = next.takeMessages();
    assert.deepEqual([first!.dup, second!.dup], [true, false]);
    next.take(first!);
    next.take(second!);
    assert.deepEqual(acks(publisher), ['puback 1', 'pubrec 2']);
  });

  it('comes when a node that has not taken it is gone', () => {
    const simulated = new SimulatedNode();
    const { node, link } = remote(simulated, ['t']);
    const publisher = simulated.connected('p');
    publisher.publish('t', 'in flight', { qos: 2, packetId: 1 });
    link.drop();
    publisher.publish('t', 'queued', { qos: 1, packetId: 2 });
    simulated.node.router.removeRemote(node, 't');
    node.end(simulated.nowMs);
    simulated.settle();
    assert.deepEqual(acks(publisher), ['pubrec 1', 'puback 2']);
  });

  it('comes once when the other node answers an identifier twice, or refuses the message', () => {
    const simulated = new SimulatedNode();
    const { node, link } = remote(simulated, ['t']);
    const publisher = simulated.connected('p');
    for (const packetId of [1, 2, 3]) publisher.publish('t', 'x', { qos: 2, packetId });
    const [first, second, third] = link.takeMessages();
    link.take(first!);
    link.take(first!);
    node.completed(first!.packetId!, simulated.nowMs);
    link.take(second!, ReasonCode.QUOTA_EXCEEDED);
    assert.deepEqual(acks(publisher), ['pubrec 1', 'pubrec 2']);
    link.take(third!);
    assert.deepEqual(acks(publisher), ['pubrec 3']);
  });

  it('does not wait for a message that the link does not take or that has expired', () => {
    const simulated = new SimulatedNode();
    const node = new RemoteNode('other@host', simulated.node, 'acked', 0);
    simulated.node.router.addRemote(node.subscription, 't');
    const publisher = simulated.connected('p');
    const properties = { messageExpiryInterval: 1 };
    publisher.publish('t', 'expires', { qos: 1, packetId: 1, properties });
    publisher.publish('t', 'x'.repeat(200), { qos: 1, packetId: 2 });
    simulated.pass(1500);
    const link = new FakeLink(simulated, node, 100);
    assert.deepEqual(link.takeMessages(), []);
    publisher.publish('t', 'x'.repeat(200), { qos: 2, packetId: 3 });
    assert.deepEqual(acks(publisher), ['puback 1', 'puback 2', 'pubrec 3']);
  });

  it('is not lost with the publisher’s connection: the resumed one may send again', () => {
    const simulated = new SimulatedNode();
    const { link } = remote(simulated, ['t']);
    const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 60 } };
    const first = simulated.connected('p', lasting);
    first.publish('t', 'one', { qos: 1, packetId: 1 });
    first.drop();
    assert.deepEqual(link.takeAll(), ['one']);
    assert.deepEqual(acks(first), []);
    const second = simulated.connected('p', lasting);
    second.publish('t', 'one', { qos: 1, packetId: 1, dup: true });
    assert.deepEqual(link.takeAll(), ['one']);
    assert.deepEqual(acks(second), ['puback 1']);
  });
});

describe('a message for a member of a shared group on another node', () => {
  it('goes to another member when that node is gone, and is acknowledged when this one has it', () => {
    const simulated = new SimulatedNode();
    const [one, two] = [remote(simulated, []), remote(simulated, [])];
    const gone = member(simulated, one.node, 1);
    member(simulated, two.node, 2);
    const publisher = simulated.connected('p');
    publisher.publish('t', 'x', { qos: 1, packetId: 1 });
    const [to, other] = one.link.sent.length > 0 ? [one, two] : [two, one];
    assert.equal(to, one, 'the first member has the first turn');
    assert.deepEqual(other.link.takeMessages(), []);
    one.link.drop();
    simulated.node.router.removeRemoteMember('g', 't', gone);
    one.node.end(simulated.nowMs);
    simulated.settle();
    assert.deepEqual(acks(publisher), []);
    const [again] = two.link.takeMessages();
    assert.deepEqual(again!.properties?.subscriptionIdentifiers, [2]);
    two.link.take(again!);
    assert.deepEqual(acks(publisher), ['puback 1']);
  });

  it('is acknowledged when a member here takes the place of the one that is gone', () => {
    const simulated = new SimulatedNode();
    const { node, link } = remote(simulated, []);
    const gone = member(simulated, node);
    const publisher = simulated.connected('p');
    publisher.publish('t', 'x', { qos: 1, packetId: 1 });
    const here = simulated.connected('here');
    here.subscribe('$share/g/t', 1);
    link.drop();
    simulated.node.router.removeRemoteMember('g', 't', gone);
    node.end(simulated.nowMs);
    simulated.settle();
    assert.deepEqual(acks(publisher), ['puback 1']);
    assert.deepEqual(here.takePayloads(), ['x']);
  });
});
