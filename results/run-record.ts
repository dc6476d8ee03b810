import { z } from 'zod';
import { COUNTERS } from './counters.js';
import { PATHS, SERIES } from './series.js';

/** Version of the record's format; the number rises when an old reader would misread a new record. */
export const RECORD_SCHEMA = 'fleetgauge.run/1';

const count = z.number().nonnegative();
/** What records of earlier versions do not have. */
const laterCount = count.default(0);

const latency = z.object({
  count,
  min: count,
  mean: count,
  p50: count,
  p90: count,
  p95: count,
  p99: count,
  p999: count,
  max: count,
  /** Values below zero, in no figure above: the clocks disagreed. */
  negative: count,
  /** Values above one hour, in the figures as one hour. */
  clipped: count,
});

const loadFactor = z.union([z.number(), z.tuple([z.number(), z.number()])]);

const phase = z.object({
  name: z.string(),
  kind: z.string(),
  /** µs since the run's epoch (`startedAt`). */
  startUs: z.number(),
  /** null while it lasts. */
  endUs: z.number().nullable(),
  /** Load factor, a straight line [from, to], or one of these by group; null where nothing is offered. */
  load: z.union([loadFactor, z.record(z.string(), loadFactor)]).nullable(),
  /** Of a phase whose load is no straight line, or in which devices leave: what it does, in words. */
  shape: z.string().optional(),
  measured: z.boolean(),
});

const sampled = z.object({
  startSecond: z.number(),
  stepSec: z.number(),
  values: z.array(z.number().nullable()),
});

const probe = z.object({
  node: z.string(),
  /** What was read; records from before there were others have processes. */
  kind: z
    .enum(['process', 'machine', 'prometheus', 'node-exporter', 'emqx', 'sys'])
    .default('process'),
  /** Of a process. */
  pid: z.number().int().optional(),
  /** Of what is read over the network: its URL, without credentials. */
  at: z.string().optional(),
  /** Where devices keep to the replicants of a cluster: what this is. */
  role: z.enum(['core', 'replicant']).optional(),
  /** Copies of messages that it sent to other nodes in the whole run, by its own count. */
  forwarded: count.optional(),
  /** The first second of those at the end in which it could not be read any more. */
  goneAtSecond: z.number().nullable(),
  /** 100 is one core. Means and maxima over the measured seconds, null when there are none. */
  cpuPercentMean: z.number().nullable(),
  cpuPercentMax: z.number().nullable(),
  busiestThreadPercentMax: z.number().nullable(),
  rssBytesMax: z.number().nullable(),
  /** Seconds of the whole run in which it could not be read, by reason. */
  gaps: z.record(z.string(), count).default({}),
  /** What else it said in the measured seconds; at most 200. `part`: a core, a thread, a node; empty: all of it. */
  metrics: z
    .array(
      z.object({
        part: z.string(),
        metric: z.string(),
        /** Seconds with a value, and of those the mean, the highest and the last. */
        readings: count,
        mean: z.number(),
        max: z.number(),
        last: z.number(),
      }),
    )
    .default([]),
  /** The whole run, at most 3,600 points each. */
  series: z.object({ cpuPercent: sampled, rssBytes: sampled }),
});

/** Garbage collections of the generator's threads over the measured seconds. */
const garbageCollection = z.object({
  pauses: count,
  longestUs: count,
  /** Share of all threads' time spent in them, and of the thread with the largest. */
  share: count,
  shareMax: count,
  /** Share of the answers that wait for a collection longer than the response times' p99 and p99.9. */
  beyondP99: count,
  beyondP999: count,
});

/** One generator thread over the measured seconds. */
const thread = z.object({
  shard: count,
  loopUtilisationMean: count,
  loopUtilisationP90: count,
  loopUtilisationMax: count,
  loopDelayMaxUs: count,
  gcShare: count,
  scheduled: count,
  sent: count,
  /** Mean time from when a message was due, and its device had room, to its send. */
  ownLagMeanUs: count,
});

const generator = z.object({
  processes: count,
  threads: count,
  shards: count,
  /** Of all shards, over the measured seconds: in how busy a second were nine out of ten, and the busiest. */
  loopUtilisationP90: count,
  loopUtilisationMax: count,
  loopDelayMaxUs: count,
  gcPauseMaxUs: count,
  /** 99th percentile of intended → actual send. */
  lagP99Us: count,
  /** The part of the lag that no device's lack of room explains: its mean, and as a share of the mean response. */
  ownLagMeanUs: count.optional(),
  ownLagShare: count.nullable().optional(),
  /** All shards together; 100 is one core. */
  cpuPercentMean: count,
  cpuPercentMax: count,
  /** Publishes due and not sent: the most at the end of any measured second, and at the end of the last. */
  backlogMax: count,
  backlogEnd: count,
  /** Reports that were due from living shards, how many of them are missing, and shards that died. */
  reportsDue: count,
  reportsMissing: count,
  shardsLost: count,
  gc: garbageCollection.optional(),
  perThread: z.array(thread).optional(),
});

