import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeCore, FakeLinkToCore } from '../testing/fake-core.js';
import { CallError } from './calls.js';
import type { LogEntry } from './feed.js';
import { NODES, routeKey } from './keys.js';
import type { ReplicaChange } from './replica.js';

const UP: ReplicaChange = [`${NODES}a@h`, JSON.stringify({ guid: '1' })];

function routes(from: number, to: number): ReplicaChange[] {
  return Array.from({ length: to - from }, (_, n) => [routeKey('a@h', `t/${from + n}`), '']);
}

/** A link that keeps what arrives. */
function linkTo(core: FakeCore, node = 'r@h'): { link: FakeLinkToCore; log: LogEntry[] } {
  const log: LogEntry[] = [];
  const link = new FakeLinkToCore(core, node, (_, entry) => log.push(entry));
  return { link, log };
}

function arrive(link: FakeLinkToCore): void {
  while (!link.idle) link.down();
}

describe('the feed of a core', () => {
  it('numbers each follower’s entries from 1 on, few changes in each', () => {
    const core = new FakeCore('core@h');
    const [one, two] = [linkTo(core, 'one@h'), linkTo(core, 'two@h')];
    core.feed.attach('one@h', one.link.client.channel, 11);
    core.change([UP, ...routes(0, 4)]);
    core.feed.attach('two@h', two.link.client.channel, 22);
    core.change([[routeKey('a@h', 't/0'), undefined]]);
    for (const { link } of [one, two]) arrive(link);
    const seen = (log: LogEntry[]): number[][] =>
      log.map(({ agent, number, changes }) => [agent, number, changes.length]);
    assert.deepEqual(seen(one.log), [
      [11, 1, 2],
      [11, 2, 2],
      [11, 3, 1],
      [11, 4, 1],
    ]);
    assert.deepEqual(seen(two.log), [[22, 1, 1]]);
    assert.deepEqual(two.log[0]!.changes, [[routeKey('a@h', 't/0'), null]]);
  });

  it('gives the snapshot in pieces to the attachment that asks, once', () => {
    const core = new FakeCore('core@h');
    core.change([UP, ...routes(0, 6)]);
    const { link } = linkTo(core);
    core.feed.attach('r@h', link.client.channel, 1);
    const pieces = [1, 2, 3].map(() => core.feed.snapshot('r@h', 1));
    assert.deepEqual(
      pieces.map(({ entries, routes: of, done }) => [entries.length, of, done]),
      [
        [1, [['a@h', ['t/0', 't/1']]], false],
        [0, [['a@h', ['t/2', 't/3', 't/4']]], false],
        [0, [['a@h', ['t/5']]], true],
      ],
    );
    const noAgent = (error: unknown): boolean =>
      error instanceof CallError && error.code === 'NO_AGENT';
    assert.throws(() => core.feed.snapshot('r@h', 1), noAgent);
    assert.throws(() => core.feed.snapshot('other@h', 1), noAgent);
    core.feed.attach('r@h', link.client.channel, 2);
    assert.throws(() => core.feed.snapshot('r@h', 1), noAgent);
    assert.equal(core.feed.snapshot('r@h', 2).entries.length, 1);
  });

  it('ends the connection of a follower that is too far behind: it must not believe its copy', async () => {
    const core = new FakeCore('core@h');
    const [slow, quick] = [linkTo(core, 'slow@h'), linkTo(core, 'quick@h')];
    for (const [node, { link }] of [
      ['slow@h', slow],
      ['quick@h', quick],
    ] as const) {
      core.feed.attach(node, link.client.channel, 1);
    }
    slow.link.client.blocked = true;
    for (let n = 0; n < 100 && core.feed.follows('slow@h'); n++)
      core.change(routes(n * 2, n * 2 + 2));
    await Promise.resolve();
    assert.equal(core.feed.follows('slow@h'), false);
    assert.equal(slow.link.client.closed, true);
    assert.equal(core.feed.follows('quick@h'), true);
    assert.equal(quick.link.client.closed, false);
  });

  it('forgets the followers of a connection that is gone, not of the one after it', () => {
    const core = new FakeCore('core@h');
    const [old, now] = [linkTo(core), linkTo(core)];
    core.feed.attach('r@h', old.link.client.channel, 1);
    core.feed.attach('r@h', now.link.client.channel, 1);
    core.feed.detach(old.link.client.channel);
    assert.equal(core.feed.followers, 1);
    core.feed.detach(now.link.client.channel);
    assert.equal(core.feed.followers, 0);
  });
});
