/**
 * What measuring costs: the same `fleetgauge run` as it ships and with all taken out that it does only to measure
 * (without-measuring.ts): `node dist/perf/cost-of-measuring.js [--rounds 8] [--seconds 5] [--quick] [--readme]`. What
 * was sent is counted by the target, for the run without knows nothing of it. Prints Markdown.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ProcProbe } from '../bench/mod.js';
import { FleetProcess } from './fleet-process.js';
import { machineFacts } from './machine.js';
import { PingPongProgram, PingPongServer } from './ping-pong-program.js';
import { printSection } from './readme-section.js';
import { spreadText } from './spread.js';
import { SysCounter } from './sys-counter.js';
import { startTarget } from './target-process.js';
import { Figures, turns } from './turns.js';

const TARGET_CORE = 0;
const FLEET_CORE = 1;
const BEGIN_MS = 60_000;
const WITHOUT = new URL('./without-measuring.js', import.meta.url).href;
const MODES = ['without', 'with'] as const;
type Mode = (typeof MODES)[number];

interface Plan {
  rounds: number;
  seconds: number;
  warmMs: number;
}

interface Case {
  name: string;
  /** What is said to be a message. */
  counted: 'acknowledged' | 'delivered';
  scenario(mode: Mode): string;
}

/** Of the same size, with the measurement header and without. */
const payload = (mode: Mode): string =>
  mode === 'with' ? '{ bytes: 16 }' : "{ text: 'sixteen bytes...' }";

const PHASES = `phases:
  - { name: ramp, kind: ramp }
  - { name: steady, kind: steady, duration: 10m }
`;

const publishers = (mode: Mode, arrivals: string): string => `name: measuring
connect: { ratePerSec: 1000 }
groups:
  - name: p
    count: 100
    protocol: 3.1.1
    inflight: 1
    publish: [{ topic: 'bench/%i', qos: 1, payload: ${payload(mode)}, arrivals: ${arrivals} }]
${PHASES}`;

const pairs = (mode: Mode, qos: 0 | 1): string => `name: measuring
connect: { ratePerSec: 1000 }
groups:
  - { name: s, count: 50, protocol: 3.1.1, subscribe: [{ filter: 'bench/%i', qos: ${qos} }] }
  - name: p
    count: 50
    protocol: 3.1.1
    inflight: 1
    publish: [{ topic: 'bench/%i', qos: 1, payload: ${payload(mode)}, arrivals: { kind: saturate } }]
${PHASES}`;

const CASES: readonly Case[] = [
  {
    name: '100 publishers, QoS 1, one in flight',
    counted: 'acknowledged',
    scenario: (mode) => publishers(mode, '{ kind: saturate }'),
  },
  {
    name: '100 publishers, QoS 1, 10,000/s in all',
    counted: 'acknowledged',
    scenario: (mode) => publishers(mode, '{ kind: constant, ratePerSec: 10000 }'),
  },
  {
    name: '50 → 50, QoS 1, one in flight, deliveries at QoS 0',
    counted: 'delivered',
    scenario: (mode) => pairs(mode, 0),
  },
  {
    name: '50 → 50, QoS 1, one in flight, deliveries at QoS 1',
    counted: 'delivered',
    scenario: (mode) => pairs(mode, 1),
  },
];

interface Target {
  port: number;
  /** Waits until messages come. */
  begun(): Promise<void>;
  /** Messages in a stretch of time, and what `at` says at its ends. */
  span<T>(seconds: number, at: () => T): Promise<{ sec: number; count: number; at: [T, T] }>;
  stop(): Promise<void>;
}

async function answering(program: PingPongProgram): Promise<Target> {
  const server = await PingPongServer.start(program, TARGET_CORE);
  return {
    port: server.port,
    async begun() {
      const latestMs = performance.now() + BEGIN_MS;
      while ((await server.acknowledged()) === 0) {
        if (performance.now() > latestMs) throw new Error('nothing arrives');
        await sleep(50);
      }
    },
    async span(seconds, at) {
      const fromMs = performance.now();
      const from = await server.acknowledged();
      const first = at();
      await sleep(seconds * 1000);
      const count = (await server.acknowledged()) - from;
      return { sec: (performance.now() - fromMs) / 1000, count, at: [first, at()] };
    },
    stop: () => server.stop(),
  };
}

async function mosquitto(): Promise<Target> {
  const target = await startTarget('mosquitto', TARGET_CORE, [], 1);
  const counter = await SysCounter.watch(target.port, 'sent');
  return {
    port: target.port,
    begun: () => counter.busy(100),
    span: (seconds, at) => counter.span(seconds, at),
    async stop() {
      await counter.close();
      await target.stop();
    },
  };
}

async function measure(
  round: number,
  { name, counted, scenario }: Case,
  mode: Mode,
  program: PingPongProgram,
  plan: Plan,
  figures: Figures,
): Promise<void> {
  const target = await (counted === 'acknowledged' ? answering(program) : mosquitto());
  try {
    const fleet = await FleetProcess.start({
      scenario: scenario(mode),
      targets: [`mqtt://127.0.0.1:${target.port}`],
      core: FLEET_CORE,
      env: mode === 'with' ? {} : { NODE_OPTIONS: `--import=${WITHOUT}` },
    });
    try {
      await target.begun();
      await sleep(plan.warmMs);
      const probe = new ProcProbe('fleet', fleet.pid, { includeChildren: true });
      const { sec, count, at } = await target.span(plan.seconds, () => probe.sample(0).cpuUs);
      figures.add(round, mode, `${name} cpuUs`, (at[1] - at[0]) / count);
      figures.add(round, mode, `${name} rate`, count / sec);
    } finally {
      await fleet.stop();
    }
  } finally {
    await target.stop();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      readme: { type: 'boolean', default: false },
    },
  });
  const plan: Plan = {
    rounds: Number(values.rounds ?? (values.quick ? 1 : 8)),
    seconds: Number(values.seconds ?? (values.quick ? 1 : 5)),
    // The one without has its coarse clock by then.
    warmMs: values.quick ? 500 : 4000,
  };
  const cases = values.quick ? CASES.slice(0, 1) : CASES;
  const figures = new Figures();
  const program = await PingPongProgram.compile();
  try {
    for (const each of cases) {
      for (const { round, contender } of turns(MODES, plan.rounds)) {
        await measure(round, each, contender, program, plan, figures);
      }
      process.stderr.write(`${each.name}: done\n`);
    }
  } finally {
    await program.remove();
  }
  const rows = cases.map(({ name, counted }) => {
    const more = figures.ratios('with', 'without', `${name} cpuUs`).map((r) => (r - 1) * 100);
    const cells = [
      name,
      counted,
      ...MODES.map((mode) => spreadText(figures.of(mode, `${name} cpuUs`), 2)),
      spreadText(more, 1),
      ...MODES.map((mode) => spreadText(figures.of(mode, `${name} rate`), 0)),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  printSection('measuring', values.readme, [
    ...machineFacts(),
    `- \`fleetgauge run\` as it ships, and with everything taken out that it does only to measure; its CPU (all processes) for each message that the target counted`,
    `- acknowledged: to a server in C that answers PUBACK; delivered: through mosquitto; target on core ${TARGET_CORE}, fleet on core ${FLEET_CORE}`,
    `- ${plan.rounds} rounds of ${plan.seconds} s, in turns, every second round backwards: median (min–max); more: of the two runs of each round`,
    '',
    '| load | counted | CPU µs without measuring | with | more, % | messages/s without | with |',
    '|---|---|--:|--:|--:|--:|--:|',
    ...rows,
  ]);
}

await main();
