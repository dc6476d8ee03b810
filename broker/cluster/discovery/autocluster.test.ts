import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ManualDiscovery } from './manual.js';
import { FakeDiscovery, FakeRegister } from './testing/fake-discovery.js';
import { SimulatedCluster, type SimulatedNode } from './testing/simulated-cluster.js';

const A = 'emqx@10.0.0.1';
const B = 'emqx@10.0.0.2';
const C = 'emqx@10.0.0.3';

/** Nodes that find each other in a list; the first is the oldest. None looks yet. */
function listed(...names: string[]): {
  cluster: SimulatedCluster;
  nodes: SimulatedNode[];
  lists: FakeDiscovery[];
} {
  const cluster = new SimulatedCluster();
  const lists = names.map(() => new FakeDiscovery(names));
  const nodes = names.map((name, index) => cluster.add(name, `guid-${index}`, lists[index]!));
  return { cluster, nodes, lists };
}

function enable(...nodes: SimulatedNode[]): void {
  for (const node of nodes) node.loop.enable();
}

describe('autocluster', () => {
  it('joins the oldest, which itself joins nobody, and is settled', async () => {
    const { cluster, nodes } = listed(A, B, C);
    enable(...nodes);
    await cluster.clock.pass(20_000);
    assert.deepEqual(
      nodes.map(({ joined }) => joined),
      [[], [A], [A]],
    );
    for (const node of nodes) {
      assert.deepEqual(node.members(), [A, B, C]);
      assert.equal(node.loop.state, 'settled');
      assert.deepEqual(node.reports, []);
    }
    assert.equal(cluster.clock.waiting, 0);
  });

  it('without a lock waits at random, 3 s at most, before it looks', async () => {
    for (const [random, beforeMs] of [
      [0, 0],
      [0.5, 1500],
      [0.999, 2997],
    ] as const) {
      const cluster = new SimulatedCluster(() => random);
      const list = new FakeDiscovery([A]);
      cluster.add(A, 'guid-0', list).loop.enable();
      if (beforeMs > 0) {
        await cluster.clock.pass(beforeMs - 1);
        assert.equal(list.asked, 0);
      }
      await cluster.clock.pass(1);
      assert.equal(list.asked, 1);
    }
  });

  it('looks again 5 s after a turn as long as it is alone', async () => {
    const cluster = new SimulatedCluster(() => 0);
    const list = new FakeDiscovery([A]);
    const node = cluster.add(A, 'guid-0', list);
    enable(node);
    await cluster.clock.pass(50_000);
    assert.equal(list.asked, 11);
    assert.equal(node.loop.state, 'looking');
  });

  it('forms the cluster without the dead, and looks on until they are back', async () => {
    const { cluster, nodes } = listed(A, B, C);
    const [a, b, c] = nodes as [SimulatedNode, SimulatedNode, SimulatedNode];
    c.alive = false;
    enable(a, b);
    await cluster.clock.pass(30_000);
    assert.deepEqual(a.members(), [A, B]);
    assert.equal(b.loop.state, 'looking');
    c.alive = true;
    enable(c);
    await cluster.clock.pass(30_000);
    for (const node of nodes) {
      assert.deepEqual(node.members(), [A, B, C]);
      assert.equal(node.loop.state, 'settled');
    }
  });

  it('looks on while its own name is not among those found', async () => {
    const { cluster, nodes, lists } = listed(A, B);
    lists[1]!.found = [A];
    enable(...nodes);
    await cluster.clock.pass(30_000);
    assert.deepEqual(nodes[1]!.members(), [A, B]);
    assert.equal(nodes[1]!.loop.state, 'looking');
    lists[1]!.found = [A, B];
    await cluster.clock.pass(10_000);
    assert.equal(nodes[1]!.loop.state, 'settled');
  });

  it('gives up a turn when one of them gives no record, says so once, and still gets there', async () => {
    const { cluster, nodes } = listed(A, B, C);
    const [, b, c] = nodes as [SimulatedNode, SimulatedNode, SimulatedNode];
    c.recordFailure = new Error('busy');
    enable(b);
    await cluster.clock.pass(30_000);
    assert.deepEqual(b.joined, []);
    assert.deepEqual(b.reports, [`cluster discovery: ${C} does not say how old it is: busy`]);
    c.recordFailure = undefined;
    enable(c);
    await cluster.clock.pass(10_000);
    assert.deepEqual(b.joined, [A]);
  });

  it('in a cluster looks on while somebody is outside, whether or not that one gives its record', async () => {
    const { cluster, nodes } = listed(A, B, C);
    const [a, b, c] = nodes as [SimulatedNode, SimulatedNode, SimulatedNode];
    for (const node of [a, b]) node.setMembers([A, B]);
    enable(a);
    await cluster.clock.pass(30_000);
    assert.deepEqual([a.loop.state, a.reports], ['looking', []]);
    c.recordFailure = new Error('busy');
    await cluster.clock.pass(30_000);
    assert.equal(a.loop.state, 'looking');
    assert.deepEqual(a.reports, [`cluster discovery: ${C} does not say how old it is: busy`]);
    c.recordFailure = undefined;
    enable(c);
    await cluster.clock.pass(20_000);
    assert.equal(a.loop.state, 'settled');
  });

  it('waits 30 s for records, no longer', async () => {
    const { cluster, nodes } = listed(A, B);
    nodes[0]!.recordNeverComes = true;
    enable(nodes[1]!);
    await cluster.clock.pass(31_000);
    assert.deepEqual(nodes[1]!.reports, []);
    await cluster.clock.pass(1000);
    assert.match(nodes[1]!.reports[0]!, /10\.0\.0\.1 .*no answer in 30000 ms/);
  });

  it('tries again when the source cannot be asked or a join fails, complaining once', async () => {
    const { cluster, nodes, lists } = listed(A, B);
    const b = nodes[1]!;
    lists[1]!.failure = new Error('no answer');
    enable(b);
    await cluster.clock.pass(30_000);
    assert.deepEqual(b.reports, ['cluster discovery: no answer']);
    lists[1]!.failure = undefined;
    b.joinFailure = new Error('version mismatch');
    await cluster.clock.pass(30_000);
    assert.deepEqual(b.reports.slice(1), [`cluster discovery: cannot join ${A}: version mismatch`]);
    b.joinFailure = undefined;
    await cluster.clock.pass(10_000);
    assert.deepEqual(b.members(), [A, B]);
  });

  it('never joins a replicant, and does not wait for one', async () => {
    const { cluster, nodes } = listed(A, B, C);
    nodes[0]!.record.role = 'replicant';
    enable(nodes[1]!, nodes[2]!);
    await cluster.clock.pass(30_000);
    assert.deepEqual(nodes[2]!.joined, [B]);
    assert.deepEqual(nodes[1]!.joined, []);
    assert.equal(nodes[2]!.loop.state, 'settled');
  });

  it('leaves alone who has left', async () => {
    const { cluster, nodes } = listed(A, B, C);
    nodes[0]!.record.discoverable = false;
    enable(nodes[1]!, nodes[2]!);
    await cluster.clock.pass(30_000);
    assert.deepEqual([nodes[1]!.members(), nodes[0]!.members()], [[B, C], [A]]);
    assert.equal(nodes[1]!.loop.state, 'settled');
  });

  it('is not moved by a younger outsider: that one comes', async () => {
    const { cluster, nodes } = listed(A, B, C);
    for (const node of nodes.slice(0, 2)) node.setMembers([A, B]);
    enable(...nodes);
    await cluster.clock.pass(20_000);
    assert.deepEqual(
      nodes.map(({ joined }) => joined),
      [[], [], [A]],
    );
  });

  it('joins the cluster with most cores, though somebody else is older', async () => {
    const { cluster, nodes } = listed(A, B, C);
    const [a, b, c] = nodes as [SimulatedNode, SimulatedNode, SimulatedNode];
    for (const node of [b, c]) node.setMembers([B, C]);
    enable(...nodes);
    await cluster.clock.pass(20_000);
    assert.deepEqual([a.joined, b.joined, c.joined], [[B], [], []]);
    for (const node of nodes) assert.equal(node.loop.state, 'settled');
  });

  it('says once what a node says that will have nothing to do with it, and goes on without', async () => {
    const { cluster, nodes } = listed(A, B, C);
    const [a, b, c] = nodes as [SimulatedNode, SimulatedNode, SimulatedNode];
    a.refusal = new Error('another cookie');
    enable(b, c);
    await cluster.clock.pass(30_000);
    assert.deepEqual(c.members(), [B, C]);
    assert.deepEqual(c.reports, ['cluster discovery: another cookie']);
    assert.equal(c.loop.state, 'looking');
  });

  it('lets go of whom it has asked', async () => {
    const { cluster, nodes } = listed(A, B);
    nodes[1]!.record.discoverable = false;
    enable(nodes[0]!);
    await cluster.clock.pass(10_000);
    assert.deepEqual([...nodes[0]!.letGone], [B]);
  });

  it('stops at once when disabled, and starts anew when enabled', async () => {
    const { cluster, nodes, lists } = listed(A, B);
    const b = nodes[1]!;
    enable(...nodes);
    await cluster.clock.pass(20_000);
    const asked = lists[1]!.asked;
    b.leave();
    await b.loop.disable();
    assert.equal(b.loop.state, 'off');
    await cluster.clock.pass(60_000);
    assert.equal(lists[1]!.asked, asked);
    assert.deepEqual(b.members(), [B]);
    enable(b);
    await cluster.clock.pass(10_000);
    assert.deepEqual(b.members(), [A, B]);
  });

  it('disabled in the middle of a turn joins nothing any more; a join under way is waited for', async () => {
    const { cluster, nodes } = listed(A, B);
    const b = nodes[1]!;
    enable(b);
    await cluster.clock.pass(1507);
    await b.loop.disable();
    await cluster.clock.pass(20_000);
    assert.deepEqual(b.joined, []);
    enable(b);
    await cluster.clock.pass(1600);
    let isThrough = false;
    void b.loop.disable().then(() => {
      isThrough = true;
    });
    await cluster.clock.pass(100);
    assert.deepEqual([isThrough, b.joined], [false, []]);
    await cluster.clock.pass(1000);
    assert.deepEqual([isThrough, b.joined], [true, [A]]);
  });

  it('has nothing to look for with manual', async () => {
    const cluster = new SimulatedCluster();
    const node = cluster.add(A, 'guid-0', new ManualDiscovery());
    node.loop.enable();
    await cluster.clock.pass(60_000);
    assert.equal(node.loop.state, 'off');
    assert.equal(cluster.clock.waiting, 0);
  });

  it('with a register takes the lock, enters itself, and gives the lock back each turn', async () => {
    const cluster = new SimulatedCluster();
    const register = new FakeRegister();
    const nodes = [A, B, C].map((name, i) => cluster.add(name, `g${i}`, register.discovery(name)));
    enable(...nodes);
    await cluster.clock.pass(20_000);
    for (const node of nodes) {
      assert.deepEqual(node.members(), [A, B, C]);
      assert.equal(node.loop.state, 'settled');
    }
    assert.deepEqual([...register.nodes].sort(), [A, B, C]);
    assert.equal(register.holder, undefined);
    assert.deepEqual(register.holders.slice(0, 3), [A, B, C]);
    await nodes[2]!.loop.disable();
    assert.deepEqual([...register.nodes].sort(), [A, B]);
  });

  it('disabled while it waits for the lock gives it back untouched', async () => {
    const cluster = new SimulatedCluster();
    const register = new FakeRegister();
    const release = await register.discovery(B).lock!();
    const a = cluster.add(A, 'g0', register.discovery(A));
    enable(a);
    await cluster.clock.pass(10_000);
    await a.loop.disable();
    await release();
    await cluster.clock.pass(10_000);
    assert.equal(register.holder, undefined);
    assert.equal(register.nodes.size, 0);
  });

  it('always ends in one cluster, whoever starts when and however it is found', async () => {
    const start = fc.record({ atMs: fc.nat(20_000), age: fc.nat(1000) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(start, { minLength: 2, maxLength: 6 }),
        fc.boolean(),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        async (starts, hasRegister, chance) => {
          const cluster = new SimulatedCluster(() => chance.next().value);
          const register = new FakeRegister();
          const names = starts.map((_, index) => `emqx@10.0.0.${index + 1}`);
          const nodes = starts.map(({ atMs, age }, index) => {
            const name = names[index]!;
            const discovery = hasRegister ? register.discovery(name) : new FakeDiscovery(names);
            const node = cluster.add(name, String(age).padStart(4, '0'), discovery);
            node.alive = false;
            cluster.clock.schedule(() => {
              node.alive = true;
              node.loop.enable();
            }, atMs);
            return node;
          });
          await cluster.clock.pass(120_000);
          for (const node of nodes) {
            assert.deepEqual(node.members(), [...names].sort());
            assert.equal(node.loop.state, 'settled');
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
