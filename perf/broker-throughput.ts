/**
 * Broker throughput on one core, side by side: `node dist/perf/broker-throughput.js [--rounds 5] [--seconds 3]
 * [--pairs 100] [--window 100] [--payload 16] [--qos 0,1] [--targets fleetgauge,mosquitto,aedes]
 * [--profile DIR]`. Each target in a process of its own on core 0, the load on core 1; rounds are
 * interleaved, the table shows medians and the ratio to mosquitto. Prints Markdown.
 */
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ProcProbe } from '../bench/probe/mod.js';
import type { Qos } from '../wire/mod.js';
import { machineFacts } from './machine.js';
import type { LoadOptions, LoadResult } from './pair-load.js';
import { startTarget, TARGETS, type TargetName } from './target-process.js';

const TARGET_CORE = 0;
const LOAD_CORE = 1;

interface Measurement extends LoadResult {
  /** CPU of the target over the measurement, 0…1. */
  targetCpu: number;
  /** Per delivery, in and out together. */
  cpuUsPerMessage: number;
  rssBytes: number;
}

async function measure(
  name: TargetName,
  load: Omit<LoadOptions, 'port'>,
  nodeFlags: string[],
): Promise<Measurement> {
  const target = await startTarget(name, TARGET_CORE, nodeFlags);
  try {
    const probe = new ProcProbe(name, target.pid);
    const script = fileURLToPath(new URL('./pair-load.js', import.meta.url));
    const options: LoadOptions = { ...load, port: target.port };
    const child = spawn(
      'taskset',
      ['-c', String(LOAD_CORE), process.execPath, script, JSON.stringify(options)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let cpuUs = 0;
    let startMs = 0;
    let elapsedMs = 0;
    let rssBytes = 0;
    let result: LoadResult | undefined;
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === 'measuring') {
        startMs = performance.now();
        cpuUs = -probe.sample(0).cpuUs;
      } else if (line === 'measured') {
        const sample = probe.sample(0);
        elapsedMs = performance.now() - startMs;
        cpuUs += sample.cpuUs;
        rssBytes = sample.rssBytes;
      } else result = JSON.parse(line) as LoadResult;
    }
    if (result === undefined) throw new Error(`the load against ${name} ended without a result`);
    const deliveries = (result.deliveriesPerSec * elapsedMs) / 1000;
    return {
      ...result,
      targetCpu: cpuUs / (elapsedMs * 1000),
      cpuUsPerMessage: cpuUs / deliveries,
      rssBytes,
    };
  } finally {
    await target.stop();
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      pairs: { type: 'string', default: '100' },
      window: { type: 'string', default: '100' },
      payload: { type: 'string', default: '16' },
      qos: { type: 'string', default: '0,1' },
      targets: { type: 'string', default: TARGETS.join(',') },
      profile: { type: 'string' },
    },
  });
  const targets = values.targets.split(',') as TargetName[];
  const flags =
    values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
  console.log(machineFacts().join('\n'));
  console.log(
    `- ${values.pairs} publishers → ${values.pairs} subscribers, one topic each, ${values.payload} B payload, MQTT 3.1.1, at most ${values.window} messages under way per pair`,
  );
  console.log(
    `- target on core ${TARGET_CORE}, load on core ${LOAD_CORE}; ${values.rounds} interleaved rounds of ${values.seconds} s, medians\n`,
  );
  console.log(
    '| QoS | broker | messages/s | against mosquitto | CPU µs per message | broker CPU | load CPU | RSS MB | lost |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|');
  for (const qos of values.qos.split(',').map(Number) as Qos[]) {
    const rounds = new Map<TargetName, Measurement[]>(targets.map((name) => [name, []]));
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const name of targets) {
        const load = {
          pairs: Number(values.pairs),
          qos,
          payloadBytes: Number(values.payload),
          window: Number(values.window),
          warmMs: 1000,
          measureMs: Number(values.seconds) * 1000,
        };
        rounds.get(name)?.push(await measure(name, load, name === 'mosquitto' ? [] : flags));
      }
    }
    const base = rounds.get('mosquitto');
    for (const [name, runs] of rounds) {
      const of = (pick: (run: Measurement) => number): number => median(runs.map(pick));
      const ratio =
        base === undefined
          ? '–'
          : median(
              runs.map((run, index) => run.deliveriesPerSec / base[index]!.deliveriesPerSec),
            ).toFixed(2);
      const cells = [
        qos,
        name,
        Math.round(of((run) => run.deliveriesPerSec)),
        ratio,
        of((run) => run.cpuUsPerMessage).toFixed(2),
        `${Math.round(100 * of((run) => run.targetCpu))} %`,
        `${Math.round(100 * of((run) => run.loadCpu))} %`,
        Math.round(of((run) => run.rssBytes) / 2 ** 20),
        runs.reduce((lost, run) => lost + run.published - run.delivered, 0),
      ];
      console.log(`| ${cells.join(' | ')} |`);
    }
  }
}

await main();
