import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDemand } from './demand.js';
import { type EstimateInput, estimateDemand } from './estimate.js';
import { EstimateError } from './estimate-error.js';
import { reportLines } from './report.js';
import { reportJson } from './report-json.js';
import {
  DESIGNED,
  ONE_TO_ONE,
  syntheticRun,
  TRUE_COSTS,
  type TrueCosts,
} from './synthetic-target.js';
import type { CostSeries } from './windows.js';

const demand = parseDemand(
  `connections: 3m
publishesPerSec: { qos0: 100k, qos1: 200k }
fanOut: 1
payloadBytes: 64
reconnectMinutes: 15
node: { cores: 8, memoryGiB: 32, nicGbps: 10 }
`,
  'demand.yaml',
);

/** A core that spends nothing on messages and on open connections. */
const CORE: TrueCosts = {
  ...TRUE_COSTS,
  base: 0.002,
  connection: 0,
  connect: 80e-6,
  publish: [0, 0, 0],
  delivery: [0, 0, 0],
  baseBytes: 110e6,
  connectionBytes: 300,
};

function clusterRun(
  runId: string,
  phases: typeof DESIGNED,
  seed: number,
  { core = CORE, replicants = 2 }: { core?: TrueCosts; replicants?: number } = {},
): CostSeries {
  const run = syntheticRun(phases, { runId, seed });
  return {
    ...run,
    samples: run.samples.map((sample) => ({ ...sample, processes: replicants })),
    cluster: {
      cores: 1,
      replicants,
      coreSamples: syntheticRun(phases, { costs: core, seed }).samples,
      published: 10_000,
      forwarded: 6_000,
    },
  };
}

const measured: EstimateInput = {
  runs: [clusterRun('load', DESIGNED, 1)],
  checks: [clusterRun('check', ONE_TO_ONE, 9)],
  demand,
};

describe('an estimate from runs on a cluster whose cores have no clients', () => {
  const estimate = estimateDemand(measured);
  const cluster = estimate.cluster!;
  const report = reportLines(estimate);
  const text = report.join(' ').replace(/\s+/g, ' ');

  it('fits the core to connects alone and sizes it for the reconnect case', () => {
    const [connect] = cluster.core.cpu.costs;
    assert.deepEqual(connect?.group.features, ['connects']);
    assert.ok(Math.abs(connect.value / CORE.connect - 1) < 0.15, `${connect.value}`);
    const truth = CORE.base + (CORE.connect * 3_000_000) / 900;
    assert.ok(Math.abs(cluster.core.need.cpu!.value / truth - 1) < 0.15);
    assert.ok(cluster.core.need.cpu!.low < truth && truth < cluster.core.need.cpu!.high);
    const bytes = CORE.baseBytes + CORE.connectionBytes * 3_000_000;
    assert.ok(Math.abs(cluster.core.need.memory! / bytes - 1) < 0.3);
  });

  it('shows that messages do not pass through the core, and would show it if they did', () => {
    const busy = { ...CORE, publish: [4e-6, 4e-6, 4e-6] as const };
    const loaded = estimateDemand({
      ...measured,
      runs: [clusterRun('busy', DESIGNED, 1, { core: busy })],
    });
    const other = loaded.cluster!.core;
    const { idleCpuPerSec: idle, busyCpuPerSec: flowing } = cluster.core;
    assert.ok(Math.abs(flowing! - idle!) < 0.002, `${idle} ${flowing}`);
    assert.ok(other.busyCpuPerSec! > 10 * other.idleCpuPerSec!, `${other.busyCpuPerSec}`);
    assert.match(text, /with nothing going on 0\.\d %: messages do not pass through it/);
    const words = reportLines(loaded).join(' ').replace(/\s+/g, ' ');
    assert.match(words, /what messages cost it is in none of these figures/);
  });

  it('counts replicants on the nodes and the core beside them', () => {
    assert.equal(cluster.replicants, 8 * estimate.sizing.nodes);
    assert.ok(text.includes(`They run ${cluster.replicants} replicants, 8 on each:`), text);
    assert.match(text, /Beside them, not on these nodes, a core without clients: 0\.\d\d of a/);
    assert.match(text, /More cores, so that one may fail, were not measured\./);
  });

  it('says how many messages went between nodes and that the sizing holds for that', () => {
    assert.equal(cluster.measured.copiesPerPublish, 0.6);
    assert.match(text, /went to another node 0\.60 times on average/);
    assert.match(text, /holds for a cluster in which that share of messages crosses nodes/);
    const [run] = measured.runs;
    const silent = { ...run!, cluster: { ...run!.cluster!, forwarded: undefined } };
    const unknown = reportLines(estimateDemand({ ...measured, runs: [silent] })).join(' ');
    assert.match(unknown.replace(/\s+/g, ' '), /is not known; that is in the costs/);
  });

  it('checks the core on the check run', () => {
    const [check] = cluster.core.checks;
    assert.equal(check?.runId, 'check');
    assert.ok(Math.abs(check.cpu.relativeError) < 0.2, `${check.cpu.relativeError}`);
    assert.match(text, /Of its core: CPU [+−]\d/);
    assert.ok(report.some((line) => /^ {4}CPU, core +\d/.test(line)));
  });

  it('does not guess the memory of a core that did not grow', () => {
    const core = { ...CORE, connectionBytes: 0 };
    const flat = estimateDemand({
      ...measured,
      runs: [clusterRun('flat', DESIGNED, 1, { core })],
    });
    assert.equal(flat.cluster!.core.need.memory, undefined);
    const words = reportLines(flat).join(' ').replace(/\s+/g, ' ');
    assert.match(words, /did not grow with their number, so what 3,000,000 need is not known/);
  });

  it('fits a terminal of 80 columns, and is there for programs', () => {
    for (const line of report) assert.ok(line.length <= 80, line);
    const { cluster: json } = reportJson(estimate) as { cluster: Record<string, unknown> };
    assert.equal(json.replicants, cluster.replicants);
    assert.doesNotMatch(JSON.stringify(json), /draws/);
  });

  it('is refused for runs on clusters of different shapes, or on a cluster and on single nodes', () => {
    const three = clusterRun('three', DESIGNED, 2, { replicants: 3 });
    for (const other of [three, syntheticRun(DESIGNED, { runId: 'alone', seed: 2 })]) {
      assert.throws(
        () => estimateDemand({ ...measured, runs: [...measured.runs, other] }),
        (error) =>
          error instanceof EstimateError && /^run load was on a cluster/.test(error.message),
      );
    }
  });
});
