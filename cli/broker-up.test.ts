import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunRecord } from '../results/mod.js';
import { runCli } from './cli-under-test.js';
import { leftOf, withCluster } from './cluster-under-test.js';

test('broker up: one core and two replicants carry a run over all nodes, and none is left after Ctrl-C', async () => {
  await withCluster(['--replicants', '2'], 3, async ({ nodes, ctl, started, folder }) => {
    assert.deepEqual(nodes.map(({ role }) => role).sort(), ['core', 'replicant', 'replicant']);
    for (const node of nodes) {
      const { out, code } = await ctl(node, 'cluster', 'status', '--json');
      assert.equal(code, 0);
      const status = JSON.parse(out) as { running_nodes: string[]; stopped_nodes: string[] };
      assert.deepEqual(status.running_nodes, nodes.map(({ name }) => name).sort());
      assert.deepEqual(status.stopped_nodes, []);
    }
    const target = nodes.map(({ url }) => url).join(',');
    const args = ['run', 'smoke', '--target', target, '--set', 'phases.steady.duration=3s'];
    const run = await runCli([...args, '--out', join(folder, 'run'), '--json', '--quiet']);
    assert.equal(run.code, 0, run.err);
    const record = JSON.parse(run.out) as RunRecord;
    const { deliveries } = record.totals;
    assert.ok(deliveries.expected > 500);
    assert.equal(deliveries.lost, 0);
    assert.equal(deliveries.duplicated, 0);
    assert.equal(record.probes.length, 3);
    started.process.kill('SIGINT');
    assert.equal((await started.ended).code, 0);
    assert.deepEqual(leftOf(nodes), []);
  });
});

test('broker up refuses a cluster without a core, and what is no number, with one line', async () => {
  for (const [args, line] of [
    [['--cores', '0'], /^--cores 0: a cluster has at least one core\n$/],
    [['--replicants', '-1'], /^--replicants -1: expected a whole number from 0\n$/],
    [['--replicants', 'two'], /^--replicants: expected a number/],
  ] as const) {
    const { code, out, err } = await runCli(['broker', 'up', ...args]);
    assert.equal(code, 2);
    assert.equal(out, '');
    assert.match(err, line);
  }
});
