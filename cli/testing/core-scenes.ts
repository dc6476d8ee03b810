import assert from 'node:assert/strict';
import { setTimeout as pass } from 'node:timers/promises';
import { connect } from 'mqtt';
import type { ClusterShape, FaultyCluster } from './faulty-cluster.js';
import type { Client } from './traffic.js';
import { NOTICED_MS, type Played, type Stage, underLoad, until } from './under-load.js';

/** One thing that befalls three cores, each with an etcd member of its own, and a replicant. */
export interface CoreScene {
  readonly name: string;
  /** Of minutes, or so long that it is played by hand only: `npm run chaos -- --scene <part of its name>`. */
  readonly isLong?: boolean;
  readonly shape?: Partial<ClusterShape>;
  readonly play: (stage: Stage) => Promise<void>;
}

/** Healing begins 15 s after the last report if nothing else is said: the scenes do not wait so long. */
const SHAPE: ClusterShape = {
  cores: 3,
  replicants: 1,
  settings: { 'cluster.autoheal': '2s' },
};
const CORES = ['c1', 'c2', 'c3'];
/** A core is asked for its database for so long before a CONNECT is refused, and somewhat more. */
const REFUSED_MS = 12_000;
const HOUR_SECONDS = 3600;

export function playScene({ shape, play }: CoreScene): Promise<Played> {
  return underLoad({ ...SHAPE, ...shape }, play);
}

/** Each piece reaches itself alone. */
async function pieces(cluster: FaultyCluster, ...parts: readonly string[][]): Promise<void> {
  for (const [index, part] of parts.entries()) {
    for (const one of part) {
      for (const other of parts.slice(index + 1).flat()) await cluster.part(one, other);
    }
  }
}

/** How a CONNECT at that machine is refused. */
async function refusal(cluster: FaultyCluster, at: string): Promise<string> {
  const mqtt = connect(cluster.url(at), {
    protocolVersion: 5,
    reconnectPeriod: 0,
    connectTimeout: REFUSED_MS,
  });
  try {
    return await new Promise((resolve, reject) => {
      mqtt.once('connect', () => reject(new Error(`${at} lets a new client in`)));
      mqtt.once('error', (error) => resolve(error.message));
      mqtt.once('close', () => reject(new Error(`${at} says nothing to a new client`)));
    });
  } finally {
    await mqtt.endAsync(true);
  }
}

/** What clients of a core without a database have all the same, if they were there before. */
async function servesAlone(subscriber: Client, publisher: Client): Promise<void> {
  const got: string[] = [];
  subscriber.mqtt.on('message', (topic, payload) => got.push(`${topic} ${payload.toString()}`));
  await subscriber.mqtt.subscribeAsync('alone', { qos: 2 });
  await publisher.mqtt.publishAsync('alone', '1', { qos: 1 });
  await publisher.mqtt.publishAsync('alone', '2', { qos: 2 });
  await until(() => got.length === 2, 1000);
  assert.deepEqual(got, ['alone 1', 'alone 2']);
  const kept = publisher.mqtt.publishAsync('alone', '3', { qos: 1, retain: true });
  await assert.rejects(kept, /Implementation specific error/);
  await until(() => got.length === 3, 1000);
}

