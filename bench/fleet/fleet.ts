import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FleetLayout } from './layout.js';
import type { HostNews, HostOrder, ShardNews, ShardOrder, ShardPlan } from './messages.js';

const HOST_FILE = fileURLToPath(new URL('./shard-host.js', import.meta.url));

/** What the fleet tells its coordinator: the news of its shards, and which of them died. */
export type FleetNews = ShardNews | { type: 'died'; shard: number; reason: string };

/** The processes of a run on this machine. */
export class Fleet {
  readonly #hosts: { process: ChildProcess; shards: number[]; reason: string }[] = [];
  readonly #ended = new Set<number>();

  /** Starts all processes; shards that stand ready say `up`. Whoever calls it calls `kill` in the end. */
  start(
    plan: Omit<ShardPlan, 'shard' | 'shards'>,
    layout: FleetLayout,
    news: (news: FleetNews) => void,
  ): void {
    const { processes, threadsPerProcess, shards } = layout;
    for (let host = 0; host < processes; host++) {
      const own = Array.from({ length: threadsPerProcess }, (_, t) => host * threadsPerProcess + t);
      const child = fork(HOST_FILE, [], {
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
      const entry = { process: child, shards: own, reason: '' };
      this.#hosts.push(entry);
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        entry.reason = (entry.reason + text).slice(-2000);
      });
      child.on('message', (message: HostNews) => {
        if (message.type === 'failed') {
          entry.reason = message.text;
          return;
        }
        if (message.type === 'done') this.#ended.add(message.shard);
        news(message);
      });
      child.on('error', (error) => {
        entry.reason = error.message;
      });
      // 'close' comes when the pipes are read to their end: the reason is complete.
      child.on('close', (code, signal) => {
        const how = signal === null ? `exit code ${code}` : signal;
        for (const shard of own) {
          if (this.#ended.has(shard)) continue;
          this.#ended.add(shard);
          news({ type: 'died', shard, reason: `${how} ${firstLine(entry.reason)}`.trim() });
        }
      });
      this.#send(child, {
        type: 'host',
        plans: own.map((shard) => ({ ...plan, shard, shards })),
      });
    }
  }

  order(order: ShardOrder): void {
    for (const { process } of this.#hosts) this.#send(process, order);
  }

  /** Ends what is still running, at once. */
  kill(): void {
    for (const { process } of this.#hosts) {
      if (process.exitCode === null && process.signalCode === null) process.kill('SIGKILL');
    }
  }

  #send(child: ChildProcess, order: HostOrder): void {
    // A process that has just died is heard of by its 'close'.
    if (child.connected) child.send(order, () => undefined);
  }
}

function firstLine(text: string): string {
  return text.split('\n').find((line) => line.trim() !== '') ?? '';
}
