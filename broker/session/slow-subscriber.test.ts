import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encode, type Qos } from '../../wire/mod.js';
import { namedCounters } from '../routing/mod.js';
import { type SimulatedClient, SimulatedNode } from '../testing/simulation.js';

const LIMITS = {
  pauseBytes: 2000,
  maxPendingBytes: 100_000,
  maxQueued: 20,
  maxInflight: 4,
  slowGraceMs: 500,
  slowPenaltyMs: 5000,
};

/** A chunk of `count` PUBLISH packets numbered from `first`, as a socket read gives it. */
function burst(source: string, first: number, count: number, qos: Qos): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, index) =>
      encode(
        {
          type: 'publish',
          topic: 't',
          payload: Buffer.from(`${source} ${first + index} ${'.'.repeat(80)}`),
          qos,
          ...(qos > 0 ? { packetId: 1 + ((first + index) % 60_000) } : {}),
          retain: false,
          dup: false,
        },
        5,
      ),
    ),
  );
}

/** `source number` of what came, in order; QoS 1 is acknowledged. */
function take(client: SimulatedClient): string[] {
  return client.take('publish').map(({ payload, packetId }) => {
    if (packetId !== undefined) client.send({ type: 'puback', packetId, reasonCode: 0 });
    return Buffer.from(payload).toString().split(' ', 2).join(' ');
  });
}

function takeAll(client: SimulatedClient): string[] {
  const all: string[] = [];
  for (let more = take(client); more.length > 0; more = take(client)) all.push(...more);
  return all;
}

