import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pass } from 'node:timers/promises';
import {
  GONE_MS,
  HEALED_MS,
  NOTICED_MS,
  underLoad as play,
  type Stage,
  until,
} from './testing/under-load.js';

/** A core and three replicants. */
async function underLoad(work: (stage: Stage) => Promise<void>, replicants = 3): Promise<void> {
  const names = ['c1', ...Array.from({ length: replicants }, (_, n) => `r${n + 1}`)];
  await play({ cores: 1, replicants: 3 }, work, names);
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
      traffic.doom('c1');
      await cluster.kill('c1');
      await pass(3000);
      await cluster.start('c1');
      await traffic.begin('c1');
    }));

  it('a replicant is cut off from the core for less than its lease', () =>
    underLoad(async ({ cluster }) => {
      await cluster.part('c1', 'r1');
      await pass(NOTICED_MS);
      await cluster.heal();
    }));

  it('a replicant is cut off from the core until it is taken to be gone', () =>
    underLoad(async ({ cluster, traffic }) => {
      const back = traffic.except('r1');
      await cluster.part('c1', 'r1');
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
      await cluster.cut('r1', 'c1');
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
      cluster.pause('c1');
      await pass(NOTICED_MS);
      cluster.resume('c1');
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
      for (const other of ['c1', 'r2', 'r3']) await cluster.part('r1', other);
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
