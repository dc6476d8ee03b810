import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { takeOutLost } from './lost-member.js';
import { freePort } from './testing/free-port.js';

describe('a member that lost its data', () => {
  it('stays in the cluster while too few of the others answer to have a quorum without it', async () => {
    const members = await Promise.all(
      ['a', 'b', 'c'].map(async (name, index) => ({
        id: String(index + 1),
        name,
        peerUrls: [`http://127.0.0.1:${await freePort()}`],
        clientUrls: [`http://127.0.0.1:${await freePort()}`],
        isLearner: false,
      })),
    );
    const removed: string[] = [];
    const view = {
      list: async () => members,
      remove: async (id: string) => {
        removed.push(id);
      },
    };
    await assert.rejects(takeOutLost(view, 'a', '', undefined), {
      code: 'UNAVAILABLE',
      message: /only 0 of the 2 other etcd members answer, and 2 must/,
    });
    assert.deepEqual(removed, []);
    // One without a vote takes no quorum along.
    members[0] = { ...members[0]!, isLearner: true };
    await takeOutLost(view, 'a', '', undefined);
    assert.deepEqual(removed, ['1']);
  });
});