/** Little's law on one path, over the seconds its `latency` figures are of. */
const littlesLaw = z.object({
  seconds: count,
  answered: count,
  /** Measured: the time integral of how many were between intended and answered, over the time. */
  inFlightMean: z.number(),
  /** Rate × mean response: what it must be. */
  expectedMean: count,
  /** How far apart the two may be: those under way at the ends, and the histogram's steps. */
  tolerance: count,
  underWayAtEnd: z.number(),
});

/** A measured phase of constant load, second by second (thinned to means beyond 600 points). */
const steadiness = z.object({
  phase: z.string(),
  startSecond: count,
  stepSec: count,
  /** What `ratePerSec` counts, and the series that the latencies are of. */
  of: z.enum(['deliveries', 'publishes', 'sends']),
  ratePerSec: z.array(z.number()),
  /** µs; null in seconds without an answer. */
  responseMeanUs: z.array(z.number().nullable()),
  responseP99Us: z.array(z.number().nullable()),
});

/** How one host's clock stands to the coordinator's. */
const hostClock = z.object({
  host: z.string(),
  shards: count,
  /** `shared`: the same clock, read by other processes. `exchange`: another host's, its offset measured and taken out. */
  how: z.enum(['shared', 'exchange']),
  /** What was taken out of its times, and how far that may be wrong. */
  offsetUs: z.number(),
  uncertaintyUs: count,
  /** Where processes share a clock: what an exchange of messages measured all the same, the widest of all. */
  check: z.object({ offsetUs: z.number(), uncertaintyUs: count }).optional(),
});

const clock = z.object({
  /** The most by which a time between two ends of the fleet may be wrong. */
  errorUs: count,
  hosts: z.array(hostClock),
});

/** A machine that ran a part of the fleet for the coordinator. */
const agent = z.object({
  name: z.string(),
  host: z.object({
    hostname: z.string(),
    os: z.string(),
    cpuModel: z.string(),
    cores: count,
    memoryBytes: count,
  }),
  firstShard: count,
  shards: count,
  /** That have a connection; what they carry is not counted here. */
  devices: count,
  /** In which second it went (null: before the first) and why; null: it stayed to the end. */
  lost: z.object({ second: count.nullable(), why: z.string() }).nullable(),
  /** How its clock stood to the coordinator's. null: never compared. */
  clock: z
    .object({
      /** `exchange`: the offset was measured and taken out of all times; `shared`: it reads the same clock, this is a check. */
      how: z.enum(['exchange', 'shared']),
      /** Agent less coordinator, before the run. */
      offsetUs: z.number(),
      /** The most that any offset of the run may be wrong by. */
      uncertaintyUs: count,
      /** How much further it was at the end. */
      driftUs: z.number(),
      /** At most 600 points. */
      series: z.array(z.object({ second: count, offsetUs: z.number(), uncertaintyUs: count })),
    })
    .nullable(),
});

export const severity = z.enum(['note', 'suspect', 'invalid']);

const verdict = z.object({
  state: z.enum(['valid', 'suspect', 'invalid']),
  reasons: z.array(z.object({ code: z.string(), severity, text: z.string() })),
  /** Checks that make no claim about this run, and what they lack. */
  silent: z.array(z.object({ check: z.string(), why: z.string() })).optional(),
});

const objective = z.object({
  text: z.string(),
  /** In the objective's own unit; null when the run has no such figure. */
  measured: z.number().nullable(),
  /** The same for people, with its unit. */
  measuredText: z.string(),
  passed: z.boolean(),
});

