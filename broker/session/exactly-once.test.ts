import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ConnectPacket, Packet, PublishPacket, Qos } from '../../wire/mod.js';
import { type SimulatedClient, SimulatedNode } from '../testing/simulation.js';

const CONNECT: Partial<ConnectPacket> = {
  cleanStart: false,
  properties: { sessionExpiryInterval: 10_000, receiveMaximum: 5 },
};

/** A publisher by the book (§4.3, §4.4): keeps each message until it is acknowledged, sends it again on resume. */
class ModelPublisher {
  #next = 0;
  readonly #simulated: SimulatedNode;
  readonly #inFlight = new Map<number, { packet: PublishPacket; released: boolean }>();
  #client: SimulatedClient | undefined;

  constructor(simulated: SimulatedNode) {
    this.#simulated = simulated;
  }

  get published(): number {
    return this.#next;
  }

  get idle(): boolean {
    return this.#inFlight.size === 0;
  }

  connect(): void {
    if (this.#client !== undefined) return;
    const client = this.#simulated.connected('publisher', CONNECT);
    this.#client = client;
    for (const [packetId, { packet, released }] of this.#inFlight) {
      if (released) client.send({ type: 'pubrel', packetId, reasonCode: 0 });
      else client.send({ ...packet, dup: true });
    }
  }

  publish(qos: 1 | 2): void {
    if (this.#client === undefined) return;
    this.#next++;
    const packetId = ((this.#next - 1) % 1000) + 1;
    const packet: PublishPacket = {
      type: 'publish',
      topic: 't',
      payload: Buffer.from(`${this.#next}`),
      qos,
      packetId,
      retain: false,
      dup: false,
    };
    this.#inFlight.set(packetId, { packet, released: false });
    this.#client.send(packet);
  }

  /** Handles the first `count` packets that came. */
  read(count: number): void {
    for (const packet of this.#client?.received.splice(0, count) ?? []) {
      if (packet.type === 'puback' || packet.type === 'pubcomp') {
        this.#inFlight.delete(packet.packetId);
      } else if (packet.type === 'pubrec') {
        const entry = this.#inFlight.get(packet.packetId);
        if (entry !== undefined) entry.released = true;
        this.#client?.send({ type: 'pubrel', packetId: packet.packetId, reasonCode: 0 });
      }
    }
  }

  /** What had come and was not handled is lost with the connection. */
  drop(): void {
    this.#client?.drop();
    this.#client = undefined;
  }
}

/** A subscriber by the book: hands a QoS 2 message on once, remembers its identifier until PUBREL. */
class ModelSubscriber {
  readonly got: string[] = [];
  readonly #simulated: SimulatedNode;
  readonly #qos: Qos;
  readonly #received = new Set<number>();
  #client: SimulatedClient | undefined;
  #subscribed = false;

  constructor(simulated: SimulatedNode, qos: Qos) {
    this.#simulated = simulated;
    this.#qos = qos;
  }

  connect(): void {
    if (this.#client !== undefined) return;
    this.#client = this.#simulated.connected('subscriber', CONNECT);
    if (!this.#subscribed) this.#client.subscribe('t', this.#qos);
    this.#subscribed = true;
  }

  read(count: number): void {
    for (const packet of this.#client?.received.splice(0, count) ?? []) this.#handle(packet);
    const inFlight = this.#simulated.node.sessions.get('subscriber')?.inflight ?? 0;
    assert.ok(inFlight <= 5, `${inFlight} in flight`);
  }

  drop(): void {
    this.#client?.drop();
    this.#client = undefined;
  }

  #handle(packet: Packet): void {
    const reasonCode = 0;
    if (packet.type === 'pubrel') {
      this.#received.delete(packet.packetId);
      this.#client?.send({ type: 'pubcomp', packetId: packet.packetId, reasonCode });
    }
    if (packet.type !== 'publish') return;
    const { packetId = 0, qos, payload } = packet;
    if (qos < 2 || !this.#received.has(packetId)) this.got.push(Buffer.from(payload).toString());
    if (qos === 2) {
      this.#received.add(packetId);
      this.#client?.send({ type: 'pubrec', packetId, reasonCode });
    } else if (qos === 1) this.#client?.send({ type: 'puback', packetId, reasonCode });
  }
}

const step = fc.record({
  kind: fc.constantFrom('publish', 'publish', 'read', 'read', 'drop', 'connect' as const),
  who: fc.constantFrom('publisher', 'subscriber' as const),
  count: fc.integer({ min: 1, max: 6 }),
});

function play(qos: 1 | 2, steps: { kind: string; who: string; count: number }[]): string[] {
  const simulated = new SimulatedNode({ maxInflight: 50, maxQueued: 10_000 });
  const publisher = new ModelPublisher(simulated);
  const subscriber = new ModelSubscriber(simulated, qos);
  subscriber.connect();
  publisher.connect();
  for (const { kind, who, count } of steps) {
    const model = who === 'publisher' ? publisher : subscriber;
    if (kind === 'publish') for (let n = 0; n < count; n++) publisher.publish(qos);
    else if (kind === 'read') model.read(count);
    else if (kind === 'drop') model.drop();
    else model.connect();
  }
  // In the end both stay connected, and everything settles.
  publisher.connect();
  subscriber.connect();
  for (let round = 0; round < 400; round++) {
    publisher.read(10);
    subscriber.read(10);
  }
  assert.equal(publisher.idle, true, 'everything is acknowledged to the publisher');
  assert.equal(simulated.node.sessions.get('subscriber')?.inflight, 0);
  assert.equal(simulated.node.sessions.get('subscriber')?.queued, 0);
  const numbers = Array.from({ length: publisher.published }, (_, n) => `${n + 1}`);
  if (qos === 2) assert.deepEqual(subscriber.got, numbers);
  else assert.deepEqual([...new Set(subscriber.got)], numbers);
  return subscriber.got;
}

describe('whatever connections break and when', () => {
  it('a QoS 2 message is received exactly once, in order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        play(2, steps);
      }),
      { numRuns: 500 },
    );
  });

  it('a QoS 1 message is received at least once, first times in order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        play(1, steps);
      }),
      { numRuns: 300 },
    );
  });
});
