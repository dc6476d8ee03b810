import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import fc from 'fast-check';
import { BalancedSink, contentOf } from '../testing/balanced-sink.js';
import { FakeCore, FakeLinkToCore } from '../testing/fake-core.js';
import { Follower } from './follower.js';
import { NODES, routeKey, shareKey } from './keys.js';
import { Replica, type ReplicaChange } from './replica.js';

/** Lets promises that are settled tell. */
async function told(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

/** A replicant and its links to cores. */
class Scene {
  readonly sink = new BalancedSink();
  readonly replica = new Replica(this.sink);
  readonly cores: FakeCore[];
  readonly follower: Follower;
  links: FakeLinkToCore[] = [];
  entered: string[] = [];
  followed = 0;
  lost: string[] = [];

  constructor(...cores: FakeCore[]) {
    this.cores = cores;
    this.follower = new Follower({
      loaded: (snapshot) => this.replica.reset(snapshot),
      changed: (change) => this.replica.apply(change),
      candidates: async () => this.#linksToAll(),
      random: () => 0,
      enter: async (core) => {
        this.entered.push(core.hello!.name);
      },
      followed: async () => {
        this.followed++;
      },
      lost: (why) => this.lost.push(why),
    });
  }

  /** The open link to the core of this number. */
  link(number = 0): FakeLinkToCore | undefined {
    return this.links.find(({ core, isOpen }) => isOpen && core === this.cores[number]);
  }

  /** Everything under way arrives, also what that makes the follower ask. */
  async settle(until: () => boolean = () => false): Promise<void> {
    for (let round = 0; round < 2000 && !until(); round++) {
      await told();
      const busy = this.links.find((link) => link.isOpen && !link.idle);
      if (busy === undefined) {
        if (this.follower.core !== undefined) return;
        mock.timers.tick(1000);
      } else {
        busy.up();
        busy.down();
      }
    }
  }

  cut(number = 0): void {
    const link = this.link(number);
    if (link === undefined) return;
    link.cut();
    this.follower.unlinked(link, 'cut');
  }

  #linksToAll(): FakeLinkToCore[] {
    return this.cores.map((core, number) => {
      const open = this.link(number);
      if (open !== undefined) return open;
      const link = new FakeLinkToCore(core, 'r@h', (from, entry) =>
        this.follower.logged(from, entry),
      );
      this.links.push(link);
      return link;
    });
  }
}

const UP: ReplicaChange = [`${NODES}a@h`, JSON.stringify({ guid: '1' })];

function routes(from: number, to: number): ReplicaChange[] {
  return Array.from({ length: to - from }, (_, n) => [routeKey('a@h', `t/${from + n}`), '']);
}

