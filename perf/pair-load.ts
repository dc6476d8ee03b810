/**
 * A lean closed-loop load: pairs of one publisher and one subscriber on a topic of their own, MQTT 3.1.1,
 * each publisher with at most `window` messages not yet delivered (and acknowledged). Started by
 * broker-throughput.ts in a process of its own:
 * `node pair-load.js '{"port":1883,"pairs":100,"qos":0,"payloadBytes":16,"window":100,"warmMs":1000,"measureMs":3000}'`
 * prints `measuring`, `measured`, then one line of JSON (LoadResult). Exit 1 when a message is lost.
 */
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import type { Qos } from '../wire/mod.js';
import { Pair } from './pair.js';
import { quantile } from './spread.js';

export interface LoadOptions {
  port: number;
  host?: string;
  /** Of the node that subscribers connect to, if it is another one than the publishers'. */
  subscribersAt?: { host: string; port: number };
  pairs: number;
  qos: Qos;
  payloadBytes: number;
  window: number;
  warmMs: number;
  measureMs: number;
  /** Each publisher sends one message in this time, as far as the window allows; left out: as many as that allows. */
  everyMs?: number;
}

export interface LoadResult {
  deliveriesPerSec: number;
  /** CPU of this process over the measurement, 0…1: near 1 says that the load was the bottleneck. */
  loadCpu: number;
  published: number;
  delivered: number;
  /** From a message's being written to its delivery; of paced loads. */
  latencyMs?: { p50: number; p99: number };
}

/** How often paced publishers look whether they are due. */
const PACE_MS = 1;
const SETTLE_MS = 300;

async function main(options: LoadOptions): Promise<number> {
  const pairs = Array.from({ length: options.pairs }, (_, index) => new Pair(index, options));
  for (const pair of pairs) await pair.open();
  // A SUBACK says that the cluster's database knows the subscription; other nodes hear of it a little later.
  if (options.subscribersAt !== undefined) await sleep(SETTLE_MS);
  for (const pair of pairs) pair.fill();
  const pacing =
    options.everyMs === undefined
      ? undefined
      : setInterval(() => {
          for (const pair of pairs) pair.fill();
        }, PACE_MS);
  const sum = (of: 'delivered' | 'published') => pairs.reduce((total, pair) => total + pair[of], 0);
  await sleep(options.warmMs);
  console.log('measuring');
  const startMs = performance.now();
  for (const pair of pairs) pair.latenciesMs = [];
  const startCpu = process.cpuUsage();
  const before = sum('delivered');
  await sleep(options.measureMs);
  const elapsedMs = performance.now() - startMs;
  const cpu = process.cpuUsage(startCpu);
  const deliveries = sum('delivered') - before;
  console.log('measured');
  const latencies = pairs.flatMap(({ latenciesMs }) => latenciesMs).sort((a, b) => a - b);
  clearInterval(pacing);
  for (const pair of pairs) pair.stop();
  for (let waited = 0; waited < 50 && sum('delivered') < sum('published'); waited++)
    await sleep(100);
  const result: LoadResult = {
    deliveriesPerSec: (deliveries * 1000) / elapsedMs,
    loadCpu: (cpu.user + cpu.system) / (elapsedMs * 1000),
    published: sum('published'),
    delivered: sum('delivered'),
    ...(latencies.length === 0
      ? {}
      : { latencyMs: { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) } }),
  };
  console.log(JSON.stringify(result));
  for (const pair of pairs) pair.close();
  return result.delivered === result.published ? 0 : 1;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = await main(JSON.parse(process.argv[2] ?? '{}') as LoadOptions);
}
