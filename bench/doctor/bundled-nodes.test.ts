import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FleetError } from '../fleet/fleet-error.js';
import { bundledNodes, nodeFiles } from './bundled-nodes.js';

const AUTO = { cores: 1, replicants: 'auto' } as const;

test('a core takes all devices while its open files allow it', () => {
  assert.deepEqual(bundledNodes(AUTO, 19_000, 20_000), { cores: 1, replicants: 0, targets: 1 });
});

test('a million connections take 52 nodes under 20,000 open files', () => {
  const nodes = bundledNodes(AUTO, 1_000_000, 20_000);
  assert.deepEqual(nodes, { cores: 1, replicants: 51, targets: 51 });
  assert.ok(nodeFiles(1_000_000, nodes) <= 20_000);
});

test('auto has as many replicants as needed, and not one more', () => {
  const connections = fc.integer({ min: 1, max: 1_000_000 });
  const openFiles = fc.integer({ min: 6000, max: 100_000 });
  fc.assert(
    fc.property(connections, openFiles, (count, files) => {
      const nodes = bundledNodes(AUTO, count, files);
      assert.ok(nodeFiles(count, nodes) <= files);
      if (nodes.replicants === 0) return;
      const replicants = nodes.replicants - 1;
      const fewer = { cores: 1, replicants, targets: Math.max(1, replicants) };
      assert.ok(nodeFiles(count, fewer) > files);
    }),
  );
});

test('what no number of nodes carries is refused with the limit that would do', () => {
  const refused = (openFiles: number) => bundledNodes(AUTO, 1_000_000, openFiles);
  assert.throws(
    () => refused(1024),
    (error: FleetError) => {
      assert.equal(error.code, 'LIMIT');
      const needed = Number(/'ulimit -n (\d+)'/.exec(error.message)![1]);
      assert.equal(refused(needed).targets, 250);
      return error instanceof FleetError;
    },
  );
});
