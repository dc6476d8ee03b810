/**
 * Ten million devices behind gateways, 50 on a connection, each publishing on its own schedule, against a cluster of
 * the bundled broker on this machine: `node dist/perf/gateway.js [--devices 10m] [--per 50] [--interval 2000s]
 * [--seconds 60] [--connects 2000] [--compared 18000] [--only memory|run]`. First what a device costs: the same
 * connections (`--compared`), with one device each and with so many. Then the run. Prints Markdown.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadScenario, plan } from '../bench/mod.js';
import { type LocalCluster, startLocalCluster } from '../cli/local-cluster.js';
import { formatBytes, formatCount, formatDurationUs, formatRate } from '../results/mod.js';
import { machineFacts } from './machine.js';
import { type SampledRun, sampledRun } from './sampled-run.js';

const PRESET = 'gateways-10m-50';
/** Connections of a node: its process may have 20,000 open files where nobody raised the limit. */
const CONNECTIONS_A_NODE = 18_000;

interface Size {
  devices: string;
  per: string;
  interval: string;
  seconds: string;
  connects: string;
}

function changes({ devices, per, interval, seconds, connects }: Size): string[] {
  return [
    `groups.meters.count=${devices}`,
    `groups.meters.devicesPerConnection=${per}`,
    `groups.meters.publish.0.arrivals.interval=${interval}`,
    `connect.ratePerSec=${connects}`,
    `phases.steady.duration=${seconds}s`,
  ];
}

async function connectionsOf(size: Size): Promise<number> {
  return plan(await loadScenario(PRESET, { set: changes(size) })).connectionCount;
}

/** A run against a cluster that has a replicant for every 18,000 connections. */
async function run(size: Size): Promise<SampledRun> {
  const replicants = Math.ceil((await connectionsOf(size)) / CONNECTIONS_A_NODE);
  const folder = await mkdtemp(join(tmpdir(), 'fleetgauge-perf-'));
  let cluster: LocalCluster | undefined;
  try {
    cluster = await startLocalCluster({
      cores: 1,
      replicants,
      said: (name, line) => process.stderr.write(`${name}: ${line}\n`),
      died: (name, how) => process.stderr.write(`${name} ended: ${how}\n`),
    });
    const targets = cluster.nodes
      .filter(({ role }) => role === 'replicant')
      .map(({ host, port }) => `mqtt://${host}:${port}`);
    const set = changes(size).flatMap((change) => ['--set', change]);
    return await sampledRun([PRESET, '--target', targets.join(), ...set], folder);
  } finally {
    await cluster?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function memoryTable(size: Size, connections: number): Promise<string[]> {
  const rows = [];
  for (const per of [1, Number(size.per)]) {
    const devices = connections * per;
    const { rssBytes, record } = await run({ ...size, devices: `${devices}`, per: `${per}` });
    rows.push({ per, devices, rssBytes, connected: record.totals.connects.connectedMax });
  }
  const [one, many] = rows as [(typeof rows)[0], (typeof rows)[0]];
  const each = (many.rssBytes - one.rssBytes) / (many.devices - one.devices);
  return [
    '| devices per connection | devices | connected | memory of the generator |',
    '|--:|--:|--:|--:|',
    ...rows.map(
      ({ per, devices, connected, rssBytes }) =>
        `| ${per} | ${formatCount(devices)} | ${formatCount(connected)} | ${formatBytes(rssBytes)} |`,
    ),
    '',
    `Each further device of a connection: ${each.toFixed(1)} bytes.`,
  ];
}

function runTable({ record, rssBytes }: SampledRun): string[] {
  const { devices, connections = devices, totals, latency, generator, verdict, measured } = record;
  const { publishes, deliveries, connects } = totals;
  const response = (path: 'publish' | 'delivery'): string => {
    const figures = latency[`${path}.response`];
    if (figures === undefined || figures.count === 0) return '–';
    return `${formatDurationUs(figures.p50)}, ${formatDurationUs(figures.p99)}, ${formatDurationUs(figures.max)}`;
  };
  // A run that did not get to its steady phase has no rate and no memory to show.
  const perSec = (counted = 0): string =>
    measured.seconds === 0 ? '–' : formatRate(counted / measured.seconds);
  const memory =
    rssBytes === 0
      ? '–'
      : `${formatBytes(rssBytes)}, ${Math.round(rssBytes / devices)} bytes a device`;
  return [
    '| | |',
    '|---|---|',
    `| devices | ${formatCount(devices)} |`,
    `| connections | ${formatCount(connects.connectedMax)} of ${formatCount(connections)} connected |`,
    `| generator | ${generator.processes} processes, ${memory}, connections and processes included |`,
    `| published | ${perSec(measured.counters.publishesSent)}, ${formatCount(publishes.sent)} in all, ${formatCount(publishes.acked)} acknowledged, ${formatCount(publishes.failed)} failed |`,
    `| delivered | ${perSec(measured.counters.deliveriesReceived)}, ${formatCount(deliveries.received)} of ${formatCount(deliveries.expected)}; ${formatCount(deliveries.lost)} lost, ${formatCount(deliveries.duplicated)} twice, ${formatCount(deliveries.outOfOrder)} out of order |`,
    `| publish, response p50, p99, max | ${response('publish')} |`,
    `| delivery, response p50, p99, max | ${response('delivery')} |`,
    `| verdict | ${verdict.state}${verdict.reasons.map(({ text }) => `; ${text}`).join('')} |`,
  ];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      devices: { type: 'string', default: '10m' },
      per: { type: 'string', default: '50' },
      interval: { type: 'string', default: '2000s' },
      seconds: { type: 'string', default: '60' },
      connects: { type: 'string', default: '2000' },
      compared: { type: 'string', default: '18000' },
      only: { type: 'string', default: '' },
    },
  });
  const lines = ['# Gateways', '', ...machineFacts()];
  if (values.only !== 'run') {
    const size = { ...values, seconds: '15' };
    lines.push('', '## Memory of a device', '');
    lines.push(...(await memoryTable(size, Number(values.compared))));
  }
  if (values.only !== 'memory') {
    const sampled = await run(values);
    lines.push('', `## ${values.devices} devices at ${values.per} per connection`, '');
    lines.push(...runTable(sampled));
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

await main();
