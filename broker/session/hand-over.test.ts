import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ConnectPacket, Packet, PublishPacket, Qos } from '../../wire/mod.js';
import { type SimulatedClient, SimulatedNode } from '../testing/simulation.js';
import { exportSession, type SessionState } from './session-state.js';

const LASTING: Partial<ConnectPacket> = {
  cleanStart: false,
  properties: { sessionExpiryInterval: 3600, receiveMaximum: 5 },
};
const LIMITS = { maxInflight: 4, queueQos0: true };

function moved(state: SessionState | undefined): SessionState {
  assert.ok(state !== undefined);
  return JSON.parse(JSON.stringify(state)) as SessionState;
}

/** The session of `c` on `from`, resumed on another node at the same time of its clock. */
function handedOver(from: SimulatedNode): { to: SimulatedNode; client: SimulatedClient } {
  const to = new SimulatedNode(LIMITS);
  to.nowMs = from.nowMs;
  const state = exportSession(from.node.sessions.get('c')!, from.nowMs);
  to.node.sessions.adopt('c', moved(state), to.nowMs);
  return { to, client: to.connected('c', LASTING) };
}

const filter = fc.constantFrom('a', 'b', 'a/+', '#', '$share/g/a', '$share/g/#', '$share/h/b');
const qos = fc.constantFrom<Qos>(0, 1, 2);
const step = fc.oneof(
  fc.record({
    kind: fc.constant('subscribe' as const),
    filter,
    qos,
    noLocal: fc.boolean(),
    retainAsPublished: fc.boolean(),
    identifier: fc.constantFrom(undefined, 1, 200, 268_435_455),
  }),
  fc.record({ kind: fc.constant('unsubscribe' as const), filter }),
  fc.record({
    kind: fc.constantFrom('publish' as const, 'publish own' as const),
    topic: fc.constantFrom('a', 'b', 'a/x', 'z'),
    qos,
    retain: fc.boolean(),
    expiry: fc.constantFrom(undefined, 2, 1000),
  }),
  fc.record({ kind: fc.constant('answer' as const), which: fc.nat(5) }),
  fc.record({ kind: fc.constantFrom('resume' as const, 'drop' as const) }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(300, 1500) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A client, what it has not answered, and the connection it has now. */
class Scene {
  readonly simulated = new SimulatedNode(LIMITS);
  readonly unanswered: Packet[] = [];
  client: SimulatedClient;
  #publisher: SimulatedClient;
  #nextId = 1;

  constructor() {
    this.client = this.simulated.connected('c', LASTING);
    this.#publisher = this.simulated.connected('p');
  }

  go(next: Step): void {
    const { client } = this;
    switch (next.kind) {
      case 'subscribe': {
        const { filter: wanted, identifier, ...options } = next;
        const noLocal = next.noLocal && !wanted.startsWith('$share');
        if (!client.closed) client.subscribe(wanted, next.qos, { ...options, noLocal }, identifier);
        break;
      }
      case 'unsubscribe':
        if (!client.closed)
          client.send({ type: 'unsubscribe', packetId: 9, filters: [next.filter] });
        break;
      case 'publish':
      case 'publish own': {
        const from = next.kind === 'publish own' ? client : this.#publisher;
        if (from.closed) break;
        const properties = next.expiry === undefined ? {} : { messageExpiryInterval: next.expiry };
        const packetId = this.#nextId++;
        const id = next.qos === 0 ? {} : { packetId };
        from.publish(next.topic, `${packetId}`, {
          qos: next.qos,
          retain: next.retain,
          properties,
          ...id,
        });
        break;
      }
      case 'answer': {
        const [packet] = this.unanswered.splice(next.which, 1);
        if (packet !== undefined && !client.closed) answer(client, packet);
        break;
      }
      case 'drop':
        client.drop();
        this.unanswered.length = 0;
        break;
      case 'resume':
        client.drop();
        this.unanswered.length = 0;
        this.client = this.simulated.connected('c', LASTING);
        break;
      case 'pass':
        this.simulated.pass(next.ms);
        break;
    }
    this.unanswered.push(...owedAnswers(this.client));
    this.client.received = [];
  }
}

function owedAnswers(client: SimulatedClient): Packet[] {
  return client.received.filter(
    (packet) => packet.type === 'pubrel' || (packet.type === 'publish' && packet.qos > 0),
  );
}

function answer(client: SimulatedClient, packet: Packet): void {
  const { packetId } = packet as PublishPacket & { packetId: number };
  if (packet.type === 'pubrel') client.send({ type: 'pubcomp', packetId, reasonCode: 0 });
  else if (packet.type === 'publish') {
    const type = packet.qos === 1 ? 'puback' : 'pubrec';
    client.send({ type, packetId, reasonCode: 0 });
  }
}

/** What came. Identifiers matter where the client knows them: of what was in flight. */
function seen({ received }: SimulatedClient, round: number): Packet[] {
  return received.map((packet) => {
    if (packet.type === 'publish' && packet.qos > 0 && !packet.dup)
      return { ...packet, packetId: 0 };
    return packet.type === 'pubrel' && round > 0 ? { ...packet, packetId: 0 } : packet;
  });
}

describe('a session handed over as JSON', () => {
  it('sends on the new node what it would have sent on the old one, then and later', () => {
    const later = fc.array(fc.record({ topic: fc.constantFrom('a', 'b', 'z'), qos }), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), later, (steps, messages) => {
        const scene = new Scene();
        for (const next of steps) scene.go(next);
        scene.client.drop();
        const old = scene.simulated;
        const { to, client } = handedOver(old);
        const left = old.connected('c', LASTING);
        const publishers = [old.connected('q'), to.connected('q')];
        for (let round = 0; ; round++) {
          assert.ok(round < 1000, 'comes to an end');
          assert.deepEqual(seen(client, round), seen(left, round));
          for (const who of [left, client]) {
            const owed = owedAnswers(who);
            who.received = [];
            for (const packet of owed) answer(who, packet);
          }
          const message = messages[round];
          if (message !== undefined) {
            const packetId = message.qos === 0 ? {} : { packetId: round + 1 };
            for (const publisher of publishers) {
              publisher.publish(message.topic, 'later', { qos: message.qos, ...packetId });
            }
          } else if (left.received.length === 0) break;
        }
        const [before, after] = [old, to].map(({ node }) => node.sessions.get('c')!);
        assert.deepEqual([after!.inflight, after!.queued], [before!.inflight, before!.queued]);
        const once = exportSession(before!, old.nowMs);
        assert.deepEqual(exportSession(after!, to.nowMs), once);
      }),
      { numRuns: 300 },
    );
  });

  it('sends again in the order of the messages, whatever their identifiers', () => {
    const scene = new Scene();
    scene.client.subscribe('t', 1);
    const publisher = scene.simulated.connected('q');
    for (let packetId = 1; packetId <= 12; packetId++) {
      publisher.publish('t', `${packetId}`, { qos: 1, packetId });
    }
    const got: Packet[] = [];
    for (let n = 0; n < 6; n++) {
      got.push(...scene.client.take('publish'));
      answer(scene.client, got.shift()!);
    }
    scene.client.drop();
    const { client } = handedOver(scene.simulated);
    const again = client
      .take('publish')
      .map(({ payload, dup }) => [Buffer.from(payload).toString(), dup]);
    assert.deepEqual(
      again,
      ['7', '8', '9', '10'].map((text) => [text, true]),
    );
  });

  it('keeps how long it outlives its connection, for ever included', () => {
    for (const [seconds, expiryMs] of [
      [60, 60_000],
      [0xffffffff, Number.POSITIVE_INFINITY],
    ] as const) {
      const from = new SimulatedNode();
      const properties = { sessionExpiryInterval: seconds };
      from.connected('c', { cleanStart: false, properties }).drop();
      const to = new SimulatedNode();
      const state = moved(from.node.sessions.handOver('c', from.nowMs));
      assert.equal(from.node.sessions.count, 0);
      to.node.sessions.adopt('c', state, to.nowMs);
      assert.equal(to.node.sessions.get('c')!.expiryMs, expiryMs);
      to.node.sessions.keep('c', 'claim', to.nowMs);
      to.pass(70_000);
      assert.equal(to.node.sessions.count, seconds === 60 ? 0 : 1);
    }
  });

  it('does not route again what the client sends again with QoS 2', () => {
    const scene = new Scene();
    const watching = scene.simulated.connected('s');
    watching.subscribe('t', 2);
    scene.client.publish('t', 'x', { qos: 2, packetId: 7 });
    assert.deepEqual(watching.takePayloads(), ['x']);
    scene.client.drop();
    const { to, client } = handedOver(scene.simulated);
    const there = to.connected('s');
    there.subscribe('t', 2);
    client.publish('t', 'x', { qos: 2, packetId: 7, dup: true });
    assert.deepEqual(there.takePayloads(), []);
    assert.equal(client.take('pubrec')[0]?.reasonCode, 0);
  });

  it('is no session any more when its time is over, or when it ends with its connection', () => {
    const simulated = new SimulatedNode();
    const client = simulated.connected('c');
    assert.equal(simulated.node.sessions.handOver('c', simulated.nowMs), undefined);
    assert.equal(client.take('disconnect')[0]?.reasonCode, 0x8e);
    assert.equal(simulated.node.sessions.handOver('c', simulated.nowMs), undefined);
    assert.equal(simulated.node.sessions.count, 0);
  });
});
