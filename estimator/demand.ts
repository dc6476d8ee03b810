import { z } from 'zod';
import { type DemandIssue, DemandSource } from './demand-source.js';

/** Messages per second at QoS 0, 1 and 2. */
export type ByQos = readonly [number, number, number];

/** What the cluster must carry, on which machines, and how full they may be. */
export interface Demand {
  connections: number;
  publishesPerSec: ByQos;
  deliveriesPerSec: ByQos;
  payloadBytes: number;
  topicBytes: number;
  keepAliveSec: number;
  /** Connects per second that come with every day's traffic. */
  connectRatePerSec: number;
  /** All clients are to be back within this many minutes, at full traffic. */
  reconnectMinutes: number | undefined;
  /** Threads, and so cores, that one broker process can keep busy: 1 for an event loop. */
  threadsPerProcess: number;
  node: NodeShape;
  policy: Policy;
}

export interface NodeShape {
  name: string | undefined;
  cores: number;
  memoryGiB: number;
  /** In each direction. */
  nicGbps: number;
}

/** Shares of a node's resource that may be used with `nodesMayFail` nodes lost. */
export interface Policy {
  cpuCeiling: number;
  memoryCeiling: number;
  networkCeiling: number;
  nodesMayFail: number;
}

const COUNT = /^(\d+(?:\.\d+)?)([km]?)$/i;
const RATE = /^(\d+(?:\.\d+)?)([km]?)(?:\/s)?$/i;
const SECONDS = /^(\d+(?:\.\d+)?)(s|m|h)$/;
const FACTORS: Readonly<Record<string, number>> = { '': 1, k: 1_000, m: 1_000_000 };

function amount(pattern: RegExp, text: string | number): number | undefined {
  const match = pattern.exec(String(text).trim().replaceAll('_', ''));
  return match ? Number(match[1]) * FACTORS[match[2]!.toLowerCase()]! : undefined;
}

function readSeconds(text: string | number): number | undefined {
  const match = SECONDS.exec(String(text).trim());
  return match
    ? Number(match[1]) * { s: 1, m: 60, h: 3600 }[match[2] as 's' | 'm' | 'h']
    : undefined;
}

/** A scalar with a spelling of its own; anything else is answered with what was expected. */
function spelled(expected: string, read: (text: string | number) => number | undefined) {
  return z.union([z.string(), z.number()], { error: expected }).transform((raw, context) => {
    const value = read(raw);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', message: expected, input: raw });
    return z.NEVER;
  });
}

function count(least: number, most: number) {
  const expected = `a whole number from ${least} to ${most}, such as 200, 10k or 1m`;
  return spelled(expected, (text) => {
    const value = amount(COUNT, text);
    return value !== undefined && Number.isInteger(value) && value >= least && value <= most
      ? value
      : undefined;
  });
}

const rate = spelled('a rate per second of 0 or more, such as 5000, 5k or 5k/s', (text) =>
  amount(RATE, text),
);

function number(expected: string, holds: (value: number) => boolean) {
  return z.number({ error: expected }).refine(holds, { error: expected });
}

const positive = number('a number above 0', (value) => value > 0 && Number.isFinite(value));
const share = number('a share above 0 and up to 1, such as 0.7', (v) => v > 0 && v <= 1);

function mapping<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const keys = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `one of the keys ${keys}`
        : `a mapping with the keys ${keys}`,
  });
}

const ratesByQos = mapping({ qos0: rate.default(0), qos1: rate.default(0), qos2: rate.default(0) });

/** Largest remaining length [MQTT-1.5.5]; a payload above it fits no packet. */
const MOST_PAYLOAD_BYTES = 268_435_455 - 8;

const demandSchema = mapping({
  connections: count(1, 1e10),
  publishesPerSec: ratesByQos.prefault({}),
  deliveriesPerSec: ratesByQos.optional(),
  fanOut: number('how many deliveries one publish causes, 0 or more', (v) => v >= 0).optional(),
  payloadBytes: count(0, MOST_PAYLOAD_BYTES),
  topicBytes: count(1, 65_535).default(32),
  keepAlive: spelled('a duration from 1s to 65535s, such as 60s or 5m', (text) => {
    const seconds = readSeconds(text);
    return seconds !== undefined && seconds >= 1 && seconds <= 65_535 ? seconds : undefined;
  }).default(60),
  connectRatePerSec: rate.default(0),
  reconnectMinutes: positive.optional(),
  threadsPerProcess: count(1, 1024).default(1),
  node: mapping({
    name: z.string({ error: 'text' }).optional(),
    cores: count(1, 4096),
    memoryGiB: positive,
    nicGbps: positive,
  }),
  policy: mapping({
    cpuCeiling: share.default(0.7),
    memoryCeiling: share.default(0.7),
    networkCeiling: share.default(0.7),
    nodesMayFail: count(0, 1000).default(1),
  }).prefault({}),
});