describe('a subscriber that falls behind', () => {
  for (const qos of [0, 1] as const) {
    it(`makes a publisher of QoS ${qos} wait, so that nothing is lost and little is held`, () => {
      const simulated = new SimulatedNode(LIMITS);
      const slow = simulated.connected('s');
      slow.subscribe('t', qos);
      const publisher = simulated.connected('p', { keepAliveSeconds: 10 });
      slow.blocked = true;
      publisher.sendBytes(burst('p', 0, 100, qos));
      assert.equal(publisher.paused, true);
      assert.ok(slow.channel.outbox.pendingBytes < 2 * LIMITS.pauseBytes);
      assert.ok((simulated.node.sessions.get('s')?.queued ?? 0) <= LIMITS.maxQueued / 2);
      const got: string[] = [];
      for (let round = 0; round < 200; round++) {
        slow.unblock();
        got.push(...takeAll(slow));
        slow.blocked = round % 3 !== 0;
      }
      slow.unblock();
      got.push(...takeAll(slow));
      assert.deepEqual(
        got,
        Array.from({ length: 100 }, (_, n) => `p ${n}`),
      );
      assert.equal(publisher.paused, false);
      assert.equal(publisher.take('puback').length, qos === 1 ? 100 : 0);
    });
  }

  it('is waited for no longer than its grace: then messages are dropped, and counted', () => {
    const simulated = new SimulatedNode(LIMITS);
    const [stuck, quick] = [simulated.connected('s'), simulated.connected('q')];
    stuck.subscribe('t');
    quick.subscribe('t');
    stuck.blocked = true;
    const publisher = simulated.connected('p');
    publisher.sendBytes(burst('p', 0, 1000, 0));
    assert.equal(publisher.paused, true);
    simulated.pass(700);
    assert.equal(publisher.paused, false);
    assert.equal(take(quick).length, 1000, 'others get everything');
    stuck.unblock();
    const got = take(stuck).length;
    const counters = namedCounters(simulated.counters);
    assert.equal(got + counters['delivery.dropped.qos0_msg'], 1000);
    assert.ok(got < 100);
    stuck.blocked = true;
    publisher.sendBytes(burst('p', 1000, 1000, 0));
    assert.equal(publisher.paused, false, 'it is not waited for again at once');
    assert.equal(take(quick).length, 1000);
    simulated.pass(LIMITS.slowPenaltyMs);
    publisher.sendBytes(burst('p', 2000, 10, 0));
    assert.equal(publisher.paused, true, 'but later it is');
  });

  it('has its whole grace left when the node itself did not run for longer than that', () => {
    for (const qos of [0, 1] as const) {
      const simulated = new SimulatedNode(LIMITS);
      const slow = simulated.connected('s');
      slow.subscribe('t', qos);
      const publisher = simulated.connected('p');
      slow.blocked = true;
      simulated.pass(100);
      publisher.sendBytes(burst('p', 0, 100, qos));
      assert.equal(publisher.paused, true);
      simulated.nowMs += 20_000;
      simulated.pass(100);
      assert.equal(publisher.paused, true, 'nobody gave the subscriber time to catch up');
      slow.unblock();
      assert.equal(takeAll(slow).length, 100);
      assert.equal(namedCounters(simulated.counters)['delivery.dropped'], 0);
    }
  });

  it('keeps no more of QoS 1 than its queue takes once it lags', () => {
    const simulated = new SimulatedNode(LIMITS);
    const stuck = simulated.connected('s');
    stuck.subscribe('t', 1);
    const publisher = simulated.connected('p');
    publisher.sendBytes(burst('p', 0, 500, 1));
    simulated.pass(700);
    assert.equal(publisher.paused, false);
    const session = simulated.node.sessions.get('s');
    assert.deepEqual([session?.inflight, session?.queued], [4, 20]);
    assert.equal(namedCounters(simulated.counters)['delivery.dropped.queue_full'], 500 - 24);
    const got = takeAll(stuck);
    assert.deepEqual([got.length, got.at(-1)], [24, 'p 499']);
  });

  it('lets its publishers go when its connection breaks', () => {
    const simulated = new SimulatedNode(LIMITS);
    const stuck = simulated.connected('s');
    stuck.subscribe('t');
    stuck.blocked = true;
    const publisher = simulated.connected('p');
    publisher.sendBytes(burst('p', 0, 100, 1));
    assert.equal(publisher.paused, true);
    stuck.drop();
    assert.equal(publisher.paused, false);
    assert.equal(publisher.take('puback').length, 100);
    assert.equal(simulated.node.router.pressure.congested, 0);
    assert.equal(simulated.turn.pool.outstandingBytes, 0);
  });

  it('does not get a waiting publisher cut off for silence', () => {
    const simulated = new SimulatedNode({ ...LIMITS, slowGraceMs: 60_000 });
    const stuck = simulated.connected('s');
    stuck.subscribe('t');
    stuck.blocked = true;
    const publisher = simulated.connected('p', { keepAliveSeconds: 10 });
    publisher.sendBytes(burst('p', 0, 100, 0));
    simulated.pass(50_000);
    assert.deepEqual([publisher.paused, publisher.closed], [true, false]);
  });

  it('is not read from while it lets answers to its own packets pile up', () => {
    const simulated = new SimulatedNode(LIMITS);
    const client = simulated.connected('c', { keepAliveSeconds: 10 });
    client.blocked = true;
    const pings = Buffer.from('c000'.repeat(5000), 'hex');
    let sent = 0;
    for (; !client.paused && sent < 100; sent++) client.sendBytes(pings);
    assert.equal(client.paused, true);
    assert.ok(client.channel.outbox.pendingBytes <= LIMITS.maxPendingBytes + pings.length);
    simulated.pass(10_000);
    client.unblock();
    assert.equal(client.paused, false);
    assert.equal(client.take('pingresp').length, sent * 5000);
    simulated.pass(10_000);
    assert.equal(client.closed, false, 'nobody listened to it for the first 10 s');
    client.blocked = true;
    while (!client.paused) client.sendBytes(pings);
    simulated.pass(15_500);
    assert.equal(client.channel.isClosed, true, 'one that takes nothing is as good as gone');
  });

  it('does not wait for itself', () => {
    const simulated = new SimulatedNode(LIMITS);
    const client = simulated.connected('c');
    client.subscribe('t', 1);
    client.sendBytes(burst('c', 0, 24, 1));
    assert.equal(client.paused, false);
    assert.equal(takeAll(client).length, 24);
  });

  it('loses nothing and mixes nothing up while its publishers stop and go', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('send' as const), who: fc.nat(2), n: fc.nat(40) }),
      fc.record({ kind: fc.constant('block' as const), who: fc.nat(1), n: fc.constant(0) }),
      fc.record({ kind: fc.constant('unblock' as const), who: fc.nat(1), n: fc.constant(0) }),
      fc.record({ kind: fc.constant('read' as const), who: fc.nat(1), n: fc.constant(0) }),
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.constantFrom<Qos>(0, 1),
        fc.nat(300),
        (steps, qos, cut) => {
          const simulated = new SimulatedNode(LIMITS);
          const subscribers = [simulated.connected('s0'), simulated.connected('s1')];
          for (const subscriber of subscribers) subscriber.subscribe('t', qos);
          const publishers = [0, 1, 2].map((n) => simulated.connected(`p${n}`));
          const sent = [0, 0, 0];
          const got: string[][] = [[], []];
          /** What a socket would still hold while the node does not read. */
          const kernel: Buffer[][] = [[], [], []];
          const pushAll = (): void => {
            publishers.forEach((publisher, n) => {
              while (!publisher.paused && kernel[n]!.length > 0) {
                publisher.sendBytes(kernel[n]!.shift()!);
              }
            });
          };
          for (const { kind, who, n } of steps) {
            if (kind === 'send') {
              const bytes = burst(`p${who}`, sent[who]!, n, qos);
              sent[who]! += n;
              // Chunks are cut where it falls.
              kernel[who]!.push(bytes.subarray(0, cut), bytes.subarray(cut));
            } else if (kind === 'block') subscribers[who]!.blocked = true;
            else if (kind === 'unblock') subscribers[who]!.unblock();
            else got[who]!.push(...takeAll(subscribers[who]!));
            pushAll();
            for (const { channel } of subscribers) {
              assert.ok(channel.outbox.pendingBytes < 2 * LIMITS.pauseBytes);
            }
          }
          for (let round = 0; round < 100; round++) {
            subscribers.forEach((subscriber, who) => {
              subscriber.unblock();
              got[who]!.push(...takeAll(subscriber));
            });
            pushAll();
          }
          for (const all of got) {
            sent.forEach((count, who) => {
              const own = all.filter((text) => text.startsWith(`p${who} `));
              assert.deepEqual(
                own,
                Array.from({ length: count }, (_, n) => `p${who} ${n}`),
              );
            });
          }
          assert.equal(namedCounters(simulated.counters)['delivery.dropped'], 0);
          assert.ok(publishers.every(({ paused }) => !paused));
          assert.equal(simulated.turn.pool.outstandingBytes, 0);
        },
      ),
      { numRuns: 200 },
    );
  });
});
