import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { leftOf, pidOf, withCluster } from './cluster-under-test.js';

const PATIENCE_MS = 20_000;

test('the nodes of broker up stop in order when it is killed with SIGKILL', async () => {
  await withCluster(['--replicants', '1'], 2, async ({ nodes, started, folder }) => {
    const sockets = () => readdirSync(join(folder, 'runtime'), { recursive: true });
    assert.equal(sockets().filter((name) => /@/.test(String(name))).length, 2);
    const pids = nodes.map(pidOf);
    try {
      started.process.kill('SIGKILL');
      await started.ended;
      const endMs = performance.now() + PATIENCE_MS;
      while (leftOf(nodes).length > 0 && performance.now() < endMs) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.deepEqual(leftOf(nodes), []);
      // One that was killed would have left the socket on which it takes commands.
      assert.deepEqual(
        sockets().filter((name) => /@/.test(String(name))),
        [],
      );
    } finally {
      for (const pid of pids) endIfThere(pid);
    }
  });
});

function endIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended, as it should.
  }
}
