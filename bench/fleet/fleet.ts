import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { AgentRecord } from '../../results/mod.js';
import { CROWDED_ARGV, isCrowded } from './crowded.js';
import type { FleetError } from './fleet-error.js';
import type { FleetPart } from './layout.js';
import type {
  HostNews,
  HostOrder,
  PortRange,
  ReachedPlan,
  ShardNews,
  ShardOrder,
} from './messages.js';

const HOST_FILE = fileURLToPath(new URL('./shard-host.js', import.meta.url));

/** Each wakes a core for every tick. */
const PROCESSES_PER_TICK_MS = 4;

/** What the fleet tells its coordinator: the news of its shards, and which of them died. */
export type FleetNews = ShardNews | { type: 'died'; shard: number; reason: string };

/** What takes orders for shards and brings their news: processes here, or agents on other machines. */
export interface FleetControl {
  /** Starts all shards; those that stand ready say `up`. Whoever calls it calls `kill` in the end. */
  start(news: (news: FleetNews) => void): void;
  order(order: ShardOrder): void;
  /** Ends what is still running, at once. */
  kill(): void;
  /** Of machines elsewhere: why the run cannot begin. */
  readonly failure?: FleetError | undefined;
  /** Of machines elsewhere: who they are and how they fare. */
  agents?(): AgentRecord[];
  /** Reports of seconds before this one are in the record for good. */
  safe?(beforeSecond: number): void;
}

/** The processes of a run on this machine. */
export class Fleet implements FleetControl {
  readonly #plan: ReachedPlan & { ephemeralPorts: PortRange };
  readonly #part: FleetPart;
  readonly #hosts: { process: ChildProcess; shards: number[]; reason: string }[] = [];
  readonly #ended = new Set<number>();

  constructor(plan: ReachedPlan & { ephemeralPorts: PortRange }, part: FleetPart) {
    this.#plan = plan;
    this.#part = part;
  }

  start(news: (news: FleetNews) => void): void {
    const { firstShard, shards: parts, ofShards, threadsPerProcess } = this.#part;
    const cores = availableParallelism();
    const processes = parts / threadsPerProcess;
    const crowded = threadsPerProcess === 1 && isCrowded(processes, cores);
    const tickMs = Math.max(1, Math.round(processes / cores / PROCESSES_PER_TICK_MS));
    for (let from = 0; from < parts; from += threadsPerProcess) {
      const own = Array.from(
        { length: Math.min(threadsPerProcess, parts - from) },
        (_, thread) => firstShard + from + thread,
      );
      const child = fork(HOST_FILE, [], {
        execArgv: [...process.execArgv, ...(crowded ? CROWDED_ARGV : [])],
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
        crowded,
        plans: own.map((shard) => ({
          ...this.#plan,
          shard,
          shards: ofShards,
          tickMs,
          ephemeralPorts: { ...this.#plan.ephemeralPorts, part: shard - firstShard, parts },
        })),
      });
    }
  }

  order(order: ShardOrder): void {
    for (const { process } of this.#hosts) this.#send(process, order);
  }

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
