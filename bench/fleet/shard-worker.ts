import type { MessagePort } from 'node:worker_threads';
import type { ShardPlan } from './messages.js';
import { runShard } from './shard-run.js';

/** The long-lived task of one worker thread: drives its shard until it is told to stop. */
export default function shardWorker(task: { plan: ShardPlan; port: MessagePort }): Promise<void> {
  return runShard(task.plan, task.port);
}
