import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Qos } from '../../wire/mod.js';
import { namedCounters } from '../routing/mod.js';
import { SimulatedNode } from '../testing/simulation.js';

const LASTING = { cleanStart: false, properties: { sessionExpiryInterval: 60, receiveMaximum: 1 } };
const LIMITS = { maxQueued: 10, pauseBytes: 2000, maxPendingBytes: 4000, queueQos0: false };

describe('a member of a shared group that its publishers stick to', () => {
  for (const qos of [0, 1] as const) {
    it(`loses nothing that another one can take when it takes no more (QoS ${qos})`, () => {
      const simulated = new SimulatedNode(LIMITS, () => 0, 'sticky');
      const kept = simulated.connected('kept', LASTING);
      const other = simulated.connected('other', { properties: {} });
      for (const member of [kept, other]) member.subscribe('$share/g/t', qos as Qos);
      const publisher = simulated.connected('p');
      kept.blocked = true;
      const got: string[] = [];
      for (let n = 1; n <= 100; n++) {
        const text = `${n} ${'.'.repeat(90)}`;
        publisher.publish('t', text, { qos, ...(qos > 0 ? { packetId: n } : {}) });
        got.push(...other.takePayloads());
      }
      assert.ok(got.length > 30 && got.length < 100, `${got.length} went to the other`);
      kept.unblock();
      for (let more = kept.take('publish'); more.length > 0; more = kept.take('publish')) {
        for (const { payload, packetId } of more) {
          got.push(Buffer.from(payload).toString());
          if (packetId !== undefined) kept.send({ type: 'puback', packetId, reasonCode: 0 });
        }
      }
      assert.equal(new Set(got).size, 100);
      assert.equal(namedCounters(simulated.counters)['delivery.dropped'], 0);
    });
  }
});
