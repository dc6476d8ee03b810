import { formatDurationUs, formatPercent } from '../format.js';
import type { RunRecord, VerdictReason } from '../run-record.js';
import { reason } from './finding.js';
import { LAG_SUSPECT_US, LOOP_INVALID, LOOP_SUSPECT, STALL_NOTE_US } from './thresholds.js';

/**
 * Whether the generator itself was late: a busy loop, or a lag worth the name that had stalls of its size, or
 * that came about while the devices had room. If none of these, sends waited for the target: in-flight window, receive maximum, or a full
 * socket.
 */
export function generatorLate(record: RunRecord): boolean {
  const { generator } = record;
  return (
    generator.loopUtilisationP90 >= LOOP_SUSPECT ||
    (generator.lagP99Us > LAG_SUSPECT_US &&
      (generator.loopDelayMaxUs >= generator.lagP99Us / 2 || ownLagPrevails(record)))
  );
}

export function judgeLoop(record: RunRecord): VerdictReason[] {
  const { loopUtilisationP90, loopDelayMaxUs } = record.generator;
  const found: VerdictReason[] = [];
  if (loopUtilisationP90 >= LOOP_SUSPECT) {
    const invalid = loopUtilisationP90 >= LOOP_INVALID;
    found.push(
      ...reason(
        invalid ? 'invalid' : 'suspect',
        'GENERATOR_BUSY',
        `a generator thread was busy ${formatPercent(loopUtilisationP90 * 100)} of the time or more in one measured second ` +
          `of ten: ${invalid ? 'it set the pace, not the target' : 'its own queue shows in the figures'}; ` +
          'use more threads, more machines or less load',
      ),
    );
  }
  if (loopDelayMaxUs >= STALL_NOTE_US) {
    found.push(
      ...reason(
        'note',
        'GENERATOR_STALLED',
        `a generator thread once stood still for ${formatDurationUs(loopDelayMaxUs)}: ` +
          'maxima up to that long may be its own',
      ),
    );
  }
  return found;
}

export function backPressure(record: RunRecord): string {
  const { loopUtilisationMax, loopDelayMaxUs } = record.generator;
  return (
    `the generator had time (busy ${formatPercent(loopUtilisationMax * 100)} at most, no stall above ` +
    `${formatDurationUs(loopDelayMaxUs)}), so the target held them back (in-flight window or full socket)`
  );
}

/** More than half of the mean lag came about while the device had room. */
function ownLagPrevails(record: RunRecord): boolean {
  const lag = record.latency['publish.lag'];
  const { ownLagMeanUs } = record.generator;
  return lag !== undefined && ownLagMeanUs !== undefined && ownLagMeanUs > lag.mean / 2;
}
