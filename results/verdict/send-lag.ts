import { formatDurationUs, formatShare } from '../format.js';
import type { RunRecord, VerdictReason } from '../run-record.js';
import { type Finding, reason, silence } from './finding.js';
import { backPressure, generatorLate } from './generator-loop.js';
import {
  LAG_INVALID_SHARE,
  LAG_INVALID_US,
  LAG_SUSPECT_SHARE,
  LAG_SUSPECT_US,
  OWN_LAG_SUSPECT_SHARE,
  OWN_LAG_SUSPECT_US,
} from './thresholds.js';

export function judgeLag(record: RunRecord): Finding[] {
  return [...judgeLagP99(record), ...judgeOwnLag(record)];
}

/** What of the mean response is the generator's own: lag that no lack of room explains. */
function judgeOwnLag(record: RunRecord): Finding[] {
  const { ownLagMeanUs, ownLagShare } = record.generator;
  if (ownLagMeanUs === undefined || ownLagShare === undefined || ownLagShare === null) {
    return silence('own lag', 'there are no response times that it could be a share of');
  }
  if (ownLagMeanUs <= OWN_LAG_SUSPECT_US || ownLagShare <= OWN_LAG_SUSPECT_SHARE) return [];
  return reason(
    'suspect',
    'OWN_LAG',
    `${formatShare(ownLagShare)} of the mean response time is the generator's own lag ` +
      `(${formatDurationUs(ownLagMeanUs)} from due to sent while devices had room)`,
  );
}

function judgeLagP99(record: RunRecord): VerdictReason[] {
  const lag = record.latency['publish.lag'];
  // QoS 0 has no answer to a publish: then the delivery is what the lag is a part of.
  const response = record.latency['publish.response'] ?? record.latency['delivery.response'];
  if (lag === undefined || response === undefined) return [];
  if (lag.p99 <= LAG_SUSPECT_US || lag.p99 <= response.p99 * LAG_SUSPECT_SHARE) return [];
  const text =
    `sends were late by ${formatDurationUs(lag.p99)} (p99) against response times of ` +
    formatDurationUs(response.p99);
  if (!generatorLate(record)) {
    return reason('note', 'HELD_BY_TARGET', `${text}; ${backPressure(record)}`);
  }
  const invalid = lag.p99 > LAG_INVALID_US && lag.p99 > response.p99 * LAG_INVALID_SHARE;
  return reason(
    invalid ? 'invalid' : 'suspect',
    'GENERATOR_LATE',
    `${text}: ${invalid ? "they are the generator's own" : "more than half of them is the generator's lateness"}`,
  );
}
