/**
 * How the cost of a connection, of a message and of a device's memory grow with the number of devices, in the fleet and in
 * the bundled broker: `node dist/perf/cost-per-device.js [--rounds 3] [--sizes 1000,10000,100000] [--million]
 * [--seconds 8] [--quick] [--readme]`. Each size gets a core and as many replicants as the limit of open files asks
 * for; the same messages and connections a second at each size. Prints Markdown.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { COUNTER } from '../bench/device/mod.js';
import { machineLimits, ProcProbe } from '../bench/mod.js';
import { startLocalCluster } from '../cli/local-cluster.js';
import type { IntervalRow, RunRecord } from '../results/mod.js';
import { FleetProcess } from './fleet-process.js';
import { machineFacts } from './machine.js';
import { printSection } from './readme-section.js';
import { spreadText } from './spread.js';
import { Figures, turns } from './turns.js';

/** What a process costs without devices goes out in the difference to as many with these. */
const FEW = 100;
/** Below, what V8 keeps of garbage is more than the devices. */
const LEAST_FOR_MEMORY = 5000;
/** Files a node needs beside its clients' connections. */
const NODE_FILES = 1000;
const SAMPLE_MS = 100;

interface Plan {
  rounds: number;
  seconds: number;
  rampPerSec: number;
  messagesPerSec: number;
  cyclesPerSec: number;
  /** Where phases meet, both are at work: so much at either end is neither's. */
  edgeMs: number;
}

/** Code is compiled as it runs: at each size the same connects and messages go before those that count. */
function scenario(devices: number, plan: Plan): string {
  const { seconds, rampPerSec, messagesPerSec, cyclesPerSec } = plan;
  const churn = `kind: churn, load: 0, offline: 100ms, ratePerSec: ${cyclesPerSec}/s`;
  return `name: devices
connect: { ratePerSec: ${rampPerSec} }
groups:
  - name: d
    count: ${devices}
    keepAlive: 3600s
    publish:
      - topic: bench/%i
        qos: 1
        payload: { bytes: 16 }
        arrivals: { kind: constant, ratePerSec: ${messagesPerSec} }
phases:
  - { name: ramp, kind: ramp, timeout: 30m }
  - { name: warm-connects, ${churn}, duration: ${seconds}s, measure: false }
  - { name: warm-messages, kind: steady, duration: ${seconds}s, measure: false }
  - { name: idle, kind: steady, duration: ${seconds}s, load: 0 }
  - { name: connects, ${churn}, duration: ${seconds}s }
  - { name: messages, kind: steady, duration: ${seconds}s }
  - { name: drain, kind: drain, duration: 1s }
`;
}

/** All processes of one side, at one moment. */
interface Usage {
  cpuUs: number;
  rssBytes: number;
}

interface Sample {
  atMs: number;
  fleet: Usage;
  broker: Usage;
  /** Of the process that coordinates the fleet, and of the core. */
  first: { fleet: number; broker: number };
  /** What the machine has left, kernel and all. */
  availableBytes: number;
}

interface Run {
  record: RunRecord;
  seconds: IntervalRow[];
  samples: Sample[];
  replicants: number;
  edgeMs: number;
  /** Before the cluster started. */
  availableBytes: number;
}

/** Of processes that have few devices or none. */
interface Base {
  first: { fleet: number; broker: number };
  each: { fleet: number; broker: number };
}

function availableBytes(): number {
  const kib = /MemAvailable:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  return Number(kib) * 1024;
}

