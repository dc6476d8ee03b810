import type { HostFacts } from '../../results/mod.js';
import type { FleetPart, MachineLimits } from '../fleet/layout.js';
import type { RunPlan } from '../fleet/messages.js';
import type { ClockOffset } from './clock-estimate.js';

/** The number rises with every change of what agents and coordinators say to each other. */
export const PROTOCOL = 2;

export const AGENTS_PREFIX = 'agents/';
export const CLAIMS_PREFIX = 'claims/';
export const RUNS_PREFIX = 'runs/';
/** Files that a run's agents need, in pieces. */
export const FILES_PREFIX = 'files/';

/** What an agent's machine can carry, read from it. */
export interface AgentCapacity extends MachineLimits {
  /** Free for us, in this container if it is one. */
  memoryBytes: number;
  /** Threads that it lends. */
  threads: number;
}

/** `agents/<name>`, under the agent's lease. */
export interface AgentCard {
  name: string;
  /** Another one each time that an agent starts. */
  session: string;
  protocol: number;
  version: string;
  host: HostFacts;
  /** Which clock it reads; who reads the same one need not compare. */
  clock: string;
  capacity: AgentCapacity;
}

/**
 * `runs/<id>`, under the coordinator's lease: what agents of a run do. Claims point at it, `claims/<name>`: the id.
 * Only small things live in the store; what agents measure goes to the coordinator by a line.
 */
export interface RunSheet {
  id: string;
  plan: RunPlan;
  /** Files of the plan that agents find in the store, in so many pieces, by path. */
  files?: Record<string, number>;
  /** Where the coordinator takes lines; undefined where the store's own line leads to it. */
  hub?: { addresses: string[]; port: number; key: string };
  /** By agent. */
  members: Record<string, { session: string } & FleetPart>;
  /** An agent that has not heard of its coordinator for so long ends by itself. */
  patienceMs: number;
  /** On the coordinator's clock. */
  epochUs?: number;
  /** Which clock the coordinator reads. */
  clock: string;
  /** µs after the epoch. */
  loadUs?: number;
  stop?: boolean;
}

/** Agent → coordinator, on their line. */
export type AgentMessage =
  | { hello: string; session: string; run: string }
  /** When it was sent. */
  | { clock: number }
  | { offset: ClockOffset }
  /** Numbered from 1; the news is the body, as a structured clone. */
  | { news: number }
  /** The agent takes no further part. `unreachable`: the target does not answer it. */
  | { left: string; unreachable: boolean };

/** Coordinator → agent. */
export type HubMessage =
  /** Up to which news it has heard; reports of seconds before `safeBefore` need not be kept. */
  | { welcome: number; safeBefore: number }
  | { goAway: string }
  | { clock: number; receivedUs: number; sentUs: number }
  | { safeBefore: number };

export function toBytes(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

export function fromBytes<T>(bytes: Buffer): T {
  return JSON.parse(bytes.toString()) as T;
}
