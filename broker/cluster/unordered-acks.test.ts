import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Packet } from '../../wire/mod.js';
import type { Receipt } from '../routing/mod.js';
import { helloOf, SimulatedHost } from '../testing/simulated-peer.js';

it('a message from another node that waits for a third one holds up no acknowledgement but its own', () => {
  const host = new SimulatedHost();
  const peer = host.peer(helloOf('other@h'));
  let receipt: Receipt | undefined;
  host.onMember = (message) => {
    // It goes on to another node: perhaps to the one it came from.
    message.awaitNode();
    receipt = message.receipt;
  };
  const publish = {
    type: 'publish',
    topic: 't',
    payload: Buffer.from('x'),
    qos: 1,
    retain: false,
    dup: false,
  } as const;
  peer.send({ ...publish, packetId: 1, properties: { subscriptionIdentifiers: [7] } } as Packet);
  host.onMember = () => {};
  for (const packetId of [2, 3]) peer.send({ ...publish, packetId } as Packet);
  const acked = (): number[] => peer.take('puback').map(({ packetId }) => packetId);
  assert.deepEqual(acked(), [2, 3]);
  receipt!.settle(host.simulated.nowMs);
  host.simulated.settle();
  assert.deepEqual(acked(), [1]);
});
