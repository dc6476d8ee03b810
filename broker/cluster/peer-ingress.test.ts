import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ConnackPacket, encode, type Packet, ReasonCode } from '../../wire/mod.js';
import { FakeLink } from '../testing/fake-link.js';
import {
  authOf,
  connectOf,
  helloOf,
  SimulatedHost,
  shakeHands,
} from '../testing/simulated-peer.js';
import type { SimulatedClient } from '../testing/simulation.js';
import { SimulatedNode } from '../testing/simulation.js';
import { CALL_MEMBER, CallError, callPacket, readReply, SESSION_METHOD } from './calls.js';
import { newNonce } from './cookie-auth.js';
import { RemoteNode } from './remote-node.js';

const OTHER = helloOf('other@h');
const PUBLISH: Packet = {
  type: 'publish',
  topic: 't',
  payload: Buffer.from('x'),
  qos: 0,
  retain: false,
  dup: false,
};

/** Lets promises tell and the turn end. */
async function told(host: SimulatedHost): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  host.simulated.settle();
}

/** Nothing that a stranger did has reached the node, and it is out. */
function isOut(host: SimulatedHost, stranger: SimulatedClient): void {
  assert.equal(stranger.closed, true);
  assert.deepEqual([host.calls, host.members, host.linked], [[], [], []]);
  assert.equal(stranger.take('publish').length, 0);
}

describe('a link from another node', () => {
  it('is open once both have shown the cookie', () => {
    const host = new SimulatedHost();
    const peer = host.stranger();
    const answer = shakeHands(peer, OTHER) as ConnackPacket;
    assert.equal(answer.reasonCode, 0);
    assert.deepEqual(JSON.parse(answer.properties!.userProperties![0]![1]), host.own);
    assert.deepEqual(
      host.linked.map(({ hello }) => hello),
      [OTHER],
    );
    peer.drop();
    assert.deepEqual(
      host.unlinked.map(({ hello }) => hello),
      [OTHER],
    );
  });

  it('is refused to another cookie, with one line that says so', () => {
    const host = new SimulatedHost();
    const stranger = host.stranger();
    const answer = shakeHands(stranger, OTHER, { cookie: 'guess' }) as ConnackPacket;
    assert.equal(answer.reasonCode, ReasonCode.NOT_AUTHORIZED);
    assert.equal(answer.properties?.authenticationData, undefined, 'nothing to guess by');
    isOut(host, stranger);
    assert.deepEqual(host.complaints, [
      "a node that calls itself 'other@h' has another cookie: refused",
    ]);
  });

  it('is refused when the hello was swapped on the way, or the proof is the other side’s', () => {
    for (const how of [{ proven: helloOf('somebody@else') }, { side: 'server' as const }]) {
      const host = new SimulatedHost();
      const stranger = host.stranger();
      const answer = shakeHands(stranger, OTHER, how) as ConnackPacket;
      assert.equal(answer.reasonCode, ReasonCode.NOT_AUTHORIZED);
      isOut(host, stranger);
    }
  });

  it('is refused to a recording of an earlier handshake', () => {
    const host = new SimulatedHost();
    const recorded: Packet[] = [];
    const node = host.stranger();
    const { send } = node;
    node.send = (packet) => {
      recorded.push(packet);
      send.call(node, packet);
    };
    shakeHands(node, OTHER);
    assert.equal(host.linked.length, 1);
    host.linked.length = 0;
    const stranger = host.stranger();
    for (const packet of recorded) stranger.send(packet);
    assert.equal(stranger.take('connack')[0]?.reasonCode, ReasonCode.NOT_AUTHORIZED);
    isOut(host, stranger);
  });

  it('is refused to a node of the same name, or of another protocol, and it is told why', () => {
    for (const [hello, why] of [
      [helloOf('own@h', { guid: 'another start' }), /there is a node 'own@h' already/],
      [helloOf('other@h', { protocol: 99 }), /version 99 of the protocol/],
    ] as const) {
      const host = new SimulatedHost();
      const stranger = host.stranger();
      const answer = shakeHands(stranger, hello) as ConnackPacket;
      assert.match(answer.properties!.reasonString!, why);
      assert.match(host.complaints[0]!, why);
      isOut(host, stranger);
    }
  });
});

