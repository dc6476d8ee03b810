import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ClaimsWorld } from '../testing/simulated-claims.js';
import type { SimulatedClient } from '../testing/simulation.js';

/** Connected and told so, and not disconnected since. */
function isIn(client: SimulatedClient): boolean {
  const connack = client.received.find(({ type }) => type === 'connack');
  return connack?.type === 'connack' && connack.reasonCode === 0 && !client.closed;
}

describe('a client identifier of a cluster', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('connect' as const), node: fc.nat(2), clean: fc.boolean() }),
    fc.record({ kind: fc.constant('drop' as const), which: fc.nat(5) }),
    fc.record({ kind: fc.constant('arrive' as const), which: fc.nat(20) }),
    fc.record({ kind: fc.constant('arrive' as const), which: fc.nat(20) }),
  );

  it('has one owner in the end, its last claimant, whatever the order things arrive in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
        const world = new ClaimsWorld();
        const nodes = ['a@h', 'b@h', 'c@h'].map((name) => world.node(name));
        const clients: SimulatedClient[] = [];
        for (const next of steps) {
          if (next.kind === 'connect') {
            clients.push(nodes[next.node]!.connect('x', { cleanStart: next.clean }));
          } else if (next.kind === 'drop') clients[next.which]?.drop();
          else await world.step(next.which);
        }
        await world.settle();
        const owners = world.owners('x');
        assert.ok(owners.length <= 1, `${owners}`);
        assert.ok(clients.filter(isIn).length <= 1);
        for (const client of clients) {
          assert.ok(client.closed || isIn(client), 'nobody waits for ever');
        }
        const claim = world.store.get('c/x');
        assert.equal(claim?.split('|')[0], owners[0], 'the store says the same');
        const session =
          owners.length === 0
            ? undefined
            : world.nodes.get(owners[0]!)!.simulated.node.sessions.get('x');
        assert.equal(session?.claim, claim);
      }),
      { numRuns: 1000 },
    );
  });

  it('has one owner in the end also when writes, calls and answers are lost: where its client connects next', async () => {
    const lossy = fc.oneof(
      step,
      fc.record({ kind: fc.constant('lose' as const), which: fc.nat(20) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(lossy, { maxLength: 40, size: 'max' }),
        fc.nat(2),
        async (steps, last) => {
          const world = new ClaimsWorld();
          const nodes = ['a@h', 'b@h', 'c@h'].map((name) => world.node(name));
          const clients: SimulatedClient[] = [];
          for (const next of steps) {
            if (next.kind === 'connect') {
              clients.push(nodes[next.node]!.connect('x', { cleanStart: next.clean }));
            } else if (next.kind === 'drop') clients[next.which]?.drop();
            else if (next.kind === 'lose') await world.lose(next.which);
            else await world.step(next.which);
          }
          await world.settle();
          world.linked();
          await world.settle();
          const owners = world.owners('x');
          assert.ok(owners.length <= 1, `${owners}`);
          assert.equal(world.store.get('c/x')?.split('|')[0], owners[0], 'the store says the same');
          const client = nodes[last]!.connect('x');
          await world.settle();
          assert.deepEqual(world.owners('x'), [nodes[last]!.name]);
          assert.equal(isIn(client), true);
          assert.deepEqual(clients.filter(isIn), []);
          const session = nodes[last]!.simulated.node.sessions.get('x');
          assert.equal(session?.claim, world.store.get('c/x'));
        },
      ),
      { numRuns: 500 },
    );
  });

  for (const kind of ['written', 'not written'] as const) {
    it(`finds its session again after a claim that was not answered (${kind})`, async () => {
      const world = new ClaimsWorld();
      const [a, b, c] = [world.node('a@h'), world.node('b@h'), world.node('c@h')];
      const first = b.connect('x');
      await world.settle();
      first.subscribe('t', 1);
      const refused = a.connect('x');
      await world.told();
      if (kind === 'written') await world.step();
      await world.lose(0);
      assert.equal(refused.take('connack')[0]?.reasonCode, 0x88);
      const next = c.connect('x');
      await world.settle();
      assert.deepEqual([isIn(first), isIn(next)], [false, true]);
      assert.deepEqual(world.owners('x'), ['c@h']);
      const { subscriptions } = c.simulated.node.sessions.get('x')!;
      assert.deepEqual([...(subscriptions?.keys() ?? [])], ['t'], 'with what it had');
    });
  }

  it('passes from node to node and back while each still waits for the one before', async () => {
    const world = new ClaimsWorld();
    const [a, b] = [world.node('a@h'), world.node('b@h')];
    const first = a.connect('x');
    await world.settle();
    first.subscribe('t', 1);
    const clients: SimulatedClient[] = [];
    for (const node of [b, a, b, a]) {
      clients.push(node.connect('x'));
      await world.told();
      // Its claim is written, and it asks the one before it.
      await world.step(world.underWay.length - 1);
      await world.step(world.underWay.length - 1);
    }
    assert.equal(world.underWay.length, 4);
    await world.settle();
    assert.deepEqual(world.owners('x'), ['a@h']);
    assert.deepEqual(clients.map(isIn), [false, false, false, true]);
    const { subscriptions } = a.simulated.node.sessions.get('x')!;
    assert.deepEqual([...(subscriptions?.keys() ?? [])], ['t'], 'with what it had');
    assert.equal(first.take('disconnect')[0]?.reasonCode, 0x8e);
  });

  it('stays the newer connection’s when the older one’s session is still on its way', async () => {
    const world = new ClaimsWorld();
    const [a, b] = [world.node('a@h'), world.node('b@h')];
    const old = b.connect('x');
    await world.settle();
    old.subscribe('t', 1);
    const one = a.connect('x');
    await world.told();
    // Its claim is written; the call to the other node is under way.
    await world.step();
    await world.step();
    const two = a.connect('x');
    await world.told();
    // The second connection's claim overtakes it.
    await world.step(1);
    await world.step(1);
    await world.settle();
    assert.deepEqual([one, two].map(isIn), [false, true]);
    const session = a.simulated.node.sessions.get('x')!;
    assert.deepEqual([...(session.subscriptions?.keys() ?? [])], ['t']);
    assert.equal(session.claim, world.store.get('c/x'));
  });

  it('is not taken from its new owner by the release of an old claim', async () => {
    const world = new ClaimsWorld();
    const [a, b] = [world.node('a@h'), world.node('b@h')];
    const ending = { cleanStart: true, properties: {} };
    const first = a.connect('x', ending);
    await world.settle();
    first.drop();
    await world.told();
    const second = b.connect('x', ending);
    await world.told();
    // The claim of the second arrives first, then the release of the first.
    await world.step(1);
    await world.settle();
    assert.equal(isIn(second), true);
    assert.match(world.store.get('c/x')!, /^b@h\|/);
    second.drop();
    await world.settle();
    assert.equal(world.store.size, 0);
  });

  it('is handed over though a newer claim of the same node came to nothing', async () => {
    const world = new ClaimsWorld();
    const [a, b] = [world.node('a@h'), world.node('b@h')];
    const first = a.connect('x');
    await world.settle();
    a.answersLost = true;
    const refused = a.connect('x');
    await world.settle();
    assert.equal(refused.take('connack')[0]?.reasonCode, 0x88);
    a.answersLost = false;
    const second = b.connect('x');
    await world.settle();
    assert.deepEqual([isIn(first), isIn(second)], [false, true]);
    assert.deepEqual(world.owners('x'), ['b@h']);
  });

  it('is refused while the cluster cannot be asked, in the words of each version', async () => {
    const world = new ClaimsWorld();
    const a = world.node('a@h');
    a.cutOff = true;
    const client = a.connect('x');
    await world.settle();
    const [connack] = client.take('connack');
    assert.equal(connack?.reasonCode, 0x88);
    assert.equal(client.closed, true);
  });
});

