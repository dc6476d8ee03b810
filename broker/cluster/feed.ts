import type { Channel } from '../session/mod.js';
import { bytesPacket, CallError, LOG_TOPIC } from './calls.js';
import type { Replica, ReplicaChange } from './replica.js';
import { piecesOf, type SnapshotPiece } from './snapshot.js';

export interface FeedLimits {
  /** Changes in one packet of the log. */
  largestEntry: number;
  /** Entries and routes of the snapshot in one answer: asked for one by one, so a slow replicant slows nobody else. */
  snapshotBatch: number;
  /** Log bytes that wait for a replicant; one that is further behind starts over with a snapshot. */
  mostPendingBytes: number;
}

const LIMITS: FeedLimits = {
  largestEntry: 1000,
  snapshotBatch: 5000,
  mostPendingBytes: 64 * 1_048_576,
};

const NO_CHANGES = Buffer.from('[]');
const END = Buffer.from('}');

/** One entry of a core's log as a replicant gets it. */
export interface LogEntry {
  agent: number;
  /** From 1 on, without gaps. */
  number: number;
  changes: readonly (readonly [string, string | null])[];
}

interface Agent {
  readonly id: number;
  readonly node: string;
  readonly channel: Channel;
  /** Number of its last log entry. */
  last: number;
  snapshot: Generator<SnapshotPiece, SnapshotPiece> | undefined;
}

/**
 * A core's log for the replicants that follow it: each has an agent, which sends it what changes, numbered,
 * from the moment it attached, and the snapshot in pieces. Snapshot and log may overlap: the log is right.
 */
export class Feed {
  readonly #replica: Replica;
  readonly #limits: FeedLimits;
  /** By node: it has one at a time. */
  readonly #agents = new Map<string, Agent>();

  constructor(replica: Replica, limits: FeedLimits = LIMITS) {
    this.#replica = replica;
    this.#limits = limits;
  }

  /** How many replicants follow. */
  get followers(): number {
    return this.#agents.size;
  }

  follows(node: string): boolean {
    return this.#agents.has(node);
  }

  /** Those that follow. */
  nodes(): Iterable<string> {
    return this.#agents.keys();
  }

  /** `id`: the replicant's own for this attachment, so that it knows the entries of it from the first on. */
  attach(node: string, channel: Channel, id: number): void {
    const snapshot = piecesOf(this.#replica, this.#limits.snapshotBatch);
    this.#agents.set(node, { id, node, channel, last: 0, snapshot });
  }

  /** The next piece of the snapshot; `done` with the last. */
  snapshot(node: string, id: number): SnapshotPiece & { done: boolean } {
    const agent = this.#agents.get(node);
    if (agent?.id !== id || agent.snapshot === undefined)
      throw new CallError('NO_AGENT', 'attach again');
    const { value, done = false } = agent.snapshot.next();
    if (done) agent.snapshot = undefined;
    return { ...value, done };
  }

  /** Tells all followers. */
  log(changes: readonly ReplicaChange[]): void {
    if (this.#agents.size === 0) return;
    const { largestEntry } = this.#limits;
    for (let at = 0; at < changes.length; at += largestEntry) {
      const part: LogEntry['changes'] = changes
        .slice(at, at + largestEntry)
        .map(([key, value]) => [key, value ?? null]);
      const json = Buffer.from(JSON.stringify(part));
      for (const agent of this.#agents.values()) this.#send(agent, json);
    }
  }

  /** The snapshot they have is not of this log: they attach anew. */
  startOver(): void {
    for (const agent of this.#agents.values()) this.#send({ ...agent, last: -1 }, NO_CHANGES);
    this.#agents.clear();
  }

  /** The connection is gone, and with it its agents. */
  detach(channel: Channel): void {
    for (const agent of this.#agents.values()) {
      if (agent.channel === channel) this.#agents.delete(agent.node);
    }
  }

  /** `changes`: as JSON, made once for all followers, so that one more costs the core little. */
  #send(agent: Agent, changes: Buffer): void {
    if (agent.channel.outbox.pendingBytes > this.#limits.mostPendingBytes) {
      // It must not go on with a copy that is not followed any more: the end of the link tells it, and frees what waits.
      this.#agents.delete(agent.node);
      agent.channel.outbox.destroy();
      return;
    }
    agent.last++;
    const head = Buffer.from(`{"agent":${agent.id},"number":${agent.last},"changes":`);
    agent.channel.send(bytesPacket(LOG_TOPIC, Buffer.concat([head, changes, END])));
  }
}