describe('a stranger at the port for links', () => {
  const packets: Packet[] = [
    PUBLISH,
    authOf(newNonce()),
    callPacket('write', 1, []),
    { type: 'pingreq' },
    { type: 'puback', packetId: 1, reasonCode: 0 },
    { type: 'disconnect', reasonCode: 0 },
    {
      type: 'subscribe',
      packetId: 1,
      subscriptions: [
        { filter: '#', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 },
      ],
    },
  ];

  it('gets nothing for any packet before it has shown the cookie', async () => {
    for (const packet of packets) {
      for (const first of [[], [connectOf(OTHER)]]) {
        const host = new SimulatedHost();
        host.simulated.connected('s').subscribe('#');
        const stranger = host.stranger();
        for (const each of [...first, packet, PUBLISH, callPacket('bye', 1, null)])
          stranger.send(each);
        await told(host);
        isOut(host, stranger);
        assert.equal(
          host.simulated.counters.some((count) => Number.isNaN(count)),
          false,
        );
      }
    }
  });

  it('gets nothing for garbage, cut into pieces as it likes', async () => {
    const junk = fc.uint8Array({ maxLength: 40 });
    const valid = fc.constantFrom(...packets, connectOf(OTHER), connectOf({}), connectOf(null));
    const piece = fc.oneof(
      junk,
      valid.map((packet) => encode(packet, 5)),
      fc.tuple(valid, fc.nat(300), fc.integer({ min: 1, max: 255 })).map(([packet, at, by]) => {
        const bytes = Buffer.from(encode(packet, 5));
        bytes[at % bytes.length] = (bytes[at % bytes.length]! + by) & 0xff;
        return bytes;
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 6 }), async (pieces) => {
        const host = new SimulatedHost();
        const watching = host.simulated.connected('s');
        watching.subscribe('#');
        const stranger = host.stranger();
        for (const bytes of pieces) stranger.sendBytes(bytes);
        await told(host);
        assert.deepEqual(watching.take('publish'), []);
        assert.deepEqual([host.calls, host.members, host.linked], [[], [], []]);
        for (const packet of stranger.received) {
          const isRefusal = packet.type === 'connack' && packet.reasonCode >= 0x80;
          assert.ok(isRefusal || packet.type === 'auth', JSON.stringify(packet));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('may not send a large packet, nor keep the connection without a word', () => {
    const host = new SimulatedHost();
    const loud = host.stranger();
    loud.sendBytes(Buffer.from([0x10, 0x81, 0x20]));
    isOut(host, loud);
    const large = host.stranger();
    large.send(connectOf({ ...OTHER, cluster: 'x'.repeat(5000) }));
    isOut(host, large);
    const [silent, halfway] = [host.stranger(), host.stranger()];
    halfway.send(connectOf(OTHER));
    host.simulated.pass(host.simulated.node.limits.connectTimeoutMs + 1000);
    assert.deepEqual([silent.closed, halfway.closed], [true, true]);
  });
});

describe('what comes over a link', () => {
  it('goes to this node’s sessions, or to the member it names', () => {
    const host = new SimulatedHost();
    const watching = host.simulated.connected('s');
    watching.subscribe('t', 1);
    const peer = host.peer(OTHER);
    const passedOn = new RemoteNode('third@h', host.simulated.node, 'acked', 0);
    host.simulated.node.router.addRemote(passedOn.subscription, 't');
    const onward = new FakeLink(host.simulated, passedOn);
    peer.publish('t', 'for all', { qos: 1, packetId: 1 });
    peer.publish('t', 'for one', {
      qos: 1,
      packetId: 2,
      properties: { subscriptionIdentifiers: [77] },
    });
    assert.deepEqual(watching.takePayloads(), ['for all']);
    assert.deepEqual(host.members, [[77, 'for one']]);
    assert.deepEqual(onward.takeMessages(), [], 'never to a third node');
    assert.deepEqual(
      peer.take('puback').map(({ packetId }) => packetId),
      [1, 2],
    );
  });

  it('is a call if it says so: answered with its correlation, or with why not', async () => {
    const host = new SimulatedHost();
    const peer = host.peer(OTHER);
    const body = { text: 'ü'.repeat(3000), number: 1 };
    peer.send(callPacket('takeover', 5, body));
    await told(host);
    assert.deepEqual(host.calls, [['takeover', body, 'other@h']]);
    assert.deepEqual(readReply(peer.take('publish')[0]!), { id: 5, body: 'answer' });
    host.answer = async () => {
      throw new CallError('NO_CORE', 'it is none');
    };
    peer.send(callPacket('write', 6, []));
    await told(host);
    const { id, error } = readReply(peer.take('publish')[0]!);
    assert.deepEqual([id, error?.code, error?.message], [6, 'NO_CORE', 'it is none']);
  });

  it('is no call, whatever its topic, if a client sent it: a topic like any other', async () => {
    const from = new SimulatedNode();
    const node = new RemoteNode('own@h', from.node, 'acked', 0);
    for (const filter of ['$call/#', '$reply', '$log'])
      from.node.router.addRemote(node.subscription, filter);
    const link = new FakeLink(from, node);
    const host = new SimulatedHost();
    const watching = host.simulated.connected('s');
    for (const filter of ['$call/+', '$reply', '$log']) watching.subscribe(filter, 2);
    const peer = host.peer(OTHER);
    const client = from.connected('c');
    const properties = { responseTopic: '$reply', correlationData: Buffer.from([0, 0, 0, 1]) };
    const topics = ['$call/write', '$call/takeover', '$reply', '$log'];
    for (const topic of topics) client.publish(topic, '[]', { properties });
    for (const packet of link.takeMessages()) peer.send(packet);
    await told(host);
    assert.deepEqual(
      watching.take('publish').map(({ topic }) => topic),
      topics,
    );
    assert.deepEqual(host.calls, []);
    assert.equal(peer.received.length, 0);
  });

  it('cannot be addressed by a client: one that names a member or a call is thrown out', () => {
    const simulated = new SimulatedNode();
    const node = new RemoteNode('own@h', simulated.node, 'acked', 0);
    simulated.node.router.addRemote(node.subscription, '#');
    const link = new FakeLink(simulated, node);
    for (const number of [1, 77, CALL_MEMBER]) {
      const client = simulated.connected('c');
      client.publish('$call/write', '[]', { properties: { subscriptionIdentifiers: [number] } });
      assert.equal(client.take('disconnect')[0]?.reasonCode, ReasonCode.PROTOCOL_ERROR);
      assert.equal(client.closed, true);
    }
    assert.deepEqual(link.takeMessages(), []);
  });

  it('may be far more unreleased QoS 2 messages than a client may have', () => {
    const host = new SimulatedHost();
    const peer = host.peer(OTHER);
    for (let packetId = 1; packetId <= 3000; packetId++)
      peer.publish('t', 'x', { qos: 2, packetId });
    assert.equal(peer.closed, false);
    assert.equal(peer.take('pubrec').length, 3000);
  });

  it('is not taken twice with QoS 2, though the link broke in between', () => {
    const host = new SimulatedHost();
    const watching = host.simulated.connected('s');
    watching.subscribe('t', 2);
    const first = host.peer(OTHER);
    first.publish('t', 'x', { qos: 2, packetId: 1 });
    first.drop();
    const second = host.peer(OTHER);
    second.publish('t', 'x', { qos: 2, packetId: 1, dup: true });
    assert.equal(second.take('pubrec')[0]?.reasonCode, 0);
    assert.deepEqual(watching.takePayloads(), ['x']);
    const restarted = host.peer(helloOf('other@h', { guid: 'another start' }));
    restarted.publish('t', 'new', { qos: 2, packetId: 1 });
    assert.deepEqual(watching.takePayloads(), ['new']);
  });

  it('is not taken for one of before whose link was not known to be broken', () => {
    const host = new SimulatedHost();
    const watching = host.simulated.connected('s');
    watching.subscribe('t', 2);
    const old = host.peer(OTHER);
    old.send(callPacket(SESSION_METHOD, 0, 1));
    watching.blocked = true;
    const large = 'x'.repeat(host.simulated.node.limits.pauseBytes);
    for (let n = 0; !old.paused && n < 3; n++) old.publish('t', large, { qos: 0 });
    old.publish('t', 'old', { qos: 2, packetId: 1 });
    assert.equal(old.paused, true, 'it waits for the subscriber');
    const next = host.peer(OTHER);
    next.send(callPacket(SESSION_METHOD, 0, 2));
    assert.equal(old.closed, true);
    assert.deepEqual(
      host.unlinked.map(({ channel }) => channel),
      [old.channel],
    );
    watching.unblock();
    next.publish('t', 'new', { qos: 2, packetId: 1 });
    assert.equal(next.take('pubrec')[0]?.reasonCode, 0);
    assert.equal(watching.takePayloads().at(-1), 'new');
  });
});
