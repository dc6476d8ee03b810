import type { RunRecord, VerdictReason } from '../run-record.js';
import { reason } from './finding.js';

export function judgeProbes(record: RunRecord): VerdictReason[] {
  return record.probes.flatMap((probe) => {
    if (probe.goneAtSecond !== null) {
      return reason(
        'suspect',
        'PROBE_GONE',
        `${probe.node} (pid ${probe.pid}) could not be read from second ${probe.goneAtSecond} on: did it end?`,
      );
    }
    if (probe.cpuPercentMean === null && record.measured.seconds > 0) {
      return reason(
        'suspect',
        'PROBE_MISSING',
        `there are no readings of ${probe.node} (pid ${probe.pid})`,
      );
    }
    return [];
  });
}
