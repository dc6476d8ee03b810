import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LINK_KEEP_ALIVE_SECONDS, linkKeepAliveSeconds } from './link-limits.js';

test('links of cores keep their pace; those between replicants ping rarer the more nodes there are', () => {
  assert.equal(linkKeepAliveSeconds('core', 'replicant', 100), LINK_KEEP_ALIVE_SECONDS);
  assert.equal(linkKeepAliveSeconds('replicant', 'core', 100), LINK_KEEP_ALIVE_SECONDS);
  const among = (nodes: number) => linkKeepAliveSeconds('replicant', 'replicant', nodes);
  assert.deepEqual([1, 10, 11, 52, 1000].map(among), [4, 4, 8, 24, 32]);
});