async function run(devices: number, plan: Plan): Promise<Run> {
  const replicants = Math.ceil(devices / (machineLimits().openFiles - NODE_FILES));
  const before = availableBytes();
  const cluster = await startLocalCluster({ cores: 1, replicants });
  try {
    const nodes = cluster.nodes.map(({ name, pid }) => new ProcProbe(name, pid));
    const brokers = (): Usage & { firstBytes: number } => {
      const seen = nodes.map((node) => node.sample(0));
      return {
        cpuUs: seen.reduce((sum, { cpuUs }) => sum + cpuUs, 0),
        rssBytes: seen.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
        firstBytes: seen[0]!.rssBytes,
      };
    };
    const fleet = await FleetProcess.start({
      scenario: scenario(devices, plan),
      targets: cluster.nodes
        .filter(({ role }) => role === 'replicant')
        .map(({ host, port }) => `mqtt://${host}:${port}`),
    });
    const probe = new ProcProbe('fleet', fleet.pid, { includeChildren: true });
    const first = new ProcProbe('coordinator', fleet.pid);
    const samples: Sample[] = [];
    const sampling = setInterval(() => {
      const broker = brokers();
      samples.push({
        atMs: Date.now(),
        fleet: probe.sample(0),
        broker,
        first: { fleet: first.sample(0).rssBytes, broker: broker.firstBytes },
        availableBytes: availableBytes(),
      });
    }, SAMPLE_MS);
    try {
      const recorded = await fleet.recorded();
      return { ...recorded, samples, replicants, edgeMs: plan.edgeMs, availableBytes: before };
    } finally {
      clearInterval(sampling);
      await fleet.stop();
    }
  } finally {
    await cluster.stop();
  }
}

/** The first and the last sample well inside a phase. */
function stretch({ record, samples, edgeMs }: Run, name: string): [Sample, Sample] {
  const phase = record.phases.find((each) => each.name === name);
  const epochMs = Date.parse(record.startedAt);
  if (phase === undefined) throw new Error(`the run has no phase ${name}`);
  const inside = samples.filter(
    ({ atMs }) =>
      atMs >= epochMs + phase.startUs / 1000 + edgeMs &&
      atMs <= epochMs + (phase.endUs ?? Number.POSITIVE_INFINITY) / 1000 - edgeMs,
  );
  const [first, last] = [inside[0], inside.at(-1)];
  if (first === undefined || last === undefined || first === last) {
    throw new Error(`phase ${name} was too short to be looked at twice`);
  }
  return [first, last];
}

type Side = 'fleet' | 'broker';

/** µs of CPU a second. */
function cpuPerSec([first, last]: [Sample, Sample], side: Side): number {
  return ((last[side].cpuUs - first[side].cpuUs) * 1000) / (last.atMs - first.atMs);
}

/** Of the seconds that lie wholly in a phase. */
function perSec({ seconds }: Run, name: string, counter: number): number {
  const inside = seconds.filter(({ phase }) => phase === name).slice(1, -1);
  const sum = inside.reduce((total, { counters }) => total + counters[counter]!, 0);
  return sum / inside.reduce((total, { lengthSec }) => total + lengthSec, 0);
}

/** KB a device, by side and of the whole machine. */
function memory(seen: Run, devices: number, base: Base) {
  const [, at] = stretch(seen, 'idle');
  const perDevice = (bytes: number): number => bytes / devices / 1000;
  const { processes } = seen.record.generator;
  return {
    fleet: perDevice(at.fleet.rssBytes - base.first.fleet - processes * base.each.fleet),
    broker: perDevice(at.broker.rssBytes - base.first.broker - seen.replicants * base.each.broker),
    machine: perDevice(seen.availableBytes - at.availableBytes),
  };
}

async function measure(
  round: number,
  devices: number,
  plan: Plan,
  base: Base | undefined,
  figures: Figures,
): Promise<void> {
  const seen = await run(devices, plan);
  const { totals, verdict, generator } = seen.record;
  if (totals.connects.succeeded < devices) {
    throw new Error(`only ${totals.connects.succeeded} of ${devices} devices connected`);
  }
  const key = String(devices);
  const [idle, connects, messages] = ['idle', 'connects', 'messages'].map((name) =>
    stretch(seen, name),
  ) as [[Sample, Sample], [Sample, Sample], [Sample, Sample]];
  for (const side of ['fleet', 'broker'] as const) {
    const idleUs = cpuPerSec(idle, side);
    figures.add(round, key, `${side} idle`, idleUs / 1e4);
    const connectUs =
      (cpuPerSec(connects, side) - idleUs) / perSec(seen, 'connects', COUNTER.connectsSucceeded);
    figures.add(round, key, `${side} connect`, connectUs);
    const messageUs =
      (cpuPerSec(messages, side) - idleUs) / perSec(seen, 'messages', COUNTER.publishesAcked);
    figures.add(round, key, `${side} message`, messageUs);
  }
  if (base !== undefined && devices >= LEAST_FOR_MEMORY) {
    for (const [what, kb] of Object.entries(memory(seen, devices, base))) {
      figures.add(round, key, `${what} memory`, kb);
    }
  }
  figures.add(round, key, verdict.state, 1);
  process.stderr.write(
    `${devices} devices, ${generator.processes} processes: done, ${verdict.state} ${verdict.reasons.map(({ text }) => text).join('; ')}\n`,
  );
}

