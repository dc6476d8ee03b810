import { formatCount } from '../format.js';
import type { ProbeRecord, RunRecord, VerdictReason } from '../run-record.js';
import { reason } from './finding.js';

export function judgeProbes(record: RunRecord): VerdictReason[] {
  return record.probes.flatMap((probe) =>
    probe.kind === 'process' ? judgeProcess(probe, record) : judgeSource(probe, record),
  );
}

function judgeProcess(probe: ProbeRecord, record: RunRecord): VerdictReason[] {
  const who = `${probe.node} (pid ${probe.pid})`;
  if (probe.goneAtSecond !== null) {
    return reason(
      'suspect',
      'PROBE_GONE',
      `${who} could not be read from second ${probe.goneAtSecond} on: did it end?`,
    );
  }
  if (probe.cpuPercentMean === null && record.measured.seconds > 0) {
    return reason('suspect', 'PROBE_MISSING', `there are no readings of ${who}`);
  }
  return [];
}

/** What is asked over a network may fail to answer without a word against the figures of the run. */
function judgeSource(probe: ProbeRecord, record: RunRecord): VerdictReason[] {
  const who = `${probe.node} (${probe.kind})`;
  const gaps = Object.entries(probe.gaps).sort(([, a], [, b]) => b - a);
  if (gaps.length > 0) {
    const seconds = gaps.reduce((sum, [, count]) => sum + count, 0);
    return reason(
      'note',
      'PROBE_GAPS',
      `${who} could not be read in ${formatCount(seconds)} ${seconds === 1 ? 'second' : 'seconds'}: ${gaps[0]![0]}`,
    );
  }
  if (probe.metrics.length > 0 || record.measured.seconds === 0) return [];
  const why = probe.kind === 'sys' ? ': its broker updates $SYS more seldom than that' : '';
  return reason('note', 'PROBE_GAPS', `${who} said nothing in the measured seconds${why}`);
}
