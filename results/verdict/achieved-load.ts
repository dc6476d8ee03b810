import { formatCount, formatShare } from '../format.js';
import type { RunRecord, VerdictReason } from '../run-record.js';
import { reason } from './finding.js';
import { backPressure, generatorLate } from './generator-loop.js';
import { ACHIEVED_INVALID, ACHIEVED_SUSPECT } from './thresholds.js';

export function judgeAchieved(record: RunRecord): VerdictReason[] {
  const {
    publishesScheduled = 0,
    publishesSent: sent = 0,
    publishesFailed = 0,
  } = record.measured.counters;
  // What was neither sent nor still waits fell due on a device without a connection.
  const absent = Math.min(
    publishesFailed,
    Math.max(0, publishesScheduled - sent - record.generator.backlogEnd),
  );
  const found =
    absent > publishesScheduled * (1 - ACHIEVED_SUSPECT)
      ? reason(
          'suspect',
          'DEVICES_MISSING',
          `${formatShare(absent / publishesScheduled)} of the offered publishes (${formatCount(absent)} of ` +
            `${formatCount(publishesScheduled)}) fell due on devices that were not connected, and were not sent`,
        )
      : [];
  return [...found, ...judgeSent(record, publishesScheduled - absent, sent)];
}

/** @param scheduled on devices that were there to send it */
function judgeSent(record: RunRecord, scheduled: number, sent: number): VerdictReason[] {
  if (scheduled === 0 || sent >= scheduled * ACHIEVED_SUSPECT) return [];
  const text =
    `${formatShare(sent / scheduled)} of the offered publishes were sent ` +
    `(${formatCount(sent)} of ${formatCount(scheduled)}; ${formatCount(record.generator.backlogEnd)} were still waiting)`;
  if (!generatorLate(record)) {
    return reason(
      'suspect',
      'TARGET_HELD_LOAD',
      `${text}; ${backPressure(record)}; what was never sent has no latency, so the percentiles are too good`,
    );
  }
  return reason(
    sent < scheduled * ACHIEVED_INVALID ? 'invalid' : 'suspect',
    'LOAD_NOT_ACHIEVED',
    `${text}, and the generator was late by itself; use more threads, more machines or less load`,
  );
}