type DemandFile = z.output<typeof demandSchema>;

/**
 * Reads a demand from YAML or JSON.
 * @param file the name to put before the line in complaints
 * @throws EstimateError DEMAND_INVALID, one line for everything that is wrong
 */
export function parseDemand(text: string, file: string): Demand {
  const source = new DemandSource(text, file);
  const result = demandSchema.safeParse(source.raw);
  if (!result.success) {
    throw source.error(
      result.error.issues.flatMap((issue) =>
        issue.code === 'unrecognized_keys'
          ? issue.keys.map((key) => ({ path: [...issue.path, key], expected: issue.message }))
          : [{ path: issue.path, expected: issue.message }],
      ),
    );
  }
  const demand = demandOf(result.data);
  const impossible = contradictions(result.data, demand);
  if (impossible.length > 0) throw source.error(impossible);
  return demand;
}

function demandOf(file: DemandFile): Demand {
  const { qos0, qos1, qos2 } = file.publishesPerSec;
  const fanOut = file.fanOut ?? 0;
  const deliveries = file.deliveriesPerSec;
  return {
    connections: file.connections,
    publishesPerSec: [qos0, qos1, qos2],
    deliveriesPerSec: deliveries
      ? [deliveries.qos0, deliveries.qos1, deliveries.qos2]
      : [qos0 * fanOut, qos1 * fanOut, qos2 * fanOut],
    payloadBytes: file.payloadBytes,
    topicBytes: file.topicBytes,
    keepAliveSec: file.keepAlive,
    connectRatePerSec: file.connectRatePerSec,
    reconnectMinutes: file.reconnectMinutes,
    threadsPerProcess: file.threadsPerProcess,
    node: { ...file.node, name: file.node.name },
    policy: file.policy,
  };
}

/** Demands that are well written and cannot be. */
function contradictions(file: DemandFile, demand: Demand): DemandIssue[] {
  const issues: DemandIssue[] = [];
  const refuse = (path: PropertyKey[], expected: string) => issues.push({ path, expected });
  const sum = (rates: readonly number[]) => rates.reduce((total, value) => total + value, 0);
  const published = sum(demand.publishesPerSec);
  const delivered = sum(demand.deliveriesPerSec);

  if (file.deliveriesPerSec && file.fanOut !== undefined) {
    refuse(['fanOut'], 'either deliveriesPerSec or fanOut, not both');
  }
  if (published > 0 && !file.deliveriesPerSec && file.fanOut === undefined) {
    refuse(
      ['publishesPerSec'],
      'deliveriesPerSec or fanOut beside it: who receives these messages?',
    );
  }
  if (file.deliveriesPerSec && delivered > 0 && published === 0) {
    refuse(['deliveriesPerSec'], 'no deliveries, or the publishes that cause them');
  }
  // A delivery has at most the QoS of its publish [MQTT-3.8.4-8].
  [1, 2].forEach((qos) => {
    const atLeast = sum(demand.publishesPerSec.slice(qos));
    if (
      file.deliveriesPerSec &&
      published > 0 &&
      demand.deliveriesPerSec[qos]! > 0 &&
      atLeast === 0
    ) {
      refuse(
        ['deliveriesPerSec', `qos${qos}`],
        `0, or publishes at QoS ${qos === 1 ? '1 or 2' : 2}: a delivery has at most the QoS of its publish`,
      );
    }
  });
  if (published > 0 && delivered > published * demand.connections) {
    const path = file.deliveriesPerSec ? 'deliveriesPerSec' : 'fanOut';
    refuse([path], `at most ${demand.connections} deliveries for each publish, one a connection`);
  }
  if (file.threadsPerProcess > file.node.cores) {
    refuse(['threadsPerProcess'], `at most the ${file.node.cores} cores of the node`);
  }
  return issues;
}
