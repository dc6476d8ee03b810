/**
 * What the cluster's registry of client identifiers costs a CONNECT:
 * `node dist/perf/cluster-connects.js [--rounds 5] [--clients 3000] [--quick] [--readme]`. A lone broker, which has no
 * registry, and clusters, all as processes, in turns; the clients live in this process. Needs etcd (Debian's
 * etcd-server) without --quick. Prints Markdown.
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { startBrokerProcess } from '../cli/broker-process.js';
import { type LocalCluster, startLocalCluster } from '../cli/local-cluster.js';
import { ClusterCpu, type CpuUs, cpuBetween } from './cluster-cpu.js';
import { type ClientAddress, LeanClient, type SessionWish } from './lean-client.js';
import { machineFacts } from './machine.js';
import { printSection } from './readme-section.js';
import { spreadOf, spreadText } from './spread.js';

/** CONNECTs that are not answered yet. */
const UNDER_WAY = 100;
/** For what the nodes still do about the connections that are gone. */
const SETTLE_MS = 700;
const QUICK_SETTLE_MS = 50;
const KINDS = ['clean start', 'persistent'] as const;
type Kind = (typeof KINDS)[number];

const SESSIONS: Readonly<Record<Kind, Omit<SessionWish, 'clientId'>>> = {
  'clean start': { cleanStart: true, expirySeconds: 0 },
  persistent: { cleanStart: false, expirySeconds: 3600 },
};

interface Target {
  name: string;
  addresses: readonly ClientAddress[];
  cpu: ClusterCpu;
}

interface Run {
  perSec: number;
  /** For each connection. */
  cpu: CpuUs;
  loadLoop: number;
}

async function measure(
  target: Target,
  kind: Kind,
  clients: number,
  settleMs: number,
): Promise<Run> {
  const open: LeanClient[] = [];
  const { name, addresses } = target;
  let next = 0;
  const opening = async (): Promise<void> => {
    while (next < clients) {
      const n = next++;
      // Not another target's: there it would be taken over from here.
      const session = { ...SESSIONS[kind], clientId: `${name}-${kind}-${n}` };
      open.push(await LeanClient.open(addresses[n % addresses.length]!, session));
    }
  };
  try {
    const before = target.cpu.read();
    const [beganMs, loop] = [performance.now(), performance.eventLoopUtilization()];
    await Promise.all(Array.from({ length: UNDER_WAY }, opening));
    const elapsedMs = performance.now() - beganMs;
    const { utilization } = performance.eventLoopUtilization(loop);
    const used = cpuBetween(before, target.cpu.read());
    return {
      perSec: (clients * 1000) / elapsedMs,
      cpu: {
        cores: used.cores / clients,
        etcd: used.etcd / clients,
        replicants: used.replicants / clients,
      },
      loadLoop: utilization,
    };
  } finally {
    for (const client of open) client.destroy();
    await new Promise((resolve) => setTimeout(resolve, settleMs));
  }
}

function row(kind: Kind, name: string, runs: readonly Run[], lone: readonly Run[]): string {
  const median = (of: (cpu: CpuUs) => number): string => {
    const us = spreadOf(runs.map(({ cpu }) => of(cpu))).median;
    return us < 1 ? '–' : us.toFixed(0);
  };
  const cells = [
    kind,
    name,
    spreadText(
      runs.map(({ perSec }) => perSec),
      0,
    ),
    spreadText(
      runs.map(({ perSec }, round) => perSec / lone[round]!.perSec),
      2,
    ),
    median((cpu) => cpu.cores),
    median((cpu) => cpu.etcd),
    median((cpu) => cpu.replicants),
    median((cpu) => cpu.cores + cpu.etcd + cpu.replicants),
    `${Math.round(spreadOf(runs.map(({ loadLoop }) => loadLoop)).median * 100)} %`,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** The targets, and what ends them. */
async function start(withEtcd: boolean): Promise<{ targets: Target[]; stop(): Promise<void> }> {
  const settings = { 'sys_topics.sys_msg_interval': 'disabled' };
  const lone = await startBrokerProcess({ settings });
  const clusters: LocalCluster[] = [];
  const stop = async (): Promise<void> => {
    for (const cluster of clusters) await cluster.stop();
    await lone.stop();
  };
  try {
    const small = await startLocalCluster({ cores: 1, replicants: 1, settings });
    clusters.push(small);
    const [core, replicant] = small.nodes;
    const cpu = new ClusterCpu(small.nodes);
    const own = new ClusterCpu([{ name: 'lone', role: 'core', pid: lone.pid }]);
    const targets: Target[] = [
      { name: 'a lone broker, no registry', addresses: [lone], cpu: own },
      { name: '1 core, embedded', addresses: [core!], cpu },
      { name: 'a replicant of it', addresses: [replicant!], cpu },
    ];
    if (withEtcd) {
      const large = await startLocalCluster({ cores: 3, replicants: 0, settings });
      clusters.push(large);
      const name = '3 cores with etcd, dealt over them';
      targets.push({ name, addresses: large.nodes, cpu: new ClusterCpu(large.nodes) });
    }
    return { targets, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string' },
      clients: { type: 'string' },
      quick: { type: 'boolean', default: false },
      readme: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 7));
  const clients = Number(values.clients ?? (values.quick ? 200 : 3000));
  const settleMs = values.quick ? QUICK_SETTLE_MS : SETTLE_MS;
  const { targets, stop } = await start(!values.quick);
  const runs = new Map<string, Run[]>();
  const of = (kind: Kind, target: Target): Run[] => runs.get(`${kind} ${target.name}`) ?? [];
  try {
    // In the first round code is compiled and sessions are made: it does not count.
    for (let round = 0; round <= rounds; round++) {
      for (const kind of KINDS) {
        for (const target of targets) {
          const run = await measure(target, kind, clients, settleMs);
          if (round > 0) runs.set(`${kind} ${target.name}`, [...of(kind, target), run]);
        }
      }
      process.stderr.write(`round ${round} of ${rounds}: done\n`);
    }
  } finally {
    await stop();
  }
  printSection('cluster-connects', values.readme, [
    ...machineFacts(),
    `- ${clients} connections that stay open, ${UNDER_WAY} under way at a time; targets in turns, ${rounds} rounds: median (min–max); ratio: to the lone broker of the same round`,
    '- clean start: MQTT 5 without a session afterwards; persistent: the session of the round before is taken up again',
    '- load: share of the time the event loop of the generating process was at work',
    '',
    '| session | target | connects/s | to the lone broker | CPU µs a connect: cores | etcd | replicant | all nodes | load |',
    '|---|---|--:|--:|--:|--:|--:|--:|--:|',
    ...KINDS.flatMap((kind) =>
      targets.map((target) => row(kind, target.name, of(kind, target), of(kind, targets[0]!))),
    ),
  ]);
}

await main();
