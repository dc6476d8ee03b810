import {
  formatCount,
  formatDurationUs,
  formatRate,
  formatShare,
  type LatencyFigures,
  type RunRecord,
} from '../../results/mod.js';
import type { Answer } from '../capacity/mod.js';
import { FREEZE, KNOWN_CAPACITY_PER_SEC, QUEUE } from './experiments.js';
import { frozenLatenessUs, frozenShare, mm1Bands, mm1SojournUs, quantileUs } from './queueing.js';
import type { TargetTruth } from './target-messages.js';

/** One thing that is known, what was measured, and what may lie between them. */
export interface Claim {
  readonly claim: string;
  readonly known: string;
  readonly measured: string;
  readonly allowed: string;
  readonly ok: boolean;
}

/** A claim with what kept the machine from holding still meanwhile: then one that fails says nothing of the tool. */
export interface CheckedClaim extends Claim {
  readonly outcome: 'ok' | 'fail' | 'busy';
  readonly disturbance: string | null;
}

/**
 * What is measured is a time of the target and an error together. Their sum exceeds `above` of the one and `error` of
 * the other only where one of them does (Boole's inequality): these two leave as much above them as the percentile.
 */
const SHARES = [
  { name: 'p50', share: 0.5, figure: 'p50', above: 0.55, error: 'p95' },
  { name: 'p99', share: 0.99, figure: 'p99', above: 0.991, error: 'p999' },
  { name: 'p99.9', share: 0.999, figure: 'p999', above: 0.999, error: 'max' },
] as const;
/** Histograms have three significant digits: a bucket is at most 1/1024 of its value wide. */
const HISTOGRAM_SHARE = 1 / 1024;
/** Timers of Node: a send is due within 1 ms, and a message of the target is known to a fraction of that. */
const GRAIN_US = 1000;
/** Beyond, this machine is too busy for anything here to mean much. */
const WORST_PATH_US = 20_000;
/** A stall of a loop or of the target that long is the machine's, and shows in what is claimed to a few ms. */
const STALL_US = 10_000;
/** Later than any loop or timer by itself, and much less than a freeze. */
const LATE_US = 50_000;

/** Who stood still in a run for longer than what is claimed can bear, if anybody did. */
export function disturbanceOf(record: RunRecord, truth: TargetTruth): string | null {
  const { loopDelayMaxUs } = record.generator;
  if (loopDelayMaxUs > STALL_US) {
    return `the generator stood still for ${formatDurationUs(loopDelayMaxUs)}`;
  }
  return truth.latestUs > STALL_US
    ? `the target stood still for ${formatDurationUs(truth.latestUs)}`
    : null;
}

export function checked(claim: Claim, disturbance: string | null): CheckedClaim {
  const outcome = claim.ok ? 'ok' : disturbance === null ? 'fail' : 'busy';
  return { ...claim, outcome, disturbance };
}

/** The error of all that is not the target: an answer without a service time takes none. */
export function pathClaim(record: RunRecord): Claim {
  const { p999 } = figuresOf(record, 'publish.service');
  return {
    claim: 'clocks and loops: service p99.9 of an answer without work',
    known: '0 µs',
    measured: formatDurationUs(p999),
    allowed: `below ${formatDurationUs(WORST_PATH_US)}`,
    ok: p999 < WORST_PATH_US,
  };
}

/**
 * @param path the run without service times: it has the errors, and a grain of the timers is allowed beside them
 * @param truth what the target says of each message
 */
export function serviceClaims(
  record: RunRecord,
  { sojournsUs }: TargetTruth,
  path: RunRecord,
): Claim[] {
  const service = figuresOf(record, 'publish.service');
  const errors = figuresOf(path, 'publish.service');
  const rising = sojournsUs.slice().sort();
  const counted: Claim = {
    claim: 'service: messages timed',
    known: formatCount(rising.length),
    measured: formatCount(service.count),
    allowed: 'all',
    ok: service.count === rising.length && rising.length > 0,
  };
  const percentiles = SHARES.map(({ name, share, figure, above, error }): Claim => {
    const knownUs = quantileUs(rising, share);
    const aboveUs = quantileUs(rising, above) - knownUs + GRAIN_US + errors[error];
    const highUs = knownUs * (1 + HISTOGRAM_SHARE) + aboveUs;
    const lowUs = knownUs * (1 - HISTOGRAM_SHARE);
    return {
      claim: `service ${name}, as the target served it`,
      known: formatDurationUs(knownUs),
      measured: formatDurationUs(service[figure]),
      allowed: `0.1 %, + ${formatDurationUs(aboveUs)}`,
      ok: service[figure] >= lowUs && service[figure] <= highUs,
    };
  });
  return [counted, ...percentiles];
}