describe('a follower', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  const key = fc.oneof(
    fc.nat(5).map((n) => [routeKey('a@h', `t/${n}`), ''] as const),
    fc.nat(5).map((n) => [routeKey('b@h', `t/${n}`), ''] as const),
    fc.nat(5).map((n) => [shareKey('b@h', n, 'g', 't'), `c${n}`] as const),
    fc.constantFrom('1', '2').map((guid) => [`${NODES}a@h`, JSON.stringify({ guid })] as const),
    fc.constant([`${NODES}b@h`, JSON.stringify({ guid: '1' })] as const),
  );
  const change: fc.Arbitrary<ReplicaChange> = fc
    .tuple(key, fc.boolean())
    .map(([[name, value], isThere]) => [name, isThere ? value : undefined]);
  const changes = fc.array(change, { minLength: 1, maxLength: 5 });
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('change' as const), changes }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('reread' as const), changes }) },
    { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom('up' as const, 'down' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('cut' as const, 'wait' as const) }) },
  );

  it('ends with the core’s replica, however snapshot, log, broken links and rereading mix', async () => {
    await fc.assert(
      fc.asyncProperty(
        changes,
        fc.array(change, { maxLength: 30, size: 'max' }),
        fc.boolean(),
        fc.array(step, { maxLength: 80, size: 'max' }),
        async (old, begin, isLoading, steps) => {
          const core = new FakeCore('core@h');
          const scene = new Scene(core);
          for (const each of old) scene.replica.apply(each);
          core.change(begin);
          scene.follower.start();
          // The hard part: what changes between two pieces of the snapshot.
          if (isLoading)
            await scene.settle(() => scene.link()?.called.includes('snapshot') === true);
          for (const next of steps) {
            await told();
            const link = scene.link();
            if (next.kind === 'change') core.change(next.changes);
            else if (next.kind === 'reread') core.reread(next.changes);
            else if (next.kind === 'up') link?.up();
            else if (next.kind === 'down') link?.down();
            else if (next.kind === 'cut') scene.cut();
            else mock.timers.tick(1000);
            scene.sink.matches(scene.replica);
          }
          await scene.settle();
          assert.deepEqual(contentOf(scene.replica), contentOf(core.replica));
          scene.sink.matches(scene.replica);
          assert.equal(core.feed.followers, 1);
          scene.follower.close();
        },
      ),
      { numRuns: 300 },
    );
  });

  it('keeps its old copy until the new snapshot is whole', async () => {
    const core = new FakeCore('core@h');
    core.change([UP, ...routes(0, 8)]);
    const scene = new Scene(core);
    scene.follower.start();
    await scene.settle();
    assert.equal(scene.replica.routeCount, 8);
    scene.cut();
    assert.deepEqual([scene.lost, scene.follower.core], [['cut'], undefined]);
    core.change(routes(0, 8).map(([name]) => [name, undefined]));
    core.change(routes(20, 30));
    const snapshots = (): number =>
      scene.link()?.called.filter((call) => call === 'snapshot').length ?? 0;
    await scene.settle(() => snapshots() === 3);
    assert.equal(scene.replica.routeCount, 8);
    assert.deepEqual(
      [...scene.sink.up.get('a@h')!.routes].sort(),
      routes(0, 8).map(([name]) => name.slice(12)),
    );
    scene.cut();
    await scene.settle(() => snapshots() === 2);
    assert.equal(scene.replica.routeCount, 8);
    await scene.settle();
    assert.deepEqual(contentOf(scene.replica), contentOf(core.replica));
    assert.equal(scene.lost.length, 1, 'said once');
  });

  it('attaches again when an entry of the log is missing, and asks to enter again', async () => {
    const core = new FakeCore('core@h');
    const scene = new Scene(core);
    scene.follower.start();
    await scene.settle();
    const link = scene.link()!;
    core.change([UP]);
    link.client.received = [];
    core.simulated.settle();
    link.client.received = [];
    core.change(routes(0, 2));
    await scene.settle();
    assert.equal(scene.follower.core, link);
    assert.match(scene.lost[0]!, /gap in the log of 'core@h'/);
    assert.deepEqual(scene.entered, ['core@h', 'core@h']);
    assert.deepEqual(contentOf(scene.replica), contentOf(core.replica));
  });

  it('ignores the log of an attachment it has given up, and of a link it has left', async () => {
    const core = new FakeCore('core@h');
    const scene = new Scene(core);
    scene.follower.start();
    await scene.settle();
    const link = scene.link()!;
    const [name, value] = routes(0, 1)[0]!;
    const stale = { number: 1, changes: [[name, value ?? null]] as const };
    scene.follower.logged(link, { ...stale, agent: 0 });
    const elsewhere = new FakeLinkToCore(core, 'r@h', () => {});
    scene.follower.logged(elsewhere, { ...stale, agent: 1 });
    assert.equal(scene.replica.routeCount, 0);
    assert.equal(scene.follower.core, link);
    scene.follower.logged(link, { ...stale, agent: 1 });
    assert.equal(scene.replica.routeCount, 1);
  });

  it('chooses the core with the fewest followers that is serving', async () => {
    const cores = ['one@h', 'two@h', 'three@h'].map((name) => new FakeCore(name));
    for (let n = 0; n < 2; n++) {
      cores[0]!.feed.attach(
        `other-${n}@h`,
        new FakeLinkToCore(cores[0]!, 'x@h', () => {}).client.channel,
        1,
      );
    }
    cores[1]!.feed.attach(
      'other@h',
      new FakeLinkToCore(cores[1]!, 'x@h', () => {}).client.channel,
      1,
    );
    cores[2]!.serving = false;
    const scene = new Scene(...cores);
    scene.follower.start();
    await scene.settle();
    assert.deepEqual(scene.entered, ['two@h']);
    cores[2]!.serving = true;
    scene.cut(1);
    await scene.settle();
    assert.deepEqual(scene.entered, ['two@h', 'three@h']);
  });

  it('leaves a core that is cut off from its database for one that is not, and keeps it if there is none', async () => {
    const cores = ['one@h', 'two@h'].map((name) => new FakeCore(name)) as [FakeCore, FakeCore];
    for (const core of cores) core.change([UP, ...routes(0, 3)]);
    cores[1].serving = false;
    const scene = new Scene(...cores);
    scene.follower.start();
    await scene.settle();
    const look = async (): Promise<void> => {
      const looked = scene.follower.look();
      for (let round = 0; round < 5; round++) {
        await told();
        for (const link of scene.links) {
          link.up();
          link.down();
        }
      }
      await looked;
    };
    cores[0].serving = false;
    for (let times = 0; times < 3; times++) await look();
    assert.deepEqual(scene.entered, ['one@h']);
    assert.equal(scene.follower.core, scene.link(0));
    cores[1].serving = true;
    await look();
    await scene.settle();
    assert.deepEqual(scene.entered, ['one@h', 'two@h']);
    assert.equal(scene.follower.core, scene.link(1));
    assert.deepEqual(scene.lost, ["'one@h' is cut off from its database"]);
    // One look does not tell a leader's election from a cut.
    cores[0].serving = true;
    cores[1].serving = false;
    await look();
    cores[1].serving = true;
    await look();
    cores[1].serving = false;
    await look();
    assert.equal(scene.follower.core, scene.link(1));
  });

  it('tries on while no core answers', async () => {
    const core = new FakeCore('core@h');
    core.serving = false;
    const scene = new Scene(core);
    scene.follower.start();
    await scene.settle(() => scene.link() !== undefined && scene.link()!.called.length > 5);
    assert.deepEqual(scene.entered, []);
    core.serving = true;
    await scene.settle();
    assert.equal(scene.followed, 1);
  });
});
