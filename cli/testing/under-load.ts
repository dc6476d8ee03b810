import assert from 'node:assert/strict';
import { setTimeout as pass } from 'node:timers/promises';
import { type ClusterShape, FaultyCluster } from './faulty-cluster.js';
import { Traffic } from './traffic.js';

/** What a link that is cut takes to be noticed: one and a half keep-alives, and what is between two looks. */
export const NOTICED_MS = 8000;
/** The time after which a node that is not heard of is taken to be gone, noticing included. */
export const GONE_MS = 19_000;
export const HEALED_MS = 15_000;
/** With a new leader of the database, which gives every lease its full time again. */
const ALONE_MS = 30_000;

/** A cluster under load, and the books of it. */
export interface Stage {
  readonly cluster: FaultyCluster;
  readonly traffic: Traffic;
  /**
   * Waits until all nodes, or those that are named, agree again; the longest such time of a scene is told by
   * `underLoad`.
   */
  healed(among?: readonly string[]): Promise<void>;
  /** Waits until those that are named are alone: the others are taken to be gone. */
  gone(among: readonly string[]): Promise<void>;
}

export interface Played {
  /** The longest that healing took. */
  healedMs: number;
  acknowledged: number;
  said: readonly string[];
}

/**
 * A cluster in which every node, or those that are named, has a publisher and a subscriber. Afterwards everything
 * that was acknowledged must have come. An error has the story in its message.
 */
export async function underLoad(
  shape: ClusterShape,
  work: (stage: Stage) => Promise<void>,
  named?: readonly string[],
): Promise<Played> {
  const cluster = await FaultyCluster.create(shape);
  const traffic = new Traffic(cluster);
  let healedMs = 0;
  const healed = async (among?: readonly string[]): Promise<void> => {
    const tookMs = await cluster.settled(() => traffic.routesOf(among), HEALED_MS, among);
    healedMs = Math.max(healedMs, tookMs);
  };
  const gone = async (among: readonly string[]): Promise<void> => {
    await cluster.settled(() => traffic.routesOf(among), ALONE_MS, among);
  };
  const names = named ?? cluster.machines;
  try {
    const isCore = (name: string): boolean => cluster.cores.includes(name);
    await Promise.all(names.filter(isCore).map((name) => cluster.start(name)));
    await Promise.all(names.filter((name) => !isCore(name)).map((name) => cluster.start(name)));
    await traffic.begin(...names);
    await pass(500);
    await work({ cluster, traffic, healed, gone });
    await healed();
    const before = traffic.acknowledged;
    await pass(1000);
    const wrong = await traffic.end();
    assert.deepEqual(wrong, []);
    const { acknowledged } = traffic;
    assert.ok(acknowledged > before, 'nothing is acknowledged any more');
    return { healedMs, acknowledged, said: cluster.said };
  } catch (error) {
    if (error instanceof Error) error.message += `\n${cluster.said.join('\n')}`;
    throw error;
  } finally {
    await traffic.close();
    await cluster.close();
  }
}

export async function until(isSo: () => boolean, limitMs: number): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`not so within ${limitMs} ms: ${isSo}`);
    await pass(20);
  }
}
