import { formatDurationUs, formatShare } from '../format.js';
import type { RunRecord } from '../run-record.js';
import { type Finding, reason, silence } from './finding.js';
import { GC_NOTE_BEYOND_P999, GC_SUSPECT_BEYOND_P99 } from './thresholds.js';

/** Whether the generator's own garbage collections can be seen in the response times. */
export function judgeGarbageCollection(record: RunRecord): Finding[] {
  const { gc } = record.generator;
  if (gc === undefined) return silence('garbage collection', 'the record has no pauses');
  const response = record.latency['delivery.response'] ?? record.latency['publish.response'];
  if (response === undefined || response.count === 0) {
    return silence('garbage collection', 'there are no response times to see it in');
  }
  const pauses =
    `garbage collections of the generator took ${formatShare(gc.share)} of its time, ` +
    `${formatDurationUs(gc.longestUs)} at the longest`;
  if (gc.beyondP99 >= GC_SUSPECT_BEYOND_P99) {
    return reason(
      'suspect',
      'GARBAGE_COLLECTION',
      `${pauses}: ${formatShare(gc.beyondP99)} of the answers waited for one longer than the response p99 of ` +
        `${formatDurationUs(response.p99)}, so p99 and above are its own`,
    );
  }
  if (gc.beyondP999 >= GC_NOTE_BEYOND_P999) {
    return reason(
      'note',
      'GARBAGE_COLLECTION',
      `${pauses}: ${formatShare(gc.beyondP999)} of the answers waited for one longer than the response p99.9 of ` +
        `${formatDurationUs(response.p999)}, so p99.9 and above may be its own`,
    );
  }
  return [];
}
