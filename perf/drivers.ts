/**
 * The lean driver against the MQTT.js driver, side by side in one run, mosquitto as target:
 * `node dist/perf/drivers.js [--rounds 3] [--devices 12000] [--seconds 5]`. Both drivers run in the same
 * fleet, so what is compared is a device, not a program. Prints Markdown.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ProcProbe } from '../bench/mod.js';
import type { RunRecord } from '../results/mod.js';
import { machineFacts } from './machine.js';
import { startTarget } from './target-process.js';

const CLI = fileURLToPath(new URL('../cli.js', import.meta.url));
const BARE = fileURLToPath(new URL('./bare-sockets.js', import.meta.url));
const DRIVERS = ['lean', 'mqttjs'] as const;
type Driver = (typeof DRIVERS)[number];

/** However many devices, so that the time the fleet idles goes out in the difference. */
const RAMP_SECONDS = 4;

const idle = (driver: Driver, devices: number): string => `name: idle
connect: { ratePerSec: ${devices / RAMP_SECONDS} }
groups: [{ name: d, count: ${devices}, driver: ${driver}, keepAlive: 300s }]
phases:
  - { name: ramp, kind: ramp }
  - { name: hold, kind: steady, duration: 4s }
`;

const saturated = (driver: Driver, seconds: number, inflight: number): string => `name: publish
connect: { ratePerSec: 1000 }
groups:
  - name: d
    count: 100
    driver: ${driver}
    protocol: 3.1.1
    inflight: ${inflight}
    publish: [{ topic: 'bench/%i', qos: 1, payload: { bytes: 16 }, arrivals: { kind: saturate } }]
phases:
  - { name: ramp, kind: ramp }
  - { name: warm, kind: steady, duration: 2s, measure: false }
  - { name: steady, kind: steady, duration: ${seconds}s }
`;

interface Outcome {
  record: RunRecord;
  /** The fleet, processes and threads together, at the end of the steady phase. */
  rssBytes: number;
  cpuUs: number;
}

/** Runs a scenario by the command line, and samples the processes of the fleet until it ends. */
async function run(scenario: string, target: string): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'fleetgauge-perf-'));
  try {
    const file = join(folder, 'scenario.yaml');
    await writeFile(file, scenario);
    const args = [CLI, 'run', file, '--target', target, '--out', join(folder, 'record'), '--json'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const fleet = new ProcProbe('fleet', child.pid!, { includeChildren: true });
    let text = '';
    let rssBytes = 0;
    let cpuUs = 0;
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    let progress = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      progress += part;
    });
    const sampling = setInterval(() => {
      const sample = fleet.sample(0);
      // Goodbyes are not what is measured.
      if (sample.gone || /drain/.test(progress)) return;
      rssBytes = sample.rssBytes;
      cpuUs = sample.cpuUs;
    }, 200);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve);
    });
    clearInterval(sampling);
    if (text === '') throw new Error(`the run ended with exit code ${code}: ${progress}`);
    return { record: JSON.parse(text) as RunRecord, rssBytes, cpuUs };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The same connections as sockets of Node with nothing around them. */
async function bare(port: number, count: number): Promise<{ rssBytes: number; cpuUs: number }> {
  const args = [port, count, count / RAMP_SECONDS, 4].map(String);
  const child = spawn(process.execPath, [BARE, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const probe = new ProcProbe('bare', child.pid!);
  let last = { rssBytes: 0, cpuUs: 0 };
  const sampling = setInterval(() => {
    const sample = probe.sample(0);
    if (!sample.gone) last = sample;
  }, 200);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  clearInterval(sampling);
  if (code !== 0) throw new Error(`bare sockets ended with exit code ${code}`);
  return { rssBytes: last.rssBytes, cpuUs: last.cpuUs };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

interface Figures {
  memoryBytes: number[];
  connectCpuUs: number[];
  rate: Map<number, number[]>;
  messageCpuUs: Map<number, number[]>;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      devices: { type: 'string', default: '12000' },
      seconds: { type: 'string', default: '5' },
    },
  });
  const [rounds, devices, seconds] = [values.rounds, values.devices, values.seconds].map(Number);
  const target = await startTarget('mosquitto', 0);
  const url = `mqtt://127.0.0.1:${target.port}`;
  const windows = [1, 20];
  const figures = Object.fromEntries(
    DRIVERS.map((driver) => [
      driver,
      {
        memoryBytes: [],
        connectCpuUs: [],
        rate: new Map(windows.map((w) => [w, []])),
        messageCpuUs: new Map(windows.map((w) => [w, []])),
      },
    ]),
  ) as unknown as Record<Driver, Figures>;
  const floor = { memoryBytes: [] as number[], connectCpuUs: [] as number[] };
  try {
    for (let round = 0; round < rounds!; round++) {
      const fewBare = await bare(target.port, 100);
      const manyBare = await bare(target.port, 100 + devices!);
      floor.memoryBytes.push((manyBare.rssBytes - fewBare.rssBytes) / devices!);
      floor.connectCpuUs.push((manyBare.cpuUs - fewBare.cpuUs) / devices!);
      for (const driver of DRIVERS) {
        const { memoryBytes, connectCpuUs, rate, messageCpuUs } = figures[driver];
        // What the fleet costs without devices stands in both and goes out in the difference.
        const few = await run(idle(driver, 100), url);
        const many = await run(idle(driver, 100 + devices!), url);
        memoryBytes.push((many.rssBytes - few.rssBytes) / devices!);
        connectCpuUs.push((many.cpuUs - few.cpuUs) / devices!);
        for (const window of windows) {
          const { record } = await run(saturated(driver, seconds!, window), url);
          const perSec = (record.measured.counters.publishesAcked ?? 0) / record.measured.seconds;
          rate.get(window)!.push(perSec);
          messageCpuUs.get(window)!.push((record.generator.cpuPercentMean * 1e4) / perSec);
        }
        process.stderr.write(`round ${round + 1}: ${driver} done\n`);
      }
    }
  } finally {
    await target.stop();
  }
  const rows: [string, (f: Figures) => number[]][] = [
    ['memory per connection, KB', (f) => f.memoryBytes.map((b) => b / 1000)],
    ['CPU per connection (connect, 4 s idle), µs', (f) => f.connectCpuUs],
    ...windows.flatMap((w): typeof rows => [
      [`QoS 1 publishes/s, ${w} in flight`, (f) => f.rate.get(w)!],
      [`CPU per publish, ${w} in flight, µs`, (f) => f.messageCpuUs.get(w)!],
    ]),
  ];
  const digits = (value: number): string =>
    value.toLocaleString('en', { maximumSignificantDigits: 3 });
  const lines = [
    ...machineFacts(),
    '',
    `Target: mosquitto. Medians of ${rounds} rounds, drivers in turn; ${devices} connections, 100 publishers, 16 B.`,
    '',
    '| | bare socket | lean | MQTT.js | lean : MQTT.js |',
    '|---|---|---|---|---|',
    ...rows.map(([name, of], index) => {
      const [lean, mqttjs] = DRIVERS.map((driver) => median(of(figures[driver])));
      const [memory, cpu] = [floor.memoryBytes.map((b) => b / 1000), floor.connectCpuUs];
      const none = [memory, cpu][index];
      const least = none === undefined ? '–' : digits(median(none));
      return `| ${name} | ${least} | ${digits(lean!)} | ${digits(mqttjs!)} | ${(lean! / mqttjs!).toFixed(2)} |`;
    }),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

await main();
