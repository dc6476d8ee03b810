/**
 * Round trips of QoS 1 (PUBLISH → PUBACK), one under way on each of many sockets, by clients of the same server:
 * `node dist/perf/ping-pong.js [--rounds 6] [--seconds 4] [--sockets 1000] [--quick] [--readme] [--profile DIR]`. A client
 * in C on epoll is the limit; beside it sockets of Node with nothing around them, the lean device by itself, and
 * the whole of `fleetgauge run`. Prints Markdown.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ProcProbe } from '../bench/mod.js';
import { FleetProcess } from './fleet-process.js';
import { machineFacts } from './machine.js';
import { PingPongProgram, PingPongServer } from './ping-pong-program.js';
import { printSection } from './readme-section.js';
import { spreadText } from './spread.js';
import { Figures, turns } from './turns.js';

const NODE_CLIENT = fileURLToPath(new URL('./ping-pong-client.js', import.meta.url));
const SERVER_CORE = 0;
const CLIENT_CORE = 1;
/** From a client's start to its first acknowledged message. */
const BEGIN_MS = 60_000;

interface Plan {
  sockets: number;
  seconds: number;
  warmMs: number;
  /** Of V8, for the lean device by itself. */
  profile: string | undefined;
}

interface Client {
  pid: number;
  stop(): Promise<void>;
}

interface Contender {
  name: string;
  start(program: PingPongProgram, port: number, plan: Plan): Promise<Client>;
}

/** A client that ends with its standard input. */
function child(command: readonly string[]): Client {
  const args = ['-c', String(CLIENT_CORE), ...command];
  const process_: ChildProcess = spawn('taskset', args, { stdio: ['pipe', 'ignore', 'inherit'] });
  const gone = once(process_, 'exit');
  return {
    pid: process_.pid as number,
    async stop() {
      process_.stdin!.end();
      await gone;
    },
  };
}

const scenario = (devices: number): string => `name: ping-pong
connect: { ratePerSec: 2000 }
groups:
  - name: d
    count: ${devices}
    protocol: 3.1.1
    inflight: 1
    publish: [{ topic: 'bench/%i', qos: 1, payload: { bytes: 16 }, arrivals: { kind: saturate } }]
phases:
  - { name: ramp, kind: ramp }
  - { name: steady, kind: steady, duration: 10m }
`;

const C: Contender = {
  name: 'C, epoll',
  start: async ({ path }, port, { sockets }) =>
    child([path, 'client', String(port), String(sockets)]),
};
const CONTENDERS: readonly Contender[] = [
  C,
  {
    name: 'sockets of Node',
    start: async (_, port, { sockets }) =>
      child([process.execPath, NODE_CLIENT, 'bare', String(port), String(sockets)]),
  },
  {
    name: 'lean device',
    start: async (_, port, { sockets, profile }) => {
      const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
      return child([
        process.execPath,
        ...flags,
        NODE_CLIENT,
        'lean',
        String(port),
        String(sockets),
      ]);
    },
  },
  {
    name: '`fleetgauge run`',
    start: (_, port, { sockets }) =>
      FleetProcess.start({
        scenario: scenario(sockets),
        targets: [`mqtt://127.0.0.1:${port}`],
        core: CLIENT_CORE,
      }),
  },
];

async function measure(
  round: number,
  contender: Contender,
  program: PingPongProgram,
  plan: Plan,
  figures: Figures,
): Promise<void> {
  const server = await PingPongServer.start(program, SERVER_CORE);
  try {
    const client = await contender.start(program, server.port, plan);
    try {
      const latestMs = performance.now() + BEGIN_MS;
      while ((await server.acknowledged()) === 0) {
        if (performance.now() > latestMs) throw new Error(`${contender.name}: nothing arrives`);
        await sleep(50);
      }
      await sleep(plan.warmMs);
      const clientCpu = new ProcProbe(contender.name, client.pid, { includeChildren: true });
      const serverCpu = new ProcProbe('server', server.pid);
      const fromMs = performance.now();
      const before = await server.acknowledged();
      const [clientFrom, serverFrom] = [clientCpu.sample(0).cpuUs, serverCpu.sample(0).cpuUs];
      await sleep(plan.seconds * 1000);
      const sec = (performance.now() - fromMs) / 1000;
      const trips = (await server.acknowledged()) - before;
      const clientUs = clientCpu.sample(0).cpuUs - clientFrom;
      const serverUs = serverCpu.sample(0).cpuUs - serverFrom;
      figures.add(round, contender.name, 'rate', trips / sec);
      figures.add(round, contender.name, 'cpuUs', clientUs / trips);
      figures.add(round, contender.name, 'perCpuSec', trips / (clientUs / 1e6));
      figures.add(round, contender.name, 'client', clientUs / (sec * 1e4));
      figures.add(round, contender.name, 'server', serverUs / (sec * 1e4));
    } finally {
      await client.stop();
    }
  } finally {
    await server.stop();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      sockets: { type: 'string' },
      quick: { type: 'boolean', default: false },
      readme: { type: 'boolean', default: false },
      profile: { type: 'string' },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 6));
  const plan: Plan = {
    sockets: Number(values.sockets ?? (values.quick ? 50 : 1000)),
    seconds: Number(values.seconds ?? (values.quick ? 0.3 : 4)),
    warmMs: values.quick ? 200 : 2000,
    profile: values.profile,
  };
  const figures = new Figures();
  const program = await PingPongProgram.compile();
  try {
    for (const { round, contender } of turns(CONTENDERS, rounds)) {
      await measure(round, contender, program, plan, figures);
      process.stderr.write(`round ${round + 1}: ${contender.name} done\n`);
    }
  } finally {
    await program.remove();
  }
  const rows = CONTENDERS.map(({ name }) => {
    const cells = [
      name,
      spreadText(figures.of(name, 'rate'), 0),
      spreadText(figures.ratios(name, C.name, 'rate'), 2),
      spreadText(figures.of(name, 'cpuUs'), 2),
      spreadText(figures.ratios(name, C.name, 'perCpuSec'), 2),
      spreadText(figures.of(name, 'client'), 0),
      spreadText(figures.of(name, 'server'), 0),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  printSection('ping-pong', values.readme, [
    ...machineFacts(),
    `- ${plan.sockets} sockets, one PUBLISH of QoS 1 under way on each, 16 B, MQTT 3.1.1, to a server in C on epoll that answers PUBACK and counts`,
    `- server on core ${SERVER_CORE}, client on core ${CLIENT_CORE}; ${rounds} rounds of ${plan.seconds} s, clients in turns, every second round backwards: median (min–max); ratios of each round`,
    '- the server has as much to do for a round trip as the client in C: where it is at 100 % the client could do more, and the ratio by the CPU says what',
    '',
    '| client | round trips/s | to C | its CPU, µs each | round trips per second of its CPU, to C | its CPU, % | server, % |',
    '|---|--:|--:|--:|--:|--:|--:|',
    ...rows,
  ]);
}

await main();
