import {
  type CounterName,
  counter,
  type IntervalRow,
  type Run,
  type RunRecord,
  readRun,
} from '../results/mod.js';
import { EstimateError } from './estimate-error.js';
import type { ClusterSeries, CostSample, CostSeries } from './windows.js';

/**
 * Reads a run record as the estimator needs it.
 * @throws ResultsError when the folder is no readable record
 * @throws EstimateError NO_PROBE when the run did not read its target's CPU and memory
 */
export async function readCostSeries(folder: string): Promise<CostSeries> {
  return costSeries(await readRun(folder));
}

/** The same for a run that is already open. */
export async function costSeries(run: Run): Promise<CostSeries> {
  const { record } = run;
  const rows = await run.intervals();
  const apart = coresApart(record);
  const counted = targetNodes(record);
  const samples = costSamples(rows, (node) => counted.has(node) && !apart.has(node));
  if (samples.length === 0) {
    throw new EstimateError(
      'NO_PROBE',
      `run ${record.id} (${run.folder}) has no CPU and memory of its target: costs need a run whose target is probed, by its process on this machine or over the network (--probe)`,
    );
  }
  const { cpuModel, cores, memoryBytes } = record.host;
  return {
    runId: record.id,
    target: record.target.join(', '),
    host: `${cpuModel}, ${cores} cores, ${Math.round(memoryBytes / 2 ** 30)} GiB`,
    doubts: [
      ...(record.state === 'finished' ? [] : [`the run was not finished (${record.state})`]),
      ...(record.verdict.state === 'valid' ? [] : [`the run is ${record.verdict.state}`]),
      ...record.verdict.reasons
        .filter(({ severity }) => severity !== 'note')
        .map(({ text }) => text),
    ],
    samples,
    ...(apart.size === 0 ? {} : { cluster: clusterSeries(record, rows, apart) }),
  };
}

/**
 * The probes that are the target. Whole machines are it only where no process of it was read: beside
 * processes they would count these twice, and everything else that runs there.
 */
function targetNodes({ probes }: RunRecord): ReadonlySet<string> {
  const processes = probes.filter(
    ({ kind, cpuPercentMax }) =>
      kind === 'process' || (kind === 'prometheus' && cpuPercentMax !== null),
  );
  return new Set((processes.length > 0 ? processes : probes).map(({ node }) => node));
}

/** The cores that had no client of the run; what they spent goes with other things than messages. */
function coresApart({ probes }: RunRecord): ReadonlySet<string> {
  const cores = probes.filter(({ role }) => role === 'core').map(({ node }) => node);
  return new Set(cores.length < probes.length ? cores : []);
}

function clusterSeries(
  { probes, totals }: RunRecord,
  rows: readonly IntervalRow[],
  cores: ReadonlySet<string>,
): ClusterSeries {
  const replicants = probes.filter(({ node }) => !cores.has(node));
  const counted = replicants.flatMap(({ forwarded }) => forwarded ?? []);
  return {
    cores: cores.size,
    replicants: replicants.length,
    coreSamples: costSamples(rows, (node) => cores.has(node)),
    published: totals.publishes.sent,
    forwarded:
      counted.length < replicants.length
        ? undefined
        : counted.reduce((sum, copies) => sum + copies, 0),
  };
}

/** Rows in which every probed process that counts could be read; the others are gaps. */
export function costSamples(
  rows: readonly IntervalRow[],
  counts: (node: string) => boolean = () => true,
): CostSample[] {
  return rows.flatMap((row, at) => {
    const previous = rows[at - 1];
    const now = targetOf(row, counts);
    if (now === undefined) return [];
    const of = (name: CounterName) => counter(row.counters, name);
    // The gauge tells the end of the second: the mean is halfway from the end of the last.
    const before = previous?.second === row.second - 1 ? previous : row;
    const connectedBefore = at === 0 ? 0 : counter(before.counters, 'connected');
    return [
      {
        second: row.second,
        phase: row.phase,
        lengthSec: row.lengthSec,
        cpuSec: (now.cpuPercent / 100) * row.lengthSec,
        rssBytes: now.rssBytes,
        processes: now.processes,
        connected: (connectedBefore + of('connected')) / 2,
        connectedAtEnd: of('connected'),
        connects: of('connectsSucceeded'),
        publishesQos0: of('publishesSentQos0'),
        publishesQos1: of('publishesSentQos1'),
        publishesQos2: of('publishesSentQos2'),
        deliveriesQos0: of('deliveriesReceivedQos0'),
        deliveriesQos1: of('deliveriesReceivedQos1'),
        deliveriesQos2: of('deliveriesReceivedQos2'),
        bytesIn: of('bytesSent'),
        bytesOut: of('bytesReceived'),
        pings: of('pings'),
      },
    ];
  });
}

function targetOf(
  row: IntervalRow,
  counts: (node: string) => boolean,
): { processes: number; cpuPercent: number; rssBytes: number } | undefined {
  const readings = Object.entries(row.probes).flatMap(([node, reading]) =>
    counts(node) ? [reading] : [],
  );
  let cpuPercent = 0;
  let rssBytes = 0;
  for (const reading of readings) {
    if (reading === undefined || reading.cpuPercent === null || reading.rssBytes === null) return;
    cpuPercent += reading.cpuPercent;
    rssBytes += reading.rssBytes;
  }
  return readings.length === 0 ? undefined : { processes: readings.length, cpuPercent, rssBytes };
}
