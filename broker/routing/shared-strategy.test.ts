import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Message } from './message.js';
import { SharedGroup } from './shared-group.js';
import { SHARED_STRATEGIES, type SharedStrategy } from './shared-strategy.js';
import { type Publisher, type Subscriber, Subscription } from './subscription.js';

const OPTIONS = { qos: 2, noLocal: false, retainAsPublished: false, identifier: 0 } as const;

class Member implements Subscriber {
  readonly clientId: string;
  readonly reach: 'node' | 'cluster';
  readonly subscription: Subscription;
  online = true;
  congested = false;
  full = false;
  got = 0;
  readonly waiting: Publisher[] = [];

  constructor(clientId: string, reach: 'node' | 'cluster' = 'node') {
    this.clientId = clientId;
    this.reach = reach;
    this.subscription = new Subscription(this, 't', OPTIONS);
  }

  deliver(): void {
    this.got++;
  }

  isFull(): boolean {
    return this.full;
  }

  awaitRelief(publisher: Publisher): void {
    this.waiting.push(publisher);
  }
}

/** A group of these members, and who of them gets a message. */
class Scene {
  readonly group: SharedGroup;
  readonly members: Member[] = [];
  readonly #publishers = new Map<string, Member>();

  constructor(
    strategy: SharedStrategy,
    members: readonly Member[],
    random: () => number = () => 0,
  ) {
    this.group = new SharedGroup('g', 't', strategy, random);
    for (const member of members) this.join(member);
  }

  join(member: Member): void {
    this.members.push(member);
    this.group.put(member.subscription, member.clientId);
  }

  leave(member: Member): void {
    this.members.splice(this.members.indexOf(member), 1);
    assert.equal(this.group.remove(member), true);
  }

  /** Publishes; the client identifier of the one member that gets it. */
  goesTo(publisher: string | undefined = 'p', topic = 't'): string {
    const message = Message.of(topic, Buffer.from('x'), 1, false, 0);
    if (publisher !== undefined) message.publisher = this.#publisher(publisher);
    const before = this.members.map(({ got }) => got);
    this.group.deliver(message);
    const got = this.members.filter((member, index) => member.got > before[index]!);
    assert.equal(got.length, 1, 'one member gets it');
    return got[0]!.clientId;
  }

  #publisher(clientId: string): Member {
    const known = this.#publishers.get(clientId) ?? new Member(clientId);
    this.#publishers.set(clientId, known);
    return known;
  }
}

function named(...names: string[]): Member[] {
  return names.map((name) => new Member(name, name.startsWith('remote') ? 'cluster' : 'node'));
}