describe('a node that was away', () => {
  it('claims its clients again, except those that are elsewhere by now: the newer wins', async () => {
    const world = new ClaimsWorld();
    const [a, b] = [world.node('a@h'), world.node('b@h')];
    const [stays, moves] = [a.connect('stays'), a.connect('moves')];
    await world.settle();
    // Its lease ends, and its links.
    a.cutOff = true;
    world.store.clear();
    const moved = b.connect('moves');
    await world.settle();
    assert.deepEqual([isIn(moves), isIn(moved)], [true, true]);
    a.cutOff = false;
    const announced = a.claims.announce();
    await world.settle();
    await announced;
    assert.deepEqual([isIn(stays), isIn(moves), isIn(moved)], [true, false, true]);
    assert.equal(moves.take('disconnect')[0]?.reasonCode, 0x8e);
    assert.deepEqual([world.owners('stays'), world.owners('moves')], [['a@h'], ['b@h']]);
    assert.match(world.store.get('c/stays')!, /^a@h\|/);
    assert.match(world.store.get('c/moves')!, /^b@h\|/);
  });

  it('keeps the session of a client that connects to it again while it claims', async () => {
    const world = new ClaimsWorld();
    const a = world.node('a@h');
    const first = a.connect('x');
    await world.settle();
    first.subscribe('t', 1);
    world.store.clear();
    const second = a.connect('x');
    // Written together, the new claim before the old one.
    const announced = a.claims.announce();
    await world.settle();
    await announced;
    assert.equal(isIn(second), true);
    const session = a.simulated.node.sessions.get('x')!;
    assert.deepEqual([...(session.subscriptions?.keys() ?? [])], ['t']);
    assert.equal(session.claim, world.store.get('c/x'));
  });

  it('takes the claims that are still there over to the lease it has now', async () => {
    const world = new ClaimsWorld();
    const a = world.node('a@h');
    a.connect('x');
    await world.settle();
    const announced = a.claims.announce();
    await world.settle();
    await announced;
    assert.deepEqual(world.renewed, ['c/x']);
  });
});
