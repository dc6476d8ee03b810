import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { namedCounters } from '../routing/mod.js';
import { acks, FakeLink } from '../testing/fake-link.js';
import { SimulatedNode } from '../testing/simulation.js';
import { LINK_LIMITS } from './link-limits.js';
import { RemoteNode } from './remote-node.js';

const LIMITS = { ...LINK_LIMITS, maxQueued: 100, pauseBytes: 2000 };
/** More than may wait for a node. */
const COUNT = 500;
const PAYLOAD_BYTES = 100;
/** Longer than publishers wait for a client. */
const LONG_MS = 60_000;

/** A publisher that has more to say than may wait for the other node; a link to that one may be there or not. */
function scene(): { simulated: SimulatedNode; node: RemoteNode; link: FakeLink; goOn(): string[] } {
  const simulated = new SimulatedNode();
  const node = new RemoteNode('other@host', simulated.node, 'acked', 0, LIMITS);
  simulated.node.router.addRemote(node.subscription, 't');
  const link = new FakeLink(simulated, node);
  const publisher = simulated.connected('p', { keepAliveSeconds: 10 });
  let sent = 0;
  /** Publishes what it may; returns what is acknowledged since. */
  const goOn = (): string[] => {
    for (; sent < COUNT && !publisher.paused; sent++) {
      const payload = `${sent} `.padEnd(PAYLOAD_BYTES, '.');
      publisher.publish('t', payload, { qos: 1, packetId: sent + 1 });
    }
    return acks(publisher);
  };
  return { simulated, node, link, goOn };
}

const dropped = ({ counters }: SimulatedNode): number =>
  namedCounters(counters)['delivery.dropped'] ?? Number.NaN;

describe('another node for which more waits than may', () => {
  for (const how of ['cut off', 'paused'] as const) {
    it(`is waited for as long as it is ${how}, and gets everything that is acknowledged`, () => {
      const { simulated, node, link, goOn } = scene();
      if (how === 'paused') link.blocked = true;
      else link.drop();
      for (let waitedMs = 0; waitedMs < LONG_MS; waitedMs += 100) {
        assert.deepEqual(goOn(), []);
        simulated.pass(100);
      }
      assert.ok(node.queued < COUNT);
      const next = how === 'paused' ? link : new FakeLink(simulated, node);
      next.unblock();
      const got: string[] = [];
      const acknowledged: string[] = [];
      while (acknowledged.length < COUNT) {
        const more = next.takeAll().map((text) => text.slice(0, text.indexOf(' ')));
        acknowledged.push(...goOn());
        assert.ok(more.length > 0 || acknowledged.length === COUNT, 'it goes on');
        got.push(...more);
      }
      assert.deepEqual(
        got,
        Array.from({ length: COUNT }, (_, number) => `${number}`),
      );
      assert.equal(dropped(simulated), 0);
    });
  }

  it('is waited for no more once it is gone', () => {
    const { simulated, node, link, goOn } = scene();
    link.drop();
    assert.deepEqual(goOn(), []);
    simulated.node.router.removeRemote(node, 't');
    node.detach(simulated.nowMs);
    node.end(simulated.nowMs);
    simulated.settle();
    assert.equal(goOn().length + goOn().length, COUNT);
    assert.equal(simulated.node.router.pressure.congested, 0);
  });
});
