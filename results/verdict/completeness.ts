import { formatCount } from '../format.js';
import type { RunRecord, VerdictReason } from '../run-record.js';
import { reason } from './finding.js';
import { SHORT_SECONDS } from './thresholds.js';

export function judgeCompleteness(record: RunRecord): VerdictReason[] {
  const seconds = record.measured.seconds;
  const found: VerdictReason[] = [];
  if (record.state === 'running') {
    found.push(
      ...reason(
        'suspect',
        'NOT_ENDED',
        'the record has no end: the run still goes on, or was killed',
      ),
    );
  } else if (record.state === 'interrupted') {
    found.push(
      ...reason(
        'suspect',
        'INTERRUPTED',
        `the run was interrupted after ${formatCount(seconds)} s of measuring`,
      ),
    );
  }
  if (seconds === 0) {
    found.push(...reason('invalid', 'NOT_MEASURED', 'no whole second of a measured phase was run'));
  } else if (seconds < SHORT_SECONDS && record.state === 'finished') {
    found.push(...reason('note', 'SHORT', `only ${formatCount(seconds)} s were measured`));
  }
  return found;
}
