import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Packet, PublishPacket, Qos } from '../../wire/mod.js';
import { SimulatedCluster } from '../testing/simulated-cluster.js';
import type { SimulatedClient } from '../testing/simulation.js';

const NAMES = ['a@h', 'b@h', 'c@h'];

/** A client that moves among nodes: what is new to it, in the order it came. */
class Mover {
  readonly got: { text: string; qos: Qos; dup: boolean }[] = [];
  readonly #cluster: SimulatedCluster;
  /** QoS 2 messages that were not released. */
  readonly #unreleased = new Set<number>();
  #unanswered: Packet[] = [];
  #client: SimulatedClient | undefined;

  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster;
  }

  get isIn(): boolean {
    return this.#client !== undefined && !this.#client.closed && this.#hasConnack;
  }
  #hasConnack = false;

  connect(node: string, drops: boolean): void {
    if (drops) this.#client?.drop();
    this.#take();
    this.#unanswered = [];
    this.#hasConnack = false;
    this.#client = this.#cluster.nodes.get(node)!.simulated.client();
    this.#client.send({
      type: 'connect',
      protocolVersion: 5,
      cleanStart: false,
      keepAliveSeconds: 0,
      clientId: 'x',
      properties: { sessionExpiryInterval: 3600, receiveMaximum: 3 },
    });
  }

  subscribe(filter: string): void {
    this.#client!.subscribe(filter, 2);
  }

  /** Answers so many of what it has not answered. */
  answer(count: number): void {
    this.#take();
    for (const packet of this.#unanswered.splice(0, count)) {
      const { packetId } = packet as { packetId: number };
      if (packet.type === 'pubrel') {
        this.#unreleased.delete(packetId);
        this.#client!.send({ type: 'pubcomp', packetId, reasonCode: 0 });
      } else {
        const type = (packet as PublishPacket).qos === 1 ? 'puback' : 'pubrec';
        this.#client!.send({ type, packetId, reasonCode: 0 });
      }
    }
  }

  /** Something is left to be answered. */
  get owes(): boolean {
    this.#take();
    return this.isIn && this.#unanswered.length > 0;
  }

  #take(): void {
    const { received } = this.#client ?? { received: [] };
    if (this.#client !== undefined) this.#client.received = [];
    for (const packet of received) {
      if (packet.type === 'connack') this.#hasConnack = packet.reasonCode === 0;
      if (packet.type === 'pubrel') this.#unanswered.push(packet);
      if (packet.type !== 'publish') continue;
      const { qos, dup, packetId, payload } = packet;
      if (qos > 0) this.#unanswered.push(packet);
      if (qos === 2 && this.#unreleased.has(packetId!)) continue;
      if (qos === 2) this.#unreleased.add(packetId!);
      this.got.push({ text: Buffer.from(payload).toString(), qos, dup });
    }
  }
}

/** Publishes at one node, and knows what was acknowledged. */
class Publisher {
  readonly sent: { text: string; topic: string; qos: Qos }[] = [];
  readonly acked = new Set<string>();
  readonly #client: SimulatedClient;
  readonly #name: string;
  readonly #open = new Map<number, string>();

  constructor(cluster: SimulatedCluster, name: string) {
    this.#name = name;
    this.#client = cluster.nodes.get(name)!.simulated.client();
    this.#client.send({
      type: 'connect',
      protocolVersion: 5,
      cleanStart: true,
      keepAliveSeconds: 0,
      clientId: `publisher at ${name}`,
    });
  }

  publish(topic: string, qos: Qos): void {
    const packetId = this.sent.length + 1;
    const text = `${this.#name} ${packetId}`;
    this.sent.push({ text, topic, qos });
    if (qos > 0) this.#open.set(packetId, text);
    this.#client.publish(topic, text, { qos, ...(qos > 0 ? { packetId } : {}) });
  }

  look(): void {
    for (const packet of this.#client.take('puback')) this.#acknowledged(packet);
    for (const packet of this.#client.take('pubrec')) {
      this.#acknowledged(packet);
      this.#client.send({ type: 'pubrel', packetId: packet.packetId, reasonCode: 0 });
    }
  }

  #acknowledged({ packetId, reasonCode }: { packetId: number; reasonCode: number }): void {
    assert.ok(reasonCode < 0x80);
    this.acked.add(this.#open.get(packetId)!);
  }
}

class Scene {
  readonly cluster = new SimulatedCluster(NAMES);
  readonly publishers = NAMES.map((name) => new Publisher(this.cluster, name));
  readonly mover = new Mover(this.cluster);

  async begin(...filters: string[]): Promise<void> {
    await this.cluster.settle();
    this.mover.connect('a@h', false);
    await this.cluster.settle();
    for (const filter of filters) this.mover.subscribe(filter);
    await this.cluster.settle();
  }

  /** Everything that is under way arrives, and is answered. */
  async finish(): Promise<void> {
    do {
      await this.cluster.settle();
      for (const publisher of this.publishers) publisher.look();
      this.mover.answer(100);
      await this.cluster.settle();
    } while (this.mover.owes);
    for (const publisher of this.publishers) publisher.look();
  }

