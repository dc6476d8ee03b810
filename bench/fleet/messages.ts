import type { IntervalReport } from '../../results/mod.js';
import type { Scenario, Target } from '../scenario/mod.js';
import type { ResolvedTarget } from './resolve-targets.js';

/** What is the same for every shard of a run, on whatever machine. */
export interface RunPlan {
  scenario: Scenario;
  targets: Target[];
  /** 16 bits, in every measurement header. */
  run: number;
}

/** The run as one machine reaches its targets. */
export interface ReachedPlan extends RunPlan {
  targets: ResolvedTarget[];
}

/** All that a shard needs to know. */
export interface ShardPlan extends ReachedPlan {
  shard: number;
  /** Of the whole fleet. */
  shards: number;
  /** The range that this machine takes local ports from, and which part of it is this shard's. */
  ephemeralPorts: PortRange & { part: number; parts: number };
  /** How often it looks what is due. */
  tickMs: number;
}

export interface PortRange {
  first: number;
  count: number;
}

/** Coordinator → shard. */
export type ShardOrder =
  /** The run begins: connects are scheduled from `epochUs` (the machine's monotonic clock), and its seconds count from it. */
  | { type: 'start'; epochUs: number }
  /** What does your clock say? Asked at this moment of the coordinator's. */
  | { type: 'clock'; askedUs: number }
  /** The same epoch, as this machine's clock is now known to show it. */
  | { type: 'epoch'; epochUs: number }
  /** Publishing begins at `startUs`: phase times after the ramp count from it. */
  | { type: 'load'; startUs: number }
  /** Say goodbye, report the rest, end. */
  | { type: 'stop' };

/** Shard → coordinator. */
export type ShardNews =
  /** Built and waiting for the start. */
  | { type: 'up'; shard: number; clockErrorUs: number }
  | { type: 'clock'; shard: number; askedUs: number; theirsUs: number }
  /** Every device is either ready or has failed. */
  | { type: 'settled'; shard: number; ready: number; failed: number }
  | {
      type: 'interval';
      report: IntervalReport;
      inflight: number;
      /** Devices in a cycle of churn. */
      returning: number;
    }
  | { type: 'done'; shard: number };

/** Coordinator → a process of the fleet. */
export type HostOrder =
  /** `crowded`: its one shard runs in the main thread. */
  { type: 'host'; plans: ShardPlan[]; crowded: boolean } | ShardOrder;

/** A process of the fleet → coordinator. */
export type HostNews = ShardNews | { type: 'failed'; text: string };
