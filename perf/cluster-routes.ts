/**
 * What a change of a route costs as a cluster grows, by cores and, apart from that, by replicants:
 * `node dist/perf/cluster-routes.js [--rounds 3] [--seconds 2] [--rate 400] [--quick] [--readme]`. Real processes and
 * MQTT clients; the clients live in this process. Needs etcd (Debian's etcd-server) without --quick. Prints Markdown;
 * with --readme it also renews the table and the picture of perf/README.md.
 */
import { writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type LocalNode, startLocalCluster } from '../cli/local-cluster.js';
import { type Chart, chartsSvg, type Series } from '../results/mod.js';
import { ClusterCpu, type CpuUs, cpuBetween } from './cluster-cpu.js';
import { machineFacts } from './machine.js';
import { printSection } from './readme-section.js';
import { RouteWriters } from './route-writers.js';
import { quantile, spreadOf, spreadText } from './spread.js';
import { VisibilityProbe } from './visibility.js';

const PICTURE = fileURLToPath(new URL('../../perf/cluster-routes.svg', import.meta.url));
const WRITERS = 60;
const IN_FLIGHT = 8;
const WARM_MS = 500;
/** For what the nodes still do about clients that are gone. */
const SETTLE_MS = 1500;
const QUICK_SETTLE_MS = 50;

interface Shape {
  engine: 'embedded' | 'managed';
  cores: number;
  replicants: number;
}

const SHAPES: readonly Shape[] = [
  { engine: 'embedded', cores: 1, replicants: 0 },
  { engine: 'embedded', cores: 1, replicants: 2 },
  { engine: 'embedded', cores: 1, replicants: 8 },
  { engine: 'managed', cores: 1, replicants: 0 },
  { engine: 'managed', cores: 3, replicants: 0 },
  { engine: 'managed', cores: 5, replicants: 0 },
  { engine: 'managed', cores: 3, replicants: 2 },
  { engine: 'managed', cores: 3, replicants: 8 },
];
const QUICK: readonly Shape[] = SHAPES.slice(0, 2);

/** With the writers as fast as they are acknowledged. */
interface Saturated {
  perSec: number;
  /** For each write. */
  cpu: CpuUs;
  /** Share of the time that the event loop of this process, the load, was at work. */
  loadLoop: number;
}

/** At a rate that all shapes can keep. */
interface Paced {
  perSec: number;
  acknowledgedMs: number[];
  seenMs: number[];
}

interface Outcome {
  shape: Shape;
  saturated: Saturated[];
  paced: Paced[];
}

interface Plan {
  rounds: number;
  seconds: number;
  ratePerSec: number;
  settleMs: number;
}

async function measure(shape: Shape, plan: Plan): Promise<Outcome> {
  const { rounds, seconds, ratePerSec, settleMs } = plan;
  const cluster = await startLocalCluster(shape);
  try {
    const cores = cluster.nodes.filter(({ role }) => role === 'core');
    const cpu = new ClusterCpu(cluster.nodes);
    const outcome: Outcome = { shape, saturated: [], paced: [] };
    for (let round = 0; round < rounds; round++) {
      await sleep(settleMs);
      const writers = await RouteWriters.open(cores, WRITERS);
      // Subscribed at the first core, published at the node that came last: a replicant if there is one.
      const probe = await VisibilityProbe.open(cores[0]!, cluster.nodes.at(-1)!);
      try {
        outcome.paced.push(await paced(writers, probe, ratePerSec, seconds));
      } finally {
        writers.close();
        probe.close();
      }
      await sleep(settleMs);
      outcome.saturated.push(await saturated(cores, cpu, seconds));
    }
    return outcome;
  } finally {
    await cluster.stop();
  }
}

async function paced(
  writers: RouteWriters,
  probe: VisibilityProbe,
  ratePerSec: number,
  seconds: number,
): Promise<Paced> {
  writers.pace(ratePerSec);
  await sleep(WARM_MS);
  const [doneBefore, before] = [writers.done, writers.latenciesMs.length];
  const beganMs = performance.now();
  const running = probe.run();
  await sleep(seconds * 1000);
  probe.stop();
  await running;
  return {
    perSec: ((writers.done - doneBefore) * 1000) / (performance.now() - beganMs),
    acknowledgedMs: writers.latenciesMs.slice(before),
    seenMs: probe.seenMs,
  };
}

async function saturated(
  cores: readonly LocalNode[],
  cpu: ClusterCpu,
  seconds: number,
): Promise<Saturated> {
  const writers = await RouteWriters.open(cores, WRITERS);
  try {
    writers.saturate(IN_FLIGHT);
    await sleep(WARM_MS);
    const [doneBefore, cpuBefore] = [writers.done, cpu.read()];
    const [beganMs, loop] = [performance.now(), performance.eventLoopUtilization()];
    await sleep(seconds * 1000);
    const writes = writers.done - doneBefore;
    const used = cpuBetween(cpuBefore, cpu.read());
    return {
      perSec: (writes * 1000) / (performance.now() - beganMs),
      cpu: {
        cores: used.cores / writes,
        etcd: used.etcd / writes,
        replicants: used.replicants / writes,
      },
      loadLoop: performance.eventLoopUtilization(loop).utilization,
    };
  } finally {
    writers.close();
  }
}