export const CORE_SCENES: readonly CoreScene[] = [
  {
    name: 'one core is killed, its etcd with it, another stopped, and they start again',
    shape: { replicants: 2 },
    play: async ({ cluster, traffic, healed }) => {
      for (const [name, how] of [
        ['c1', 'kill'],
        ['c2', 'stop'],
      ] as const) {
        traffic.doom(name);
        await cluster[how](name);
        await healed();
        await cluster.start(name);
        await traffic.begin(name);
      }
    },
  },
  {
    name: 'the etcd of each core in turn is killed, and started again by its node',
    play: async ({ cluster, healed }) => {
      for (const name of CORES) {
        cluster.killEtcd(name);
        await pass(500);
        await healed();
      }
    },
  },
  {
    name: 'a core is cut off from the others until it is taken to be gone',
    play: async ({ cluster, traffic, gone, healed }) => {
      const residents = [await traffic.connect('c1', {}), await traffic.connect('c1', {})] as const;
      const mover = await traffic.connect('c1', { clientId: 'mover' });
      mover.isDoomed = true;
      const back = traffic.except('c1');
      await pieces(cluster, ['c1'], ['c2', 'c3', 'r1']);
      await gone(['c2', 'c3', 'r1']);
      const { alarms = [] } = await cluster.status('c1');
      assert.match(alarms.join('\n'), /no contact to the cluster database/);
      const [why] = await Promise.all([refusal(cluster, 'c1'), servesAlone(...residents)]);
      assert.match(why, /Server unavailable/);
      traffic.otherRoutes.add(`alone -> ${cluster.nodeName('c1')}`);
      await traffic.connect('c2', { clientId: 'mover' });
      assert.equal(mover.mqtt.connected, true);
      await cluster.heal();
      await healed();
      back();
      assert.equal(mover.mqtt.connected, false);
      await traffic.connect('c1', {});
    },
  },
  {
    name: 'a core is cut off from the others, and not from the replicants that follow it',
    shape: { replicants: 2, seeds: ['c1'] },
    play: async ({ cluster, traffic, gone, healed }) => {
      const back = traffic.except('c1');
      await pieces(cluster, ['c1'], ['c2', 'c3']);
      await gone(['c2', 'c3', 'r1', 'r2']);
      await cluster.heal();
      await healed();
      back();
    },
  },
  {
    name: 'the cores fall into three pieces, and come together again',
    play: async ({ cluster, healed }) => {
      await pieces(cluster, ['c1'], ['c2'], ['c3', 'r1']);
      await pass(NOTICED_MS);
      await cluster.heal();
      await healed();
    },
  },
  {
    name: 'what a core sends to another is lost, not what that one sends to it',
    play: async ({ cluster, healed }) => {
      for (const [from, to] of [
        ['c1', 'c2'],
        ['c2', 'c1'],
      ] as const) {
        await cluster.cut(from, to);
        await pass(NOTICED_MS);
        await cluster.heal();
        await healed();
      }
    },
  },
  {
    name: 'a replicant is cut off from all cores until it is taken to be gone',
    shape: { replicants: 2 },
    play: async ({ cluster, traffic, gone, healed }) => {
      const back = traffic.except('r1');
      await pieces(cluster, CORES, ['r1']);
      await gone([...CORES, 'r2']);
      await cluster.heal();
      await healed();
      back();
    },
  },
  {
    name: 'a core leaves the cluster and joins it again',
    play: async ({ cluster, traffic, healed }) => {
      for (const name of ['c3', 'c1']) {
        const back = traffic.apart(name);
        await cluster.ctl(name, 'cluster', 'leave');
        await healed(cluster.machines.filter((other) => other !== name));
        await cluster.ctl(name, 'cluster', 'join', cluster.nodeName('c2'));
        await healed();
        back();
      }
    },
  },
  {
    name: 'the clocks of nodes jump an hour ahead and back',
    shape: { replicants: 2, clocks: true },
    play: async ({ cluster, traffic, healed }) => {
      const ahead = ['c1', 'r1'];
      const behind = ['c2', 'r2'];
      for (const name of ahead) await cluster.setClock(name, HOUR_SECONDS);
      for (const name of behind) await cluster.setClock(name, -HOUR_SECONDS);
      await pass(1000);
      await healed();
      for (const name of behind) await cluster.setClock(name, HOUR_SECONDS);
      for (const name of ahead) await cluster.setClock(name, -HOUR_SECONDS);
      await pass(1000);
      // Their new starts are older than their old ones, for who goes by the clock.
      for (const name of ahead) {
        traffic.doom(name);
        await cluster.kill(name);
        await healed();
        await cluster.start(name);
        await traffic.begin(name);
      }
    },
  },
  {
    name: 'two cores are killed, and start again',
    play: async ({ cluster, traffic, healed }) => {
      for (const name of ['c1', 'c2']) traffic.doom(name);
      await Promise.all(['c1', 'c2'].map((name) => cluster.kill(name)));
      await pass(NOTICED_MS);
      const { alarms = [] } = await cluster.status('c3');
      assert.match(alarms.join('\n'), /no contact to the cluster database/);
      await Promise.all(['c1', 'c2'].map((name) => cluster.start(name)));
      await traffic.begin('c1', 'c2');
      await healed();
    },
  },
  {
    name: 'a core pauses for 15 s, another for 30 s, and they go on',
    isLong: true,
    shape: { replicants: 2 },
    play: async ({ cluster, traffic, healed }) => {
      for (const [name, ms] of [
        ['c1', 15_000],
        ['c2', 30_000],
        ['c3', 30_000],
      ] as const) {
        const back = traffic.except(name);
        cluster.pause(name);
        await pass(ms);
        const others = cluster.machines.filter((other) => other !== name);
        await healed(others);
        cluster.resume(name);
        await healed();
        back();
      }
    },
  },
  {
    name: 'a replicant pauses for 30 s, and goes on',
    isLong: true,
    shape: { replicants: 2 },
    play: async ({ cluster, traffic, gone, healed }) => {
      const back = traffic.except('r1');
      cluster.pause('r1');
      await pass(30_000);
      await gone([...CORES, 'r2']);
      cluster.resume('r1');
      await healed();
      back();
    },
  },
  {
    name: 'a core is cut off for two minutes, with the usual time before healing',
    isLong: true,
    shape: { settings: {} },
    play: async ({ cluster, traffic, healed }) => {
      const back = traffic.except('c1');
      await pieces(cluster, ['c1'], ['c2', 'c3', 'r1']);
      await pass(120_000);
      await cluster.heal();
      await pass(16_000);
      await healed();
      back();
    },
  },
];