/** The same run against queueing theory: nobody told the harness how long messages wait for each other. */
export function theoryClaims(record: RunRecord, path: RunRecord): Claim[] {
  const response = figuresOf(record, 'publish.response');
  const errors = figuresOf(path, 'publish.response');
  const shares = SHARES.flatMap(({ share, above }) => [share, above]);
  const bands = mm1Bands(QUEUE, response.count, shares);
  return SHARES.map(({ name, share, figure, error }, at): Claim => {
    const { lowUs } = bands[2 * at]!;
    const highUs = bands[2 * at + 1]!.highUs + errors[error];
    return {
      claim: `response ${name}, by theory of M/M/1`,
      known: formatDurationUs(mm1SojournUs(QUEUE, share)),
      measured: formatDurationUs(response[figure]),
      allowed: `${formatDurationUs(lowUs)} to ${formatDurationUs(highUs)}`,
      ok: response[figure] >= lowUs && response[figure] <= highUs,
    };
  });
}

/** @param later share of responses above a lateness, from the histogram */
export function freezeClaims(record: RunRecord, later: (us: number) => number): Claim[] {
  const response = figuresOf(record, 'publish.response');
  const service = figuresOf(record, 'publish.service');
  const line = { ...FREEZE, tripUs: service.p50 };
  const knownUs = frozenLatenessUs(line, 0.01);
  const share = frozenShare(line, LATE_US);
  const measuredShare = later(LATE_US);
  const { lengthUs } = FREEZE;
  return [
    {
      claim: 'freeze: response p99 shows it',
      known: formatDurationUs(knownUs),
      measured: formatDurationUs(response.p99),
      allowed: '± 10 %',
      ok: Math.abs(response.p99 / knownUs - 1) <= 0.1,
    },
    {
      claim: `freeze: responses later than ${formatDurationUs(LATE_US)}`,
      known: formatShare(share),
      measured: formatShare(measuredShare),
      allowed: '± a tenth of it',
      ok: Math.abs(measuredShare / share - 1) <= 0.1,
    },
    {
      claim: 'freeze: service p99 hides it',
      known: '–',
      measured: formatDurationUs(service.p99),
      allowed: `below ${formatDurationUs(LATE_US)}`,
      ok: service.p99 < LATE_US,
    },
    {
      claim: 'freeze: service max, the message that was caught',
      known: formatDurationUs(lengthUs),
      measured: formatDurationUs(service.max),
      allowed: `− ${formatDurationUs(line.gapUs)}, + 10 %`,
      ok: service.max >= lengthUs - line.gapUs - GRAIN_US && service.max <= lengthUs * 1.1,
    },
  ];
}

/** @param summary what the run prints */
export function starvedClaims(record: RunRecord, summary: readonly string[]): Claim[] {
  const asked = record.measured.counters.publishesScheduled ?? 0;
  const sent = record.measured.counters.publishesSent ?? 0;
  const bound = summary.find((line) => line.includes('at least'))?.trim();
  const rate = /at least [\d,.]+\/s/.exec(summary.join('\n'))?.[0];
  return [
    {
      claim: `starved generator: sent ${formatShare(sent / Math.max(1, asked))} of what was due`,
      known: 'INVALID',
      measured: record.verdict.state.toUpperCase(),
      allowed: 'nothing else',
      ok: record.verdict.state === 'invalid' && sent < asked,
    },
    {
      claim: 'starved generator: its rate is a lower bound',
      known: 'at least …',
      measured: rate ?? bound ?? 'not said',
      allowed: 'nothing else',
      ok: rate !== undefined,
    },
  ];
}

/** @param perSecAtLoadOne publishes that load 1 stands for */
export function capacityClaims(answer: Answer | null, perSecAtLoadOne: number): Claim[] {
  const known = KNOWN_CAPACITY_PER_SEC;
  const [low, high] = [(answer?.low ?? 0) * perSecAtLoadOne, (answer?.high ?? 0) * perSecAtLoadOne];
  const { holds, breaks } = answer ?? { holds: null, breaks: null };
  const found = holds !== null && breaks !== null;
  const middle = found ? Math.sqrt(holds.load * breaks.load) * perSecAtLoadOne : 0;
  return [
    {
      claim: 'capacity: between the load that holds and the one that breaks',
      known: formatRate(known),
      measured: found ? formatRate(middle) : 'not found',
      allowed: '± 5 %',
      ok: Math.abs(middle / known - 1) <= 0.05,
    },
    {
      claim: 'capacity: in the interval of the answer',
      known: formatRate(known),
      measured: `${formatRate(low)} to ${formatRate(high)}`,
      allowed: '–',
      ok: low <= known && known <= high,
    },
  ];
}

function figuresOf(
  record: RunRecord,
  series: 'publish.service' | 'publish.response',
): LatencyFigures {
  const figures = record.latency[series];
  if (figures === undefined) throw new Error(`the self-test's run ${record.id} has no ${series}`);
  return figures;
}
