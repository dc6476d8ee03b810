/**
 * What a message costs that crosses from one node to another, against one that does not:
 * `node dist/perf/cluster-forward.js [--rounds 5] [--seconds 1.5] [--pairs 50] [--quick] [--readme]`. A core and two
 * replicants as processes; publishers at the first replicant, subscribers there or at the second, in turns. Prints
 * Markdown.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type LocalNode, startLocalCluster } from '../cli/local-cluster.js';
import type { Qos } from '../wire/mod.js';
import { ClusterCpu, cpuBetween } from './cluster-cpu.js';
import { machineFacts } from './machine.js';
import type { LoadOptions, LoadResult } from './pair-load.js';
import { printSection } from './readme-section.js';
import { spreadText } from './spread.js';

const LOAD = fileURLToPath(new URL('./pair-load.js', import.meta.url));
const FORWARDING = ['acked', 'async'] as const;
const PLACES = ['same', 'other'] as const;
/** Paced loads: each publisher so often. */
const EVERY_MS = 25;

type Place = (typeof PLACES)[number];

interface Load {
  name: string;
  window: number;
  everyMs: number | undefined;
}

const LOADS: readonly Load[] = [
  { name: '100 under way', window: 100, everyMs: undefined },
  { name: 'paced', window: 100, everyMs: EVERY_MS },
];

interface Measured extends LoadResult {
  /** All nodes, for each message. */
  cpuUs: number;
}

interface Plan {
  rounds: number;
  seconds: number;
  pairs: number;
  warmMs: number;
}

async function measure(
  nodes: readonly LocalNode[],
  cpu: ClusterCpu,
  place: Place,
  load: Load,
  qos: Qos,
  { seconds, pairs, warmMs }: Plan,
): Promise<Measured> {
  const [first, second] = nodes.filter(({ role }) => role === 'replicant');
  const { host, port } = first!;
  const options: LoadOptions = {
    host,
    port,
    ...(place === 'other' ? { subscribersAt: { host: second!.host, port: second!.port } } : {}),
    ...(load.everyMs === undefined ? {} : { everyMs: load.everyMs }),
    pairs,
    qos,
    payloadBytes: 16,
    window: load.window,
    warmMs,
    measureMs: seconds * 1000,
  };
  const child = spawn(process.execPath, [LOAD, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let before = cpu.read();
  let usedUs = 0;
  let result: LoadResult | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'measuring') before = cpu.read();
    else if (line === 'measured') {
      const { cores, replicants } = cpuBetween(before, cpu.read());
      usedUs = cores + replicants;
    } else result = JSON.parse(line) as LoadResult;
  }
  if (result === undefined) throw new Error('the load ended without a result');
  if (result.delivered !== result.published) {
    throw new Error(`${result.published - result.delivered} messages were lost`);
  }
  return { ...result, cpuUs: usedUs / (result.deliveriesPerSec * seconds) };
}

/** Rounds of one load, in turns at both places. */
type Rounds = Record<Place, Measured[]>;

function rows(name: string, qos: Qos, load: Load, rounds: Rounds): string {
  const figures: readonly [string, (run: Measured) => number | undefined, number][] =
    load.everyMs === undefined
      ? [
          ['CPU of the nodes, µs a message', ({ cpuUs }) => cpuUs, 2],
          ['messages/s', ({ deliveriesPerSec }) => deliveriesPerSec, 0],
        ]
      : [
          ['CPU of the nodes, µs a message', ({ cpuUs }) => cpuUs, 1],
          ['latency p50, ms', ({ latencyMs }) => latencyMs?.p50, 2],
          ['latency p99, ms', ({ latencyMs }) => latencyMs?.p99, 2],
        ];
  return figures
    .map(([what, of, digits]) => {
      const [same, other] = PLACES.map((place) =>
        rounds[place].map((run) => of(run) ?? Number.NaN),
      ) as [number[], number[]];
      const ratios = other.map((value, index) => value / same[index]!);
      const cells = [spreadText(same, digits), spreadText(other, digits), spreadText(ratios, 2)];
      return `| ${load.name} | ${qos} | ${name} | ${what} | ${cells.join(' | ')} |`;
    })
    .join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      pairs: { type: 'string' },
      quick: { type: 'boolean', default: false },
      readme: { type: 'boolean', default: false },
    },
  });
  const plan: Plan = {
    rounds: Number(values.rounds ?? (values.quick ? 1 : 5)),
    seconds: Number(values.seconds ?? (values.quick ? 0.2 : 1.5)),
    pairs: Number(values.pairs ?? (values.quick ? 5 : 50)),
    warmMs: values.quick ? 100 : 500,
  };
  const table: string[] = [];
  let busiestLoad = 0;
  for (const forward of values.quick ? FORWARDING.slice(0, 1) : FORWARDING) {
    const settings = { 'cluster.forward': forward };
    const cluster = await startLocalCluster({ cores: 1, replicants: 2, settings });
    try {
      const cpu = new ClusterCpu(cluster.nodes);
      for (const load of LOADS) {
        for (const qos of [0, 1] as const) {
          const rounds: Rounds = { same: [], other: [] };
          for (let round = 0; round < plan.rounds; round++) {
            for (const place of PLACES) {
              const run = await measure(cluster.nodes, cpu, place, load, qos, plan);
              rounds[place].push(run);
              busiestLoad = Math.max(busiestLoad, run.loadCpu);
            }
          }
          table.push(rows(forward, qos, load, rounds));
        }
        process.stderr.write(`${forward}, ${load.name}: done\n`);
      }
    } finally {
      await cluster.stop();
    }
  }
  const perSec = (plan.pairs * 1000) / EVERY_MS;
  printSection('cluster-forward', values.readme, [
    ...machineFacts(),
    `- ${plan.pairs} publishers at one replicant → ${plan.pairs} subscribers at the same or at another one, one topic each, 16 B; nothing pinned`,
    `- ${plan.rounds} rounds of ${plan.seconds} s at both places in turns: median (min–max); ratio: of the two runs of a round`,
    `- \`100 under way\`: at most so many of each pair, as fast as that allows; \`paced\`: ${perSec} messages/s in all, each on its own`,
    `- CPU of the generating process: up to ${Math.round(busiestLoad * 100)} % of one`,
    '',
    '| load | QoS | cluster.forward | | same node | other node | ratio |',
    '|---|--:|---|---|--:|--:|--:|',
    ...table,
  ]);
}

await main();