function row({ shape, saturated: runs, paced: slow }: Outcome): string {
  const { cores, replicants, engine } = shape;
  const each = replicants === 0 ? '–' : cpuText(runs, (cpu) => cpu.replicants / replicants);
  const cells = [
    cores,
    engine === 'managed' ? 'etcd' : 'embedded',
    replicants,
    spreadText(
      runs.map(({ perSec }) => perSec),
      0,
    ),
    cpuText(runs, (cpu) => cpu.cores),
    engine === 'managed' ? cpuText(runs, (cpu) => cpu.etcd) : '–',
    each,
    cpuText(runs, (cpu) => cpu.cores + cpu.etcd + cpu.replicants),
    `${Math.round(spreadOf(runs.map(({ loadLoop }) => loadLoop)).median * 100)} %`,
    quantiles(slow.flatMap(({ acknowledgedMs }) => acknowledgedMs)),
    cores + replicants === 1 ? '(same node)' : quantiles(slow.flatMap(({ seenMs }) => seenMs)),
  ];
  return `| ${cells.join(' | ')} |`;
}

function cpuText(runs: readonly Saturated[], of: (cpu: CpuUs) => number): string {
  return spreadOf(runs.map(({ cpu }) => of(cpu))).median.toFixed(0);
}

/** p50 / p99, ms. */
function quantiles(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  return `${quantile(sorted, 0.5).toFixed(1)} / ${quantile(sorted, 0.99).toFixed(1)}`;
}

function pictures(outcomes: readonly Outcome[], ratePerSec: number): Chart[] {
  const lines: readonly [string, (shape: Shape) => boolean][] = [
    ['cores with etcd, no replicants', (s) => s.engine === 'managed' && s.replicants === 0],
    ['3 cores with etcd, and replicants', (s) => s.engine === 'managed' && s.cores === 3],
    ['1 core, embedded, and replicants', (s) => s.engine === 'embedded'],
  ];
  const series = (of: (outcome: Outcome) => readonly number[]): Series[] =>
    lines.map(([name, isOn]) => ({
      name,
      points: outcomes
        .filter(({ shape }) => isOn(shape))
        .map((outcome) => {
          const { min, median, max } = spreadOf(of(outcome));
          const { cores, replicants } = outcome.shape;
          return { x: cores + replicants, y: median, low: min, high: max };
        })
        .filter(({ y }) => Number.isFinite(y)),
    }));
  const x = 'nodes on one machine of two CPUs';
  const median = (values: readonly number[]): number => spreadOf(values).median;
  return [
    {
      title: 'CPU for one change of a route',
      x,
      y: 'µs, cores and etcd (not replicants)',
      series: series(({ saturated: runs }) => runs.map(({ cpu }) => cpu.cores + cpu.etcd)),
    },
    {
      title: `Time until it is acknowledged, ${ratePerSec}/s`,
      x,
      y: 'ms, median of a round',
      series: series(({ paced: runs }) => runs.map((run) => median(run.acknowledgedMs))),
    },
    {
      title: 'Changes per second',
      x,
      y: 'acknowledged writes/s, CPUs full',
      series: series(({ saturated: runs }) => runs.map(({ perSec }) => perSec)),
    },
  ];
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      rate: { type: 'string', default: '400' },
      quick: { type: 'boolean', default: false },
      readme: { type: 'boolean', default: false },
    },
  });
  const plan: Plan = {
    rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
    seconds: Number(values.seconds ?? (values.quick ? 0.5 : 3)),
    ratePerSec: Number(values.rate),
    settleMs: values.quick ? QUICK_SETTLE_MS : SETTLE_MS,
  };
  const outcomes: Outcome[] = [];
  for (const shape of values.quick ? QUICK : SHAPES) {
    outcomes.push(await measure(shape, plan));
    const { cores, engine, replicants } = shape;
    process.stderr.write(`${cores} cores (${engine}), ${replicants} replicants: done\n`);
  }
  if (values.readme) writeFileSync(PICTURE, chartsSvg(pictures(outcomes, plan.ratePerSec)));
  printSection('cluster-routes', values.readme, [
    ...machineFacts(),
    `- ${WRITERS} clients on the cores, each SUBSCRIBE and UNSUBSCRIBE a write to the database, acknowledged when that knows it; ${plan.rounds} rounds of ${plan.seconds} s, median (min–max)`,
    `- writes/s and CPU with ${IN_FLIGHT} under way by each client; the times at ${plan.ratePerSec} writes/s, p50 / p99`,
    '- visible: from SUBSCRIBE at the first core until a message reaches it that was published at the last node (a replicant if there is one), where one is published every millisecond',
    '- load: share of the time the event loop of the generating process was at work',
    '',
    '| cores | database | replicants | writes/s | CPU µs a write: cores | etcd | each replicant | all nodes | load | acknowledged, ms | visible elsewhere, ms |',
    '|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|',
    ...outcomes.map(row),
  ]);
}

await main();
