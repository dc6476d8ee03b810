import assert from 'node:assert/strict';
import { test } from 'node:test';
import mqtt from 'mqtt';
import { leftOf, withCluster } from './cluster-under-test.js';

/** Looks again and again, for a bounded time. */
async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  const endMs = performance.now() + 20_000;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`not within 20 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test('three cores with etcd members of their own: one is killed, and clients of the others go on', async () => {
  await withCluster(['--cores', '3', '--replicants', '1'], 4, async (cluster) => {
    const { nodes, ctl, kill } = cluster;
    const cores = nodes.filter(({ role }) => role === 'core');
    const [replicant] = nodes.filter(({ role }) => role === 'replicant');
    const [, second, third] = cores;
    const subscriber = await mqtt.connectAsync(second!.url, { reconnectPeriod: 0 });
    const publisher = await mqtt.connectAsync(replicant!.url, { reconnectPeriod: 0 });
    try {
      const got: string[] = [];
      subscriber.on('message', (_topic, payload) => got.push(payload.toString()));
      await subscriber.subscribeAsync('t', { qos: 1 });
      const members = async (): Promise<string> => (await ctl(third!, 'cluster', 'status')).out;
      kill(third!);
      await until(
        async () => {
          const { out } = await ctl(second!, 'cluster', 'status', '--json');
          const status = JSON.parse(out) as { stopped_nodes: string[] };
          return status.stopped_nodes.includes(third!.name);
        },
        `'${third!.name}' is down for '${second!.name}': ${await members()}`,
      );
      const sent = Array.from({ length: 50 }, (_, n) => String(n));
      for (const text of sent) await publisher.publishAsync('t', text, { qos: 1 });
      await until(async () => got.length >= sent.length, 'all messages arrive');
      assert.deepEqual(got, sent);
      // A new client needs the quorum, which is there.
      // Refused while the replicant looks for another core or etcd elects, and told so: it tries again.
      await until(async () => {
        const options = { reconnectPeriod: 0, clientId: 'late' };
        const late = await mqtt.connectAsync(replicant!.url, options).catch((error: unknown) => {
          assert.match(String(error), /Server unavailable/);
        });
        await late?.endAsync();
        return late !== undefined;
      }, 'a new client is let in');
      assert.ok(subscriber.connected && publisher.connected);
    } finally {
      await Promise.all([subscriber.endAsync(true), publisher.endAsync(true)]);
    }
    cluster.started.process.kill('SIGINT');
    await cluster.started.ended;
    assert.deepEqual(leftOf(nodes), []);
  });
});
