/**
 * fleetgauge as a load generator beside others, mosquitto as target of all:
 * `node dist/perf/against-tools.js [--rounds 4] [--seconds 5] [--devices 6000] [--quick] [--readme]`. mosquitto counts
 * what arrives, /proc says what it cost. Prints Markdown.
 */
import { statSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ProcProbe } from '../bench/mod.js';
import { machineFacts } from './machine.js';
import { printSection } from './readme-section.js';
import { spreadOf, spreadText } from './spread.js';
import { SysCounter } from './sys-counter.js';
import { startTarget } from './target-process.js';
import {
  FLEETGAUGE,
  isThere,
  MOSQUITTO_LINES,
  MOSQUITTO_REPEAT,
  MQTTJS,
  type Publishing,
  TOOL_CORE,
  type Tool,
  TSUNG,
} from './tools.js';
import { Figures, turns } from './turns.js';

const TARGET_CORE = 0;
/** A tool may take its time until it has connected all it was asked for. */
const CONNECT_MS = 60_000;
/** How long no connection may come before the tool is taken to have given up. */
const STILL_MS = 5000;
const POLL_MS = 2;
/** What a tool costs without devices stands in few and in many, and goes out in the difference. */
const FEW = 100;

interface Plan {
  rounds: number;
  seconds: number;
  warmMs: number;
  devices: number;
  /** Asked for, from low to high. */
  perSecs: readonly number[];
  holdMs: number;
}

interface Load {
  name: string;
  publishing: Publishing;
  tools: readonly Tool[];
}

const many = (qos: 0 | 1): Publishing => ({ clients: 100, qos, inflight: 1 });
const one = (qos: 0 | 1, inflight: number): Publishing => ({ clients: 1, qos, inflight });
const LOADS: readonly Load[] = [
  {
    name: '100 clients, QoS 1, one in flight',
    publishing: many(1),
    tools: [FLEETGAUGE, MQTTJS, TSUNG],
  },
  { name: '100 clients, QoS 0', publishing: many(0), tools: [FLEETGAUGE, MQTTJS, TSUNG] },
  {
    name: '1 client, QoS 1, one in flight',
    publishing: one(1, 1),
    tools: [FLEETGAUGE, MOSQUITTO_REPEAT],
  },
  {
    name: '1 client, QoS 1, 20 in flight',
    publishing: one(1, 20),
    tools: [FLEETGAUGE, MOSQUITTO_LINES],
  },
  {
    name: '1 client, QoS 0',
    publishing: one(0, 1),
    tools: [FLEETGAUGE, MOSQUITTO_REPEAT, MOSQUITTO_LINES],
  },
];
const CONNECTORS = [FLEETGAUGE, MQTTJS, TSUNG];

async function publish(
  round: number,
  tool: Tool,
  load: Load,
  plan: Plan,
  figures: Figures,
): Promise<void> {
  const target = await startTarget('mosquitto', TARGET_CORE, [], 1);
  try {
    const counter = await SysCounter.watch(target.port, 'received');
    const running = await tool.publish(target.port, load.publishing);
    try {
      await counter.busy(100);
      await sleep(plan.warmMs);
      const probe = new ProcProbe(tool.name, running.pid, { includeChildren: true });
      const look = () => probe.sample(0);
      const { sec, count, at } = await counter.span(plan.seconds, look);
      const cpuUs = at[1].cpuUs - at[0].cpuUs;
      figures.add(round, tool.name, `${load.name} rate`, count / sec);
      figures.add(round, tool.name, `${load.name} cpuUs`, cpuUs / count);
      figures.add(round, tool.name, `${load.name} share`, cpuUs / (sec * 1e4));
      figures.add(round, tool.name, `${load.name} rss`, at[1].rssBytes);
    } finally {
      await running.stop();
      await counter.close();
    }
  } finally {
    await target.stop();
  }
}

/** Open files of a process; the kernel tells since Linux 6.2. */
function openFiles(pid: number): number {
  return statSync(`/proc/${pid}/fd`).size;
}

interface Connected {
  perSec: number;
  cpuUs: number;
  rssBytes: number;
}

/**
 * Has a tool open connections: the rate and the CPU of the middle eight tenths, and what the tool holds when it has
 * held them all for a while. Undefined where it does not come to all of them.
 */
async function connect(
  tool: Tool,
  clients: number,
  perSec: number,
  holdMs: number,
): Promise<Connected | undefined> {
  const target = await startTarget('mosquitto', TARGET_CORE);
  try {
    const none = openFiles(target.pid);
    const running = await tool.connect!(target.port, { clients, perSec });
    try {
      const probe = new ProcProbe(tool.name, running.pid, { includeChildren: true });
      const until = async (count: number): Promise<{ count: number; atMs: number } | undefined> => {
        const endMs = performance.now() + CONNECT_MS;
        let last = { count: 0, atMs: performance.now() };
        for (;;) {
          const atMs = performance.now();
          const now = openFiles(target.pid) - none;
          if (now >= count) return { count: now, atMs };
          if (now > last.count) last = { count: now, atMs };
          // A look at the target before the tool begins is a connection as well.
          const isStill = last.count > clients / 10 && atMs - last.atMs > STILL_MS;
          if (isStill || atMs > endMs) return undefined;
          await sleep(POLL_MS);
        }
      };
      const from = await until(clients * 0.1);
      const cpuFrom = probe.sample(0).cpuUs;
      const to = await until(clients * 0.9);
      const cpuTo = probe.sample(0).cpuUs;
      const all = await until(clients);
      if (from === undefined || to === undefined || all === undefined) return undefined;
      await sleep(holdMs);
      const made = to.count - from.count;
      return {
        perSec: (made * 1000) / (to.atMs - from.atMs),
        cpuUs: (cpuTo - cpuFrom) / made,
        rssBytes: probe.sample(0).rssBytes,
      };
    } finally {
      await running.stop();
    }
  } finally {
    await target.stop();
  }
}

