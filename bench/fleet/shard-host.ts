/**
 * A process of the fleet: a Piscina pool with one long-lived task per thread, each a shard. It passes
 * orders and news between the coordinator (IPC) and the threads (message ports), and ends with either.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { HostNews, HostOrder, ShardNews } from './messages.js';

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
  const pool = new Piscina({
    filename: new URL('./shard-worker.js', import.meta.url).href,
    minThreads: plans.length,
    maxThreads: plans.length,
    // Threads wait for messages, not for tasks.
    concurrentTasksPerWorker: 1,
  });
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
    return pool.run({ plan, port: port2 }, { transferList: [port2] });
  });
  await Promise.all(tasks);
  // The last words of a shard may still be on their way through its port.
  await allSaid;
  for (const port of ports) port.close();
  ports = [];
  await pool.close();
  process.disconnect();
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