export const runRecordSchema = z.object({
  schema: z.literal(RECORD_SCHEMA),
  id: z.string(),
  state: z.enum(['running', 'finished', 'interrupted']),
  /** The run's epoch: all seconds and µs in the record count from here. */
  startedAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  tool: z.object({ name: z.string(), version: z.string(), commit: z.string().optional() }),
  host: z.object({
    hostname: z.string(),
    os: z.string(),
    cpuModel: z.string(),
    cores: count,
    memoryBytes: count,
    node: z.string(),
    /** Open files a process may have; null where it is unlimited or unknown. */
    fileLimit: z.number().nullable(),
  }),
  /** The command line, one argument an entry. */
  command: z.array(z.string()),
  /** The scenario's name; its text is in `scenarioYaml`. */
  scenario: z.string(),
  scenarioHash: z.string(),
  scenarioYaml: z.string(),
  target: z.array(z.string()),
  /** How many devices the scenario has, connected or not. */
  devices: count,
  /** How many connections they make, where gateways carry several; else as many. */
  connections: count.optional(),
  verdict,
  /** The whole run, ramp, warm-up and drain included. */
  totals: z.object({
    connects: z.object({
      attempted: count,
      succeeded: count,
      failed: count,
      lost: count,
      /** By plan, in churn and storm. */
      ended: laterCount,
      /** Ready again after a storm or a loss. */
      reconnected: laterCount,
      /** CONNACKs that said that the session was still there. */
      sessionsResumed: laterCount,
      /** TLS handshakes that took up the device's earlier session; all others were full ones. */
      tlsSessionsResumed: laterCount,
      /** The most that were connected at the end of any second. */
      connectedMax: count,
    }),
    /** Of churn: goodbye, and ready again. */
    cycles: z
      .object({ scheduled: count, completed: count })
      .default(() => ({ scheduled: 0, completed: 0 })),
    subscribes: z.object({ succeeded: count, failed: count }),
    publishes: z.object({
      scheduled: count,
      sent: count,
      acked: count,
      failed: count,
      /** Fell due while their device was away by plan: not offered, in none of the others. */
      away: laterCount,
    }),
    deliveries: z.object({
      expected: count,
      /** Duplicates included. */
      received: count,
      /** expected − (received − duplicated); while the run lasts, what is under way counts as lost. */
      lost: count,
      duplicated: count,
      outOfOrder: count,
      untimed: count,
      foreign: count,
      /** Of the received: sent while the receiver was away, and not timed. */
      queued: laterCount,
    }),
    /** Request and response: sent = answered + timedOut + those still open. */
    requests: z
      .object({
        sent: count,
        answered: count,
        timedOut: count,
        /** Answers that nobody waited for: late, repeated, to another device. */
        unexpected: count,
        /** Requests that devices of the scenario had to answer. */
        received: count,
      })
      .default(() => ({ sent: 0, answered: 0, timedOut: 0, unexpected: 0, received: 0 })),
    /** Deliveries of last wills. */
    wills: z
      .object({
        expected: count,
        received: count,
        /** expected − received, and received − expected − undecided, where these are above 0. */
        lost: count,
        unexpected: count,
        /** Fell due just when the device came back. */
        undecided: count,
      })
      .default(() => ({ expected: 0, received: 0, lost: 0, unexpected: 0, undecided: 0 })),
    bytes: z.object({ sent: count, received: count }),
    pings: count,
  }),
  /** The measured phases: how many seconds, and every counter over them (gauges: at their end). */
  measured: z.object({
    seconds: count,
    counters: z.partialRecord(z.enum(COUNTERS), count),
  }),
  /**
   * µs. `publish` and `delivery`: the measured phases and the answers that reach into what follows them.
   * `connect` and `subscribe`: the whole run, because they happen while it ramps up.
   */
  latency: z.partialRecord(z.enum(SERIES), latency),
  phases: z.array(phase),
  generator,
  /** Absent in records of versions that did not measure them. */
  clock: clock.optional(),
  littlesLaw: z.partialRecord(z.enum(PATHS), littlesLaw).optional(),
  steadiness: z.array(steadiness).optional(),
  /** Of runs on other machines. */
  agents: z.array(agent).optional(),
  probes: z.array(probe),
  errors: z.record(z.string(), count),
  objectives: z.array(objective),
});

/** What a run leaves behind as `run.json`; the format is described in docs/run-record.md. */
export type RunRecord = z.infer<typeof runRecordSchema>;
export type LatencyFigures = z.infer<typeof latency>;
export type PhaseRecord = z.infer<typeof phase>;
export type ProbeRecord = z.infer<typeof probe>;
export type AgentRecord = z.infer<typeof agent>;
export type GeneratorHealth = z.infer<typeof generator>;
export type Verdict = z.infer<typeof verdict>;
export type VerdictReason = Verdict['reasons'][number];
export type Silence = NonNullable<Verdict['silent']>[number];
export type LittlesLaw = z.infer<typeof littlesLaw>;
export type Steadiness = z.infer<typeof steadiness>;
export type ThreadHealth = z.infer<typeof thread>;
export type GarbageCollection = z.infer<typeof garbageCollection>;
export type HostClock = z.infer<typeof hostClock>;
export type ClockFigures = z.infer<typeof clock>;
export type ObjectiveResult = z.infer<typeof objective>;
export type HostFacts = RunRecord['host'];
export type ToolFacts = RunRecord['tool'];
export type RunTotalsFigures = RunRecord['totals'];
