import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConnectPacket } from '../../wire/mod.js';
import { namedCounters } from '../routing/mod.js';
import { SimulatedNode } from '../testing/simulation.js';
import type { SessionState } from './session-state.js';

const LASTING: Partial<ConnectPacket> = {
  cleanStart: false,
  properties: { sessionExpiryInterval: 60, receiveMaximum: 1 },
};

/** A node where `c`, which is away, has one message of a shared group in flight and one queued. */
function withPending(): SimulatedNode {
  const from = new SimulatedNode();
  const client = from.connected('c', LASTING);
  client.subscribe('$share/g/t', 1);
  const publisher = from.connected('p');
  for (const packetId of [1, 2]) publisher.publish('t', `${packetId}`, { qos: 1, packetId });
  client.drop();
  return from;
}

function handOver(from: SimulatedNode): SessionState {
  const state = from.node.sessions.handOver('c', from.nowMs);
  from.settle();
  return JSON.parse(JSON.stringify(state)) as SessionState;
}

describe('messages of a shared group that wait for a session handed over', () => {
  it('go with the session and to nobody else', () => {
    const from = withPending();
    const other = from.connected('other');
    other.subscribe('$share/g/t', 1);
    const state = handOver(from);
    assert.deepEqual([state.inflight.length, state.queued.length], [1, 1]);
    assert.deepEqual(other.takePayloads(), []);
    assert.equal(namedCounters(from.counters)['delivery.dropped.session_end'], 0);
  });

  it('go to other members of the group there when the session ends', () => {
    const to = new SimulatedNode();
    to.node.sessions.adopt('c', handOver(withPending()), to.nowMs);
    to.connected('c', LASTING).drop();
    const other = to.connected('other');
    other.subscribe('$share/g/t', 1);
    to.pass(61_000);
    assert.equal(to.node.sessions.get('c'), undefined);
    assert.deepEqual(other.takePayloads(), ['1', '2']);
  });
});

describe('a session that another node gives while there is one here', () => {
  it('takes its place: whoever is connected to that one is told', () => {
    const state = handOver(withPending());
    const to = new SimulatedNode();
    const client = to.connected('c', LASTING);
    client.subscribe('old', 1);
    to.node.sessions.adopt('c', state, to.nowMs);
    to.settle();
    assert.equal(client.take('disconnect')[0]?.reasonCode, 0x8e);
    assert.equal(client.closed, true);
    assert.equal(to.node.sessions.connected, 0);
    assert.equal(to.node.router.subscriptions, 1);
    assert.deepEqual(to.connected('c', LASTING).takePayloads(), ['1']);
  });
});
