import { formatCount, formatShare } from '../format.js';
import type { RunRecord, VerdictReason } from '../run-record.js';
import { reason } from './finding.js';
import { MISSING_INVALID_SHARE } from './thresholds.js';

export function judgeShards(record: RunRecord): VerdictReason[] {
  const { shardsLost, shards, reportsDue, reportsMissing } = record.generator;
  const found: VerdictReason[] = [];
  if (shardsLost > 0) {
    found.push(
      ...reason(
        'suspect',
        'SHARD_LOST',
        `${formatCount(shardsLost)} of ${formatCount(shards)} generator shards died: their devices were missing from then on`,
      ),
    );
  }
  if (reportsMissing > 0) {
    const share = reportsMissing / reportsDue;
    found.push(
      ...reason(
        share > MISSING_INVALID_SHARE ? 'invalid' : 'suspect',
        'REPORTS_MISSING',
        `${formatCount(reportsMissing)} of ${formatCount(reportsDue)} reports of generator threads are missing ` +
          `(${formatShare(share)}): the threads stood still for more than a second`,
      ),
    );
  }
  return found;
}
