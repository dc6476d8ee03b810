import { formatCount, formatDurationUs, formatPercent, formatShare } from '../format.js';
import type { RunRecord, ThreadHealth } from '../run-record.js';
import { type Finding, reason, silence } from './finding.js';
import { ACHIEVED_INVALID, OWN_LAG_SUSPECT_US, THREAD_LEAST_SCHEDULED } from './thresholds.js';

/**
 * One thread of many that is late hides in what all of them sent together: its devices published less than they
 * should have, and their response times are its own.
 */
export function judgeThreads(record: RunRecord): Finding[] {
  const { perThread } = record.generator;
  if (perThread === undefined) return silence('generator threads', 'the record has no threads');
  const judged = perThread.filter(({ scheduled }) => scheduled >= THREAD_LEAST_SCHEDULED);
  if (judged.length < 2) return [];
  const behind = judged.filter(isBehind).sort((a, b) => achieved(a) - achieved(b));
  const worst = behind[0];
  if (worst === undefined) return [];
  return reason(
    'suspect',
    'THREAD_BEHIND',
    `${formatCount(behind.length)} of ${formatCount(perThread.length)} generator threads fell behind on their own: thread ` +
      `${worst.shard} sent ${formatShare(achieved(worst))} of its publishes, late by ${formatDurationUs(worst.ownLagMeanUs)} ` +
      `on average, its loop busy ${formatPercent(worst.loopUtilisationP90 * 100)}`,
  );
}

function isBehind(thread: ThreadHealth): boolean {
  return achieved(thread) < ACHIEVED_INVALID && thread.ownLagMeanUs > OWN_LAG_SUSPECT_US;
}

function achieved({ sent, scheduled }: ThreadHealth): number {
  return sent / scheduled;
}