async function connectAll(round: number, tool: Tool, plan: Plan, figures: Figures): Promise<void> {
  const few = await connect(tool, FEW, plan.perSecs[0]!, plan.holdMs);
  let fastest = 0;
  for (const [step, perSec] of plan.perSecs.entries()) {
    const run = await connect(tool, plan.devices, perSec, step === 0 ? plan.holdMs : 0);
    // It does not hold this rate, so it will not hold a higher one.
    if (run === undefined || run.perSec < fastest) break;
    fastest = run.perSec;
    if (step > 0) continue;
    figures.add(round, tool.name, 'connect cpuUs', run.cpuUs);
    if (few === undefined) continue;
    const more = (run.rssBytes - few.rssBytes) / (plan.devices - FEW);
    figures.add(round, tool.name, 'connect rss', more);
  }
  if (fastest > 0) figures.add(round, tool.name, 'connect rate', fastest);
}

/** `times` is how many times better fleetgauge is, so that more is better in every row. */
function row(
  figures: Figures,
  [what, figure, digits, better]: readonly [string, string, number, 'more' | 'less'],
  tool: Tool,
  scale = 1,
): string {
  const own = figures.of(FLEETGAUGE.name, figure).map((v) => v * scale);
  const other = figures.of(tool.name, figure).map((v) => v * scale);
  const ratios = figures.ratios(FLEETGAUGE.name, tool.name, figure);
  const times = better === 'more' ? ratios : ratios.map((r) => 1 / r);
  const missing = isThere(tool) ? 'did not get there' : 'not installed (scripts/peers)';
  const cells = [
    what,
    tool.name,
    own.length === 0 ? 'did not get there' : spreadText(own, digits),
    other.length === 0 ? missing : spreadText(other, digits),
    times.length === 0 ? '–' : spreadText(times, 2),
  ];
  return `| ${cells.join(' | ')} |`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      devices: { type: 'string' },
      quick: { type: 'boolean', default: false },
      readme: { type: 'boolean', default: false },
    },
  });
  const { quick } = values;
  const plan: Plan = {
    rounds: Number(values.rounds ?? (quick ? 1 : 4)),
    seconds: Number(values.seconds ?? (quick ? 1 : 5)),
    warmMs: quick ? 0 : 2000,
    devices: Number(values.devices ?? (quick ? 300 : 6000)),
    perSecs: quick ? [1000] : [2000, 3000, 4500, 6750, 10_000, 15_000],
    holdMs: quick ? 300 : 2000,
  };
  const loads = quick ? LOADS.slice(0, 1) : LOADS;
  const figures = new Figures();
  for (const load of loads) {
    const tools = load.tools.filter(isThere);
    for (const { round, contender } of turns(tools, plan.rounds)) {
      await publish(round, contender, load, plan, figures);
    }
    process.stderr.write(`${load.name}: done\n`);
  }
  for (const { round, contender } of turns(CONNECTORS.filter(isThere), plan.rounds)) {
    await connectAll(round, contender, plan, figures);
  }
  const others = (tools: readonly Tool[]): readonly Tool[] =>
    tools.filter((tool) => tool !== FLEETGAUGE);
  const table = [
    ...loads.flatMap(({ name, tools }) =>
      others(tools).flatMap((tool) => [
        row(figures, [`${name}: messages/s`, `${name} rate`, 0, 'more'], tool),
        row(figures, [`${name}: CPU µs a message`, `${name} cpuUs`, 2, 'less'], tool),
      ]),
    ),
    ...others(CONNECTORS).flatMap((tool) => [
      row(figures, ['connects/s', 'connect rate', 0, 'more'], tool),
      row(figures, ['CPU µs a connect', 'connect cpuUs', 0, 'less'], tool),
      row(figures, ['memory of a device, KB', 'connect rss', 1, 'less'], tool, 1 / 1000),
    ]),
  ];
  const processRss = figures.of(MOSQUITTO_REPEAT.name, '1 client, QoS 1, one in flight rss');
  printSection('against-tools', values.readme, [
    ...machineFacts(),
    `- mosquitto on core ${TARGET_CORE}, the tool with all its processes on core ${TOOL_CORE}; MQTT 3.1.1 (tsung: 3.1, QoS 0 and 1 only), 16 B`,
    `- messages: as fast as they go, counted by mosquitto itself, ${plan.seconds} s; connects: ${plan.devices}, the highest rate of ${plan.perSecs.join(', ')} asked for that the tool came to; CPU and memory at the lowest`,
    `- ${plan.rounds} rounds, tools in turns, every second round backwards: median (min–max); times: of the two runs of each round, above 1 where fleetgauge is faster, cheaper or smaller`,
    '- mosquitto_pub is one client a process: it is compared with one device, for connects and memory of many not at all' +
      (processRss.length === 0
        ? ''
        : ` (a process of it holds ${(spreadOf(processRss).median / 1e6).toFixed(1)} MB)`),
    '',
    '| | tool | fleetgauge | tool | times |',
    '|---|---|--:|--:|--:|',
    ...table,
  ]);
}

await main();
