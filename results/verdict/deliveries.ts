import { formatCount, formatShare } from '../format.js';
import type { RunRecord, VerdictReason } from '../run-record.js';
import { reason } from './finding.js';
import { FOREIGN_SUSPECT_SHARE } from './thresholds.js';

export function judgeDeliveries(record: RunRecord): VerdictReason[] {
  const { received, untimed, foreign } = record.totals.deliveries;
  const found: VerdictReason[] = [];
  if (untimed > 0) {
    found.push(
      ...reason(
        'note',
        'UNTIMED',
        `${formatCount(untimed)} of ${formatCount(received)} deliveries were without the 16-byte ` +
          'measurement header (shorter than that, or texts and templates without it): counted, not timed',
      ),
    );
  }
  if (foreign > 0) {
    const share = foreign / (foreign + received);
    found.push(
      ...reason(
        share > FOREIGN_SUSPECT_SHARE ? 'suspect' : 'note',
        'FOREIGN',
        `${formatCount(foreign)} deliveries (${formatShare(share)}) were not of this run: others publish on its ` +
          'topics, or retained messages were left from before',
      ),
    );
  }
  return found;
}