/** By a run with few devices, as many messages and, as far as they can, connections. */
async function baseOf(plan: Plan): Promise<Base> {
  const few = await run(FEW, { ...plan, cyclesPerSec: Math.min(FEW, plan.cyclesPerSec) });
  const [, { fleet, broker, first }] = stretch(few, 'idle');
  return {
    first,
    each: {
      fleet: (fleet.rssBytes - first.fleet) / few.record.generator.processes,
      broker: (broker.rssBytes - first.broker) / few.replicants,
    },
  };
}

const ROWS = [
  ['fleet: CPU µs a connection (leaves, comes back)', 'fleet connect', 0],
  ['fleet: CPU µs a message', 'fleet message', 1],
  ['fleet: CPU idle, % of one', 'fleet idle', 2],
  ['fleet: memory of a device, KB', 'fleet memory', 2],
  ['broker: CPU µs a connection', 'broker connect', 0],
  ['broker: CPU µs a message', 'broker message', 1],
  ['broker: CPU idle, % of one', 'broker idle', 2],
  ['broker: memory of a client, KB', 'broker memory', 2],
  ['the whole machine: memory by the device, KB', 'machine memory', 2],
] as const;

/** What a figure is worth: with a generator that was too busy, it is that of another load. */
function verdicts(figures: Figures, name: string): string {
  return ['valid', 'suspect', 'invalid']
    .map((state) => ({ state, count: figures.of(name, state).length }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${count} ${state}`)
    .join(', ');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      sizes: { type: 'string' },
      million: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      readme: { type: 'boolean', default: false },
    },
  });
  const { quick } = values;
  const plan: Plan = {
    rounds: Number(values.rounds ?? (quick ? 1 : 3)),
    seconds: Number(values.seconds ?? (quick ? 3 : 8)),
    rampPerSec: 3000,
    messagesPerSec: quick ? 500 : 2000,
    cyclesPerSec: quick ? 200 : 1000,
    edgeMs: quick ? 200 : 1000,
  };
  const sizes = (values.sizes ?? (quick ? '100,200' : '1000,10000,100000')).split(',').map(Number);
  if (values.million) sizes.push(1_000_000);
  const base = sizes.some((size) => size >= LEAST_FOR_MEMORY) ? await baseOf(plan) : undefined;
  const figures = new Figures();
  for (const { round, contender } of turns(sizes, plan.rounds)) {
    await measure(round, contender, plan, base, figures);
  }
  const names = sizes.map(String);
  const head = sizes.map((size) => `${size.toLocaleString('en')}`);
  const largest = names.at(-1)!;
  const rows = ROWS.map(([what, figure, digits]) => {
    const known = names.filter((name) => figures.of(name, figure).length > 0);
    const cells = [
      what,
      ...names.map((name) =>
        known.includes(name) ? spreadText(figures.of(name, figure), digits) : '–',
      ),
      known.length < 2 ? '–' : spreadText(figures.ratios(largest, known[0]!, figure), 2),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  printSection('devices', values.readme, [
    ...machineFacts(),
    `- \`fleetgauge run\` against one core and as many replicants as the limit of open files asks for, all on this machine, nothing pinned; MQTT 5`,
    `- at each size ${plan.cyclesPerSec} devices a second leave and come back, then ${plan.messagesPerSec} messages/s of QoS 1, 16 B; what the processes spend idle is taken off both`,
    `- memory: RSS, with the garbage that is in it, less that of as many processes with ${FEW} devices; the whole machine: what it has less available than before all of them started, their processes and the kernel included; from ${LEAST_FOR_MEMORY} devices on, for below the garbage is more than the devices`,
    `- ${plan.rounds} rounds, sizes in turns, every second round backwards: median (min–max); ratio: of the two runs of each round`,
    '',
    `| devices | ${head.join(' | ')} | last : first |`,
    `|---|${names.map(() => '--:|').join('')}--:|`,
    ...rows,
    `| verdict of the runs | ${names.map((name) => verdicts(figures, name)).join(' | ')} | – |`,
  ]);
}

await main();
