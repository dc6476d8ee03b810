import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pass } from 'node:timers/promises';
import { FaultyCluster } from './testing/faulty-cluster.js';
import { Traffic } from './testing/traffic.js';

/** What a link that is cut takes to be noticed: one and a half keep-alives, and what is between two looks. */
const NOTICED_MS = 8000;
/** The time after which a node that is not heard of is taken to be gone, noticing included. */
const GONE_MS = 19_000;
const HEALED_MS = 15_000;

interface Scene {
  cluster: FaultyCluster;
  traffic: Traffic;
}

async function until(isSo: () => boolean, limitMs: number): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`not so within ${limitMs} ms: ${isSo}`);
    await pass(20);
  }
}

/** A core and three replicants under load; afterwards everything that was acknowledged must have come. */
async function underLoad(work: (scene: Scene) => Promise<void>, started = 3): Promise<void> {
  const cluster = await FaultyCluster.create(3);
  const traffic = new Traffic(cluster);
  try {
    await cluster.start('core');
    const names = Array.from({ length: started }, (_, n) => `r${n + 1}`);
    await Promise.all(names.map((name) => cluster.start(name)));
    await traffic.begin('core', ...names);
    await pass(500);
    await work({ cluster, traffic });
    await cluster.settled(() => traffic.routes, HEALED_MS);
    const before = traffic.acknowledged;
    await pass(1000);
    const wrong = await traffic.end();
    assert.deepEqual(wrong, []);
    assert.ok(traffic.acknowledged > before, 'nothing is acknowledged any more');
  } catch (error) {
    if (error instanceof Error) error.message += `\n${cluster.said.join('\n')}`;
    throw error;
  } finally {
    await traffic.close();
    await cluster.close();
  }
}

describe('a core and three replicants under load', { concurrency: 3 }, () => {
  it('a replicant is killed', () =>
    underLoad(async ({ cluster, traffic }) => {
      traffic.doom('r3');
      await cluster.kill('r3');
      await cluster.settled(() => traffic.routes, 3000);
    }));

  it('the core is killed, and starts again with an empty database', () =>
    underLoad(async ({ cluster, traffic }) => {
      traffic.doom('core');
      await cluster.kill('core');
      await pass(3000);
      await cluster.start('core');
      await traffic.begin('core');
    }));

  it('a replicant is cut off from the core for less than its lease', () =>
    underLoad(async ({ cluster }) => {
      await cluster.part('core', 'r1');
      await pass(NOTICED_MS);
      await cluster.heal();
    }));

  it('a replicant is cut off from the core until it is taken to be gone', () =>
    underLoad(async ({ cluster, traffic }) => {
      const back = traffic.except('r1');
      await cluster.part('core', 'r1');
      await pass(GONE_MS);
      await cluster.heal();
      await cluster.settled(() => traffic.routes, HEALED_MS);
      back();
    }));

  it('a replicant is cut off from another replicant', () =>
    underLoad(async ({ cluster }) => {
      await cluster.part('r1', 'r2');
      await pass(NOTICED_MS);
      await cluster.heal();
    }));

  it('what a replicant sends to the core is lost, not what the core sends to it', () =>
    underLoad(async ({ cluster }) => {
      await cluster.cut('r1', 'core');
      await pass(NOTICED_MS);
      await cluster.heal();
    }));

  it('what a replicant sends to another is lost, not what that one sends to it', () =>
    underLoad(async ({ cluster }) => {
      await cluster.cut('r1', 'r2');
      await pass(NOTICED_MS);
      await cluster.heal();
    }));

  it('a replicant pauses until it is taken to be gone, and goes on', () =>
    underLoad(async ({ cluster, traffic }) => {
      const back = traffic.except('r1');
      cluster.pause('r1');
      await pass(GONE_MS);
      cluster.resume('r1');
      await cluster.settled(() => traffic.routes, HEALED_MS);
      back();
    }));

  it('the core pauses, and goes on', () =>
    underLoad(async ({ cluster }) => {
      cluster.pause('core');
      await pass(NOTICED_MS);
      cluster.resume('core');
    }));

  it('a client moves away from a replicant that its new one does not reach', () =>
    underLoad(async ({ cluster, traffic }) => {
      await cluster.part('r1', 'r2');
      const old = await traffic.connect('r1', { clientId: 'mover' });
      old.isDoomed = true;
      await traffic.connect('r2', { clientId: 'mover' });
      await cluster.heal();
      await until(() => !old.mqtt.connected, HEALED_MS);
    }));

  it('a client moves away from a replicant that nobody reaches', () =>
    underLoad(async ({ cluster, traffic }) => {
      const old = await traffic.connect('r1', { clientId: 'mover' });
      old.isDoomed = true;
      const back = traffic.except('r1');
      for (const other of ['core', 'r2', 'r3']) await cluster.part('r1', other);
      await pass(GONE_MS);
      await traffic.connect('r2', { clientId: 'mover' });
      assert.equal(old.mqtt.connected, true);
      await cluster.heal();
      await until(() => !old.mqtt.connected, HEALED_MS);
      await cluster.settled(() => traffic.routes, HEALED_MS);
      back();
    }));

  it('replicants join and stop', () =>
    underLoad(async ({ cluster, traffic }) => {
      await cluster.start('r2');
      await traffic.begin('r2');
      traffic.doom('r1');
      await cluster.stop('r1');
      await cluster.start('r3');
      await traffic.begin('r3');
      await cluster.settled(() => traffic.routes, HEALED_MS);
    }, 1));
});
