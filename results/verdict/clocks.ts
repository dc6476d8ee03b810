import { formatCount, formatDurationUs, formatShare } from '../format.js';
import type { LatencyFigures, RunRecord, VerdictReason } from '../run-record.js';
import { type Finding, reason, silence } from './finding.js';
import { CLOCK_INVALID_SHARE, CLOCK_SUSPECT_SHARE, NEGATIVE_INVALID_SHARE } from './thresholds.js';

export function judgeClocks(record: RunRecord): VerdictReason[] {
  const figures: LatencyFigures[] = Object.values(record.latency);
  const negative = figures.reduce((sum, series) => sum + series.negative, 0);
  const clipped = figures.reduce((sum, series) => sum + series.clipped, 0);
  const count = figures.reduce((sum, series) => sum + series.count, 0);
  const found: VerdictReason[] = [];
  if (negative > 0) {
    const share = negative / (negative + count);
    found.push(
      ...reason(
        share > NEGATIVE_INVALID_SHARE ? 'invalid' : 'suspect',
        'NEGATIVE_LATENCY',
        `${formatCount(negative)} latencies were below zero (${formatShare(share)}): the clocks do not agree`,
      ),
    );
  }
  if (clipped > 0) {
    found.push(
      ...reason(
        'suspect',
        'CLIPPED',
        `${formatCount(clipped)} latencies were above one hour and are counted as one hour`,
      ),
    );
  }
  return found;
}

/** Whether the clocks that the fleet's hosts read agree well enough for the deliveries that were timed by two of them. */
export function judgeClockError(record: RunRecord): Finding[] {
  const { clock } = record;
  const delivery = record.latency['delivery.response'];
  if (clock === undefined) return silence('clock error', 'the record does not have it');
  const contradicted = clock.hosts.filter(
    ({ check }) => check !== undefined && Math.abs(check.offsetUs) > check.uncertaintyUs,
  );
  const found: Finding[] = contradicted.flatMap(({ host, check }) =>
    reason(
      'suspect',
      'CLOCKS_DISAGREE',
      `the processes on ${host} are said to share a clock, but it reads ${formatDurationUs(check!.offsetUs)} ` +
        `(± ${formatDurationUs(check!.uncertaintyUs)}) differently in one of them`,
    ),
  );
  if (delivery === undefined || delivery.count === 0) return found;
  const share = clock.errorUs / Math.max(1, delivery.p50);
  if (share < CLOCK_SUSPECT_SHARE) return found;
  return [
    ...found,
    ...reason(
      share >= CLOCK_INVALID_SHARE ? 'invalid' : 'suspect',
      'CLOCK_ERROR',
      `times between two hosts may be wrong by ${formatDurationUs(clock.errorUs)}, and half of the deliveries took ` +
        `${formatDurationUs(delivery.p50)} or less`,
    ),
  ];
}
