import type { IntervalReport } from '../../results/mod.js';
import type { Scenario, Target } from '../scenario/mod.js';

/** All that a shard needs to know; the same for every shard but for its number. */
export interface ShardPlan {
  scenario: Scenario;
  targets: Target[];
  shard: number;
  shards: number;
  /** 16 bits, in every measurement header. */
  run: number;
  /** The range that this machine takes local ports from. */
  ephemeralPorts: PortRange;
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
export type HostOrder = { type: 'host'; plans: ShardPlan[] } | ShardOrder;

/** A process of the fleet → coordinator. */
export type HostNews = ShardNews | { type: 'failed'; text: string };
