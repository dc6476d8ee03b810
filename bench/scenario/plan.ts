import type { Group, Scenario } from './schema.js';

/** Where everything of a scenario stands in the fleet-wide numbering, and what it should cause. */
export interface FleetPlan {
  readonly deviceCount: number;
  /** Sender slots: one for each (group, stream, device). At most 2^32. */
  readonly senderCount: number;
  readonly groups: readonly GroupPlan[];
  /** µs from the first to the last intended connect. */
  readonly connectDurationUs: number;
  /** How long a ramp without a timeout of its own may take. */
  readonly rampTimeoutUs: number;
}

export interface GroupPlan {
  readonly name: string;
  readonly count: number;
  /** Global number of the group's first device; device i of the group is `deviceBase + i`. */
  readonly deviceBase: number;
  readonly streams: readonly StreamPlan[];
}

export interface StreamPlan {
  /** Sender slot of the group's first device; device i sends as `senderBase + i`. */
  readonly senderBase: number;
  /** Tells this stream's random draws from every other stream's. */
  readonly streamKey: number;
}

/** What a ramp may take beyond the connect schedule itself. */
const RAMP_SLACK_US = 60_000_000;

export function plan(scenario: Scenario): FleetPlan {
  let deviceBase = 0;
  let senderBase = 0;
  let streamKey = 0;
  const groups = scenario.groups.map((group: Group): GroupPlan => {
    const base = deviceBase;
    deviceBase += group.count;
    const streams = group.publish.map((): StreamPlan => {
      const stream = { senderBase, streamKey: streamKey++ };
      senderBase += group.count;
      return stream;
    });
    return { name: group.name, count: group.count, deviceBase: base, streams };
  });
  const connectDurationUs = (deviceBase * 1_000_000) / scenario.connect.ratePerSec;
  return {
    deviceCount: deviceBase,
    senderCount: senderBase,
    groups,
    connectDurationUs,
    rampTimeoutUs: RAMP_SLACK_US + connectDurationUs,
  };
}
