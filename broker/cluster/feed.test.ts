import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Channel } from '../session/mod.js';
import { Feed } from './feed.js';
import { Replica, type ReplicaSink } from './replica.js';

it('a replicant that is too far behind loses its link, for nothing else would tell it', () => {
  const sink = new Proxy({} as ReplicaSink, { get: () => () => undefined });
  const behind: string[] = [];
  const feed = new Feed(new Replica(sink), (node) => behind.push(node));
  const sent: unknown[] = [];
  const outbox = { pendingBytes: 0 };
  const channel = { outbox, send: (packet: unknown) => sent.push(packet) } as unknown as Channel;
  feed.attach('one@host', channel, 1);
  feed.log([['r/route/core@host/a', '']]);
  assert.deepEqual([sent.length, behind], [1, []]);
  outbox.pendingBytes = 65 * 1_048_576;
  feed.log([['r/route/core@host/b', '']]);
  assert.deepEqual([sent.length, behind, feed.followers], [1, ['one@host'], 0]);
});
