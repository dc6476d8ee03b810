import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { COUNTERS, type CounterName, HistogramSet } from '../../../results/mod.js';
import { readClock } from '../../device/mod.js';
import { parseScenario } from '../../scenario/mod.js';
import type { ShardNews, ShardOrder } from '../messages.js';
import { runShard } from '../shard-run.js';

export interface ShardResult {
  /** Summed over the run; gauges as they stood at the end. */
  count(name: CounterName): number;
  errors: Record<string, number>;
  histograms: HistogramSet;
}

export interface ShardScene {
  port: number;
  /** How long publishing lasts before the goodbyes. */
  loadMs: number;
  /** Called once when publishing has begun. */
  whileLoaded?: () => Promise<void>;
}

/** Runs a whole scenario as one shard in this thread, from its first connect to its last goodbye. */
export async function runOneShard(yaml: string, scene: ShardScene): Promise<ShardResult> {
  const scenario = parseScenario(yaml, 'test.yaml');
  const { port1, port2 } = new MessageChannel();
  const counters = new Float64Array(COUNTERS.length);
  const errors: Record<string, number> = {};
  const histograms = new HistogramSet();
  let settled = false;
  let reported = (): void => undefined;
  const allReported = new Promise<void>((resolve) => {
    reported = resolve;
  });
  port2.on('message', (news: ShardNews) => {
    if (news.type === 'done') reported();
    if (news.type === 'settled') settled = true;
    if (news.type !== 'interval') return;
    news.report.counters.forEach((value, k) => {
      counters[k] = COUNTERS[k] === 'connected' ? value : counters[k]! + value;
    });
    for (const [reason, times] of Object.entries(news.report.errors)) {
      errors[reason] = (errors[reason] ?? 0) + times;
    }
    histograms.add(HistogramSet.decode(news.report.histograms));
  });
  const order = (one: ShardOrder) => port2.postMessage(one);
  const { nowUs } = readClock();
  const done = runShard(
    {
      scenario,
      targets: [
        {
          transport: 'mqtt',
          host: '127.0.0.1',
          port: scene.port,
          path: '',
          addresses: ['127.0.0.1'],
        },
      ],
      run: 0xbeef,
      tickMs: 1,
      shard: 0,
      shards: 1,
      ephemeralPorts: { first: 20_000, count: 10_000, part: 0, parts: 1 },
    },
    port1,
  );
  try {
    order({ type: 'start', epochUs: nowUs() });
    for (let waitedMs = 0; !settled; waitedMs += 5) {
      assert.ok(waitedMs < 10_000, `not connected: ${JSON.stringify(errors)}`);
      await sleep(5);
    }
    order({ type: 'load', startUs: nowUs() });
    await Promise.all([sleep(scene.loadMs), scene.whileLoaded?.()]);
  } finally {
    order({ type: 'stop' });
    await Promise.all([done, allReported]);
    port2.close();
  }
  return { count: (name) => counters[COUNTERS.indexOf(name)]!, errors, histograms };
}
