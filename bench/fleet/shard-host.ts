/**
 * A process of the fleet: a Piscina pool with one long-lived task per thread, each a shard. It passes
 * orders and news between the coordinator (IPC) and the threads (message ports), and ends with either.
 * Where a core has many such processes, the shard is in the main thread, and there is no pool.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { HostNews, HostOrder, ShardNews, ShardPlan } from './messages.js';

let ports: MessagePort[] = [];
let lastCpuUs = 0;

process.on('message', (order: HostOrder) => {
  if (order.type === 'host') start(order).catch(fail);
  else for (const port of ports) port.postMessage(order);
});
// Either all is said, or the coordinator is gone and nobody would read what we measure.
process.on('disconnect', () => process.exit());
// Ctrl-C, and what ends a service, reach the whole process group; the coordinator decides what they mean.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

async function start(order: Extract<HostOrder, { type: 'host' }>): Promise<void> {
  const { plans } = order;
  const threads = order.crowded ? mainThread() : await pool(plans.length);
  let talking = plans.length;
  let said = (): void => undefined;
  const allSaid = new Promise<void>((resolve) => {
    said = resolve;
  });
  const tasks = plans.map((plan, index) => {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (news: ShardNews) => {
      pass(news, index === 0, () => {
        if (news.type === 'done' && --talking === 0) said();
      });
    });
    ports.push(port1);
    return threads.run({ plan, port: port2 });
  });
  await Promise.all(tasks);
  // The last words of a shard may still be on their way through its port.
  await allSaid;
  for (const port of ports) port.close();
  ports = [];
  await threads.close();
  process.disconnect();
}

interface ShardTask {
  plan: ShardPlan;
  port: MessagePort;
}

interface ShardThreads {
  run(task: ShardTask): Promise<void>;
  close(): Promise<void>;
}

async function pool(threads: number): Promise<ShardThreads> {
  const { Piscina } = await import('piscina');
  const piscina = new Piscina({
    filename: new URL('./shard-worker.js', import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
    // Threads wait for messages, not for tasks.
    concurrentTasksPerWorker: 1,
  });
  return {
    run: (task) => piscina.run(task, { transferList: [task.port] }),
    close: () => piscina.close(),
  };
}

function mainThread(): ShardThreads {
  return {
    run: async (task) => (await import('./shard-worker.js')).default(task),
    close: async () => undefined,
  };
}

/** The CPU time of the process goes with the report of its first shard. */
function pass(news: ShardNews, first: boolean, sent: () => void): void {
  if (first && news.type === 'interval') {
    const { user, system } = process.cpuUsage();
    news = { ...news, report: { ...news.report, cpuUs: user + system - lastCpuUs } };
    lastCpuUs = user + system;
  }
  process.send?.(news satisfies HostNews, sent);
}

function fail(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.send?.({ type: 'failed', text } satisfies HostNews, () => process.exit(1));
}
