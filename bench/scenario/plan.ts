import { FanOut } from './fan-out.js';
import { connectionsOf, subscriptionCountOf } from './gateways.js';
import { GroupIdentity } from './identity.js';
import type { Group, Publish, Scenario } from './schema.js';
import { compileTemplate } from './template.js';

/** Where everything of a scenario stands in the fleet-wide numbering, and what it should cause. */
export interface FleetPlan {
  readonly deviceCount: number;
  /** As many as devices, but where a group has several on each. */
  readonly connectionCount: number;
  /** Sender slots: one for each (group, stream, device). At most 2^32. */
  readonly senderCount: number;
  readonly subscriptionCount: number;
  readonly groups: readonly GroupPlan[];
  /** The connect schedule's rate, and µs from its first to its last intended connect. */
  readonly connectsPerSec: number;
  readonly connectDurationUs: number;
  /** How long a ramp without a timeout of its own may take: 60 s and the connect schedule. */
  readonly rampTimeoutUs: number;
  /** At load 1 and with every device connected; streams that saturate are not in it. */
  readonly publishesPerSec: number;
  readonly deliveriesPerSec: number;
  /** Some stream runs as fast as it can, so the rates are not the whole load. */
  readonly saturates: boolean;
}

export interface GroupPlan {
  readonly name: string;
  readonly count: number;
  readonly devicesPerConnection: number;
  readonly connections: number;
  /** Fleet-wide number of the group's first connection; connection k of the group is `connectionBase + k`. */
  readonly connectionBase: number;
  readonly streams: readonly StreamPlan[];
}

export interface StreamPlan {
  /** Sender slot of the group's first device; device i sends as `senderBase + i`. */
  readonly senderBase: number;
  /** Tells this stream's random draws from every other stream's. */
  readonly streamKey: number;
  /** Of the whole group at load 1; undefined when it saturates. */
  readonly publishesPerSec: number | undefined;
  /** Mean over the group; exact up to 10,000 devices, of an even sample beyond. */
  readonly deliveriesPerPublish: number;
}

const RAMP_SLACK_US = 60_000_000;
const SAMPLED_DEVICES = 10_000;
const US_PER_SEC = 1_000_000;

export function plan(scenario: Scenario): FleetPlan {
  // What the run's id is cannot change how many filters a topic matches.
  const fanOut = new FanOut(scenario, PLANNED_RUN);
  let deviceCount = 0;
  let connectionCount = 0;
  let senderCount = 0;
  let streamKey = 0;
  let subscriptionCount = 0;
  const groups = scenario.groups.map((group): GroupPlan => {
    const connectionBase = connectionCount;
    const connections = connectionsOf(group);
    connectionCount += connections;
    deviceCount += group.count;
    subscriptionCount += subscriptionCountOf(group);
    const streams = group.publish.map((stream): StreamPlan => {
      const senderBase = senderCount;
      senderCount += group.count;
      return {
        senderBase,
        streamKey: streamKey++,
        publishesPerSec: publishesPerSec(stream, group.count),
        deliveriesPerPublish: meanFanOut(stream, group, fanOut, scenario.seed, senderBase),
      };
    });
    const { name, count, devicesPerConnection } = group;
    return { name, count, devicesPerConnection, connections, connectionBase, streams };
  });
  const streams = groups.flatMap((group) => group.streams);
  const { ratePerSec } = scenario.connect;
  const connectDurationUs = (Math.max(0, connectionCount - 1) * US_PER_SEC) / ratePerSec;
  return {
    deviceCount,
    connectionCount,
    senderCount,
    subscriptionCount,
    groups,
    connectsPerSec: ratePerSec,
    connectDurationUs,
    rampTimeoutUs: RAMP_SLACK_US + (connectionCount * US_PER_SEC) / ratePerSec,
    publishesPerSec: sum(streams.map((s) => s.publishesPerSec ?? 0)),
    deliveriesPerSec: sum(streams.map((s) => (s.publishesPerSec ?? 0) * s.deliveriesPerPublish)),
    saturates: streams.some((s) => s.publishesPerSec === undefined),
  };
}

/**
 * How many messages device `index` of the group may send under the stream's limit: the limit dealt
 * out evenly, the rest to the first devices, so that shards need not ask each other. Infinity
 * without a limit.
 */
export function messageLimit(stream: Publish, count: number, index: number): number {
  if (stream.limit === 0) return Number.POSITIVE_INFINITY;
  const each = Math.floor(stream.limit / count);
  return index < stream.limit % count ? each + 1 : each;
}

const PLANNED_RUN = '0000';

function publishesPerSec(stream: Publish, count: number): number | undefined {
  const { arrivals } = stream;
  if (arrivals.kind === 'saturate') return undefined;
  if (arrivals.kind === 'periodic') return (count * US_PER_SEC) / arrivals.intervalUs;
  return arrivals.ratePerSec;
}

function meanFanOut(
  stream: Publish,
  group: Group,
  fanOut: FanOut,
  seed: number,
  senderBase: number,
): number {
  const topic = compileTemplate(stream.topic);
  const identity = new GroupIdentity(group, PLANNED_RUN, seed);
  const samples = topic.isShared ? 1 : Math.min(group.count, SAMPLED_DEVICES);
  let deliveries = 0;
  for (let k = 0; k < samples; k++) {
    const index = Math.floor((k * group.count) / samples);
    const values = identity.valuesOf(index, senderBase + index);
    const publisher = { group: group.name, number: values.number };
    deliveries += fanOut.deliveriesOf(topic.render(values), publisher);
  }
  return deliveries / samples;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
