/**
 * What it takes a replicant with many subscriptions of its own to change its core:
 * `node dist/perf/core-change.js [--routes 100000] [--repeats 3] [--readme]`. Three cores with etcd and one replicant
 * as processes; the core that the replicant follows is told to stop. Needs etcd (Debian's etcd-server). Prints
 * Markdown.
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { startLocalCluster } from '../cli/local-cluster.js';
import { LeanClient } from './lean-client.js';
import { machineFacts } from './machine.js';
import { printSection } from './readme-section.js';
import { spreadText } from './spread.js';
import { WatchedNode } from './watched-node.js';

/** Filters in one SUBSCRIBE. */
const PACKET = 500;
const COOKIE = 'perf';

interface Change {
  /** Until all subscriptions were acknowledged at first, ms. */
  subscribedMs: number;
  /** From the core's being told to stop until another is followed, ms. */
  followedMs: number;
  /** From there until a new subscription is acknowledged: it waits for all that is announced again, ms. */
  announcedMs: number;
}

async function change(routes: number): Promise<Change> {
  const settings = { 'node.cookie': COOKIE };
  const cluster = await startLocalCluster({ cores: 3, replicants: 0, settings });
  const cores = cluster.nodes.map(({ name }) => name);
  const { host: near, port } = cluster.nodes[0]!;
  const host = near.replace(/\d+$/, '200');
  const replicant = new WatchedNode({
    'node.name': `replicant1@${host}`,
    'node.role': 'replicant',
    'node.cookie': COOKIE,
    'cluster.name': 'local',
    'cluster.core_nodes': JSON.stringify(cores),
    'listeners.tcp.default.bind': `${host}:${port}`,
  });
  try {
    await replicant.said('is started');
    const first = await replicant.said('follows core');
    const followed = cluster.nodes.find(({ name }) => first.text.includes(`'${name}'`))!;
    const session = { cleanStart: true, expirySeconds: 0, clientId: 'subscriber' };
    const client = await LeanClient.open({ host, port }, session);
    try {
      const beganMs = performance.now();
      for (let from = 0; from < routes; from += PACKET) {
        const count = Math.min(PACKET, routes - from);
        const filters = Array.from({ length: count }, (_, n) => `site/device/${from + n}`);
        await new Promise<void>((resolve) => client.subscribe(filters, resolve));
      }
      const stoppedMs = performance.now();
      const stopped = followed.stop();
      const { atMs } = await replicant.said('follows core', stoppedMs);
      await new Promise<void>((resolve) => client.subscribe(['after'], resolve));
      const announcedMs = performance.now() - atMs;
      await stopped;
      return { subscribedMs: stoppedMs - beganMs, followedMs: atMs - stoppedMs, announcedMs };
    } finally {
      client.destroy();
    }
  } finally {
    await replicant.stop();
    await cluster.stop();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      routes: { type: 'string', default: '100000' },
      repeats: { type: 'string', default: '3' },
      readme: { type: 'boolean', default: false },
    },
  });
  const [routes, repeats] = [Number(values.routes), Number(values.repeats)];
  const changes: Change[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    changes.push(await change(routes));
    process.stderr.write(`${repeat + 1} of ${repeats}: done\n`);
  }
  const row = (name: string, of: (each: Change) => number): string =>
    `| ${name} | ${spreadText(
      changes.map((each) => of(each) / 1000),
      2,
    )} |`;
  printSection('core-change', values.readme, [
    ...machineFacts(),
    `- 3 cores with etcd, a replicant with ${routes.toLocaleString('en')} subscriptions of its own, the core it follows stopped in order; ${repeats} repeats: median (min–max)`,
    '',
    '| | s |',
    '|---|--:|',
    row('subscribed at first, 500 filters a packet, one packet at a time', (c) => c.subscribedMs),
    row('core told to stop → another one followed', ({ followedMs }) => followedMs),
    row('→ a new subscription acknowledged, after all was announced again', (c) => c.announcedMs),
  ]);
}

await main();