  /** @throws AssertionError */
  check(): void {
    const { got } = this.mover;
    for (const { sent, acked } of this.publishers) {
      for (const { text, qos } of sent) {
        const copies = got.filter((one) => one.text === text);
        if (qos === 2) assert.ok(copies.length <= 1, `'${text}' came twice`);
        assert.ok(copies.filter(({ dup }) => !dup).length <= 1, `'${text}' came twice as new`);
        if (acked.has(text)) assert.ok(copies.length > 0, `'${text}' is lost`);
        if (qos > 0) assert.ok(acked.has(text), `'${text}' is acknowledged in the end`);
      }
    }
  }

  /** @throws AssertionError */
  checkOrder(): void {
    for (const { sent } of this.publishers) {
      const firsts = new Map<string, number[]>();
      for (const { text, topic, qos } of sent) {
        const at = this.mover.got.findIndex((one) => one.text === text);
        const key = `${topic} ${qos}`;
        if (at >= 0) firsts.set(key, [...(firsts.get(key) ?? []), at]);
      }
      for (const [key, order] of firsts) {
        assert.deepEqual(
          order,
          [...order].sort((one, other) => one - other),
          `order of ${key}`,
        );
      }
    }
  }
}

describe('a client that moves among nodes', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('move' as const), node: fc.nat(2), drops: fc.boolean() }),
    fc.record({
      kind: fc.constant('publish' as const),
      node: fc.nat(2),
      topic: fc.constantFrom('t/1', 't/2'),
      qos: fc.constantFrom<Qos>(0, 1, 2),
    }),
    fc.record({ kind: fc.constant('answer' as const), count: fc.nat(3) }),
    fc.record({ kind: fc.constant('slow' as const), which: fc.nat(14) }),
    ...Array.from({ length: 4 }, () =>
      fc.record({
        kind: fc.constant('arrive' as const),
        which: fc.nat(50),
        times: fc.integer({ min: 1, max: 15 }),
      }),
    ),
  );

  async function moves(
    filters: string[],
    numRuns: number,
    check: (scene: Scene) => void,
  ): Promise<void> {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80, size: 'max' }), async (steps) => {
        const scene = new Scene();
        await scene.begin(...filters);
        for (const next of steps) {
          if (next.kind === 'move') scene.mover.connect(NAMES[next.node]!, next.drops);
          else if (next.kind === 'slow') scene.cluster.slow(next.which);
          else if (next.kind === 'publish') {
            scene.publishers[next.node]!.publish(next.topic, next.qos);
          } else if (next.kind === 'answer') {
            if (scene.mover.isIn) scene.mover.answer(next.count);
            for (const publisher of scene.publishers) publisher.look();
          } else {
            for (let n = 0; n < next.times; n++) await scene.cluster.step(next.which + 7 * n);
          }
          await scene.cluster.told();
        }
        await scene.finish();
        if (!scene.mover.isIn) {
          scene.mover.connect('b@h', true);
          await scene.finish();
        }
        check(scene);
      }),
      { numRuns },
    );
  }

  it('gets every acknowledged message, each of QoS 2 once, in the order of its publisher', () =>
    moves(['t/1', 't/#'], 150, (scene) => {
      scene.check();
      scene.checkOrder();
    }));

  // Two members, here and there for a moment: whoever is chosen has the message, and no order is promised.
  it('gets as much of a shared group that it is the only member of', () =>
    moves(['$share/g/t/#'], 60, (scene) => scene.check()));

  it('stays where it was, with what has come meanwhile, when the new node asks and never takes it', async () => {
    const scene = new Scene();
    await scene.begin('t/1');
    const { claims, simulated, moves: ofNode } = scene.cluster.nodes.get('a@h')!;
    const { claim } = simulated.node.sessions.get('x')!;
    assert.equal(ofNode.begin('x', 'a move')?.moving, true);
    scene.publishers[1]!.publish('t/1', 1);
    await scene.cluster.settle();
    const session = simulated.node.sessions.get('x')!;
    assert.deepEqual([session.claim, session.queued, session.gate], [claim, 1, undefined]);
    assert.equal(session.expiresAtMs, scene.cluster.nowMs + 3_600_000);
    scene.mover.connect('c@h', false);
    await scene.finish();
    scene.check();
    assert.equal(await claims.reclaim('x'), null);
  });

  it('is let in without what another node had when that node has gone meanwhile', async () => {
    const scene = new Scene();
    await scene.begin('t/1');
    scene.cluster.nodes.get('a@h')!.moves.end = () => Promise.reject(new Error('gone'));
    scene.mover.connect('b@h', true);
    await scene.cluster.settle();
    scene.publishers[2]!.publish('t/1', 1);
    await scene.finish();
    assert.equal(scene.mover.isIn, true);
    assert.deepEqual(
      scene.mover.got.map(({ text }) => text),
      ['c@h 1'],
    );
  });
});