/** A random number generator of known numbers. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('a shared group', () => {
  const state = fc.record({ online: fc.boolean(), congested: fc.boolean(), remote: fc.boolean() });
  const changes = fc.array(fc.tuple(fc.nat(4), state), { maxLength: 20, size: 'max' });

  for (const strategy of SHARED_STRATEGIES) {
    it(`gives each message to one member, a connected one if there is one (${strategy})`, () => {
      fc.assert(
        fc.property(changes, fc.nat(), (steps, seed) => {
          const members = Array.from(
            { length: 5 },
            (_, n) => new Member(`m${n}`, n < 2 ? 'cluster' : 'node'),
          );
          const scene = new Scene(strategy, members, seeded(seed));
          for (const [who, { online, congested }] of steps) {
            Object.assign(members[who]!, { online, congested: online && congested });
            const got = scene.goesTo(`p${who}`);
            const found = members.find(({ clientId }) => clientId === got);
            assert.equal(found!.online, scene.group.online);
          }
        }),
      );
    });
  }

  for (const strategy of ['random', 'round_robin', 'round_robin_per_group', 'local'] as const) {
    it(`passes over members without room while another has some (${strategy})`, () => {
      const scene = new Scene(strategy, named('a', 'b', 'remote c'), seeded(1));
      const [a, b] = scene.members as [Member, Member];
      a.congested = true;
      b.online = false;
      for (let n = 0; n < 20; n++) assert.equal(scene.goesTo(), 'remote c');
      assert.equal(scene.group.congested, false);
      scene.members[2]!.congested = true;
      assert.equal(scene.group.congested, true);
      const publisher = { resume: () => {} };
      scene.group.awaitRelief(publisher);
      assert.deepEqual(a.waiting, [publisher]);
    });
  }

  for (const strategy of SHARED_STRATEGIES) {
    it(`loses no message with a member that is full while another has room, connected or not (${strategy})`, () => {
      const scene = new Scene(strategy, named('a', 'b', 'remote c'), seeded(1));
      const chosen = scene.members.find(({ clientId }) => clientId === scene.goesTo('p'))!;
      const [second, third] = scene.members.filter((member) => member !== chosen);
      Object.assign(chosen, { congested: true, full: true });
      Object.assign(second!, { congested: true, full: true });
      third!.online = false;
      for (let n = 0; n < 20; n++) assert.equal(scene.goesTo('p'), third!.clientId);
      assert.equal(scene.group.isFull(1), false);
      Object.assign(second!, { congested: false, full: false });
      for (let n = 0; n < 20; n++) assert.equal(scene.goesTo('p'), second!.clientId);
      for (const member of scene.members) member.full = true;
      assert.equal(scene.group.isFull(1), true);
      scene.goesTo('p');
    });
  }

  for (const strategy of ['sticky', 'hash_clientid', 'hash_topic'] as const) {
    it(`stays with a member that is behind, and comes back to one that was full (${strategy})`, () => {
      const scene = new Scene(strategy, named('a', 'b', 'remote c'), seeded(1));
      const chosen = scene.members.find(({ clientId }) => clientId === scene.goesTo('p'))!;
      chosen.congested = true;
      assert.equal(scene.goesTo('p'), chosen.clientId);
      chosen.full = true;
      assert.notEqual(scene.goesTo('p'), chosen.clientId);
      chosen.full = false;
      assert.equal(scene.goesTo('p'), chosen.clientId);
    });
  }
});

describe('the strategy', () => {
  it('random gives everybody about the same', () => {
    const scene = new Scene('random', named('a', 'b', 'remote c'), seeded(7));
    for (let n = 0; n < 3000; n++) scene.goesTo();
    for (const { got } of scene.members) assert.ok(Math.abs(got - 1000) < 120, `${got} of 3000`);
  });

  it('round_robin goes round for each publisher on its own', () => {
    const scene = new Scene('round_robin', named('a', 'b', 'remote c'));
    const one: string[] = [];
    const two: string[] = [];
    for (let n = 0; n < 6; n++) {
      one.push(scene.goesTo('one'));
      if (n % 2 === 0) two.push(scene.goesTo('two'));
    }
    assert.deepEqual(one, ['a', 'b', 'remote c', 'a', 'b', 'remote c']);
    assert.deepEqual(two, ['a', 'b', 'remote c']);
  });

  it('round_robin begins each publisher’s round anywhere', () => {
    const scene = new Scene('round_robin', named('a', 'b', 'c'), seeded(3));
    const first = new Set(Array.from({ length: 50 }, (_, n) => scene.goesTo(`p${n}`)));
    assert.deepEqual([...first].sort(), ['a', 'b', 'c']);
  });

  it('round_robin_per_group goes round whoever publishes', () => {
    const scene = new Scene('round_robin_per_group', named('a', 'b', 'remote c'));
    const got = Array.from({ length: 6 }, (_, n) => scene.goesTo(`p${n}`));
    assert.deepEqual(got, ['a', 'b', 'remote c', 'a', 'b', 'remote c']);
  });

  it('sticky keeps a publisher’s member until it leaves or goes away', () => {
    const scene = new Scene('sticky', named('a', 'b', 'remote c', 'd'), seeded(5));
    const first = scene.goesTo('p');
    for (let n = 0; n < 20; n++) {
      assert.equal(scene.goesTo('p'), first);
      scene.goesTo(`other ${n}`);
      scene.join(new Member(`new ${n}`));
    }
    scene.leave(scene.members.find(({ clientId }) => clientId === first)!);
    const second = scene.goesTo('p');
    for (let n = 0; n < 20; n++) assert.equal(scene.goesTo('p'), second);
    scene.members.find(({ clientId }) => clientId === second)!.online = false;
    const third = scene.goesTo('p');
    assert.notEqual(third, second);
    for (let n = 0; n < 20; n++) assert.equal(scene.goesTo('p'), third);
  });

  it('local prefers members of this node, and takes others when none is connected', () => {
    const scene = new Scene('local', named('remote a', 'b', 'remote c', 'd'), seeded(5));
    const got = Array.from({ length: 100 }, () => scene.goesTo());
    assert.deepEqual([...new Set(got)].sort(), ['b', 'd']);
    for (const member of scene.members) if (member.reach === 'node') member.online = false;
    const rest = Array.from({ length: 100 }, () => scene.goesTo());
    assert.deepEqual([...new Set(rest)].sort(), ['remote a', 'remote c']);
  });

  const ids = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), {
    minLength: 2,
    maxLength: 12,
  });
  for (const strategy of ['hash_clientid', 'hash_topic'] as const) {
    /** By key: a client identifier or a topic. */
    const choose = (scene: Scene, key: string): string =>
      strategy === 'hash_topic' ? scene.goesTo('p', key) : scene.goesTo(key, 't');

    it(`${strategy} chooses the same on every node, whatever order it knows the members in`, () => {
      fc.assert(
        fc.property(ids, fc.nat(), fc.array(fc.string({ minLength: 1 })), (names, turn, keys) => {
          const here = new Scene(
            strategy,
            names.map((name) => new Member(name, 'node')),
          );
          const other = [
            ...names.slice(turn % names.length),
            ...names.slice(0, turn % names.length),
          ];
          const there = new Scene(
            strategy,
            other.reverse().map((name) => new Member(name, 'cluster')),
          );
          const gone = new Member('gone');
          there.join(gone);
          there.leave(gone);
          for (const key of keys) assert.equal(choose(here, key), choose(there, key));
        }),
      );
    });

    it(`${strategy} moves only the keys of the member that leaves, and spreads them`, () => {
      const names = Array.from({ length: 10 }, (_, n) => `member-${n}`);
      const scene = new Scene(strategy, named(...names));
      const keys = Array.from({ length: 2000 }, (_, n) => `device/${n}`);
      const before = keys.map((key) => choose(scene, key));
      for (const { got } of scene.members) assert.ok(got > 120 && got < 280, `${got} of 2000`);
      scene.leave(scene.members[3]!);
      const after = keys.map((key) => choose(scene, key));
      const moved = keys.filter((_, index) => before[index] !== after[index]);
      assert.equal(moved.length, before.filter((name) => name === 'member-3').length);
      const heirs = new Set(after.filter((_, index) => before[index] === 'member-3'));
      assert.equal(heirs.size, 9);
    });
  }
});
