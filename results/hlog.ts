import { inflateSync } from 'node:zlib';
import { HistogramLogWriter } from 'hdr-histogram-js';
import { addV2 } from './histogram-codec.js';
import type { LatencyHistogram } from './latency-histogram.js';
import { ResultsError } from './results-error.js';

/** Values are µs; the log's own column of maxima is in ms, as in HdrHistogram's tools. */
const MAX_VALUE_UNIT_RATIO = 1000;

/** The head of a log: time stamps in it count from the run's epoch. `epochMs` is a wall clock. */
export function hlogHead(series: string, toolText: string, epochMs: number): string {
  let text = '';
  const writer = new HistogramLogWriter((line) => {
    text += line;
  });
  const epochSec = (epochMs / 1000).toFixed(3);
  writer.outputComment(`[Logged with ${toolText}]`);
  writer.outputLogFormatVersion();
  writer.outputComment(`[${series}: values in microseconds, Interval_Max in milliseconds]`);
  // Not outputStartTime(): it adds an empty line, at which HdrHistogram_c's reader ends the head, and the
  // local time zone. That reader also wants every line of the head below 128 bytes.
  writer.outputComment(
    `[StartTime: ${epochSec} (seconds since epoch), ${new Date(epochMs).toISOString()}]`,
  );
  writer.outputComment(`[BaseTime: ${epochSec} (seconds since epoch)]`);
  writer.outputLegend();
  return text;
}

/** One interval as a log line, [second, second + lengthSec) from the run's epoch. */
export function hlogLine(histogram: LatencyHistogram, second: number, lengthSec: number): string {
  let text = '';
  const writer = new HistogramLogWriter((line) => {
    text += line;
  });
  writer.outputIntervalHistogram(histogram, second, second + lengthSec, MAX_VALUE_UNIT_RATIO);
  return text;
}

/**
 * Adds the intervals of a log that `wanted` takes to `into`, exactly. A last line without its line end is
 * what a killed run leaves: it is passed over.
 * @throws ResultsError RECORD_DAMAGED for any other line that cannot be read, with file and line.
 */
export function addHlog(
  text: string,
  fileName: string,
  into: LatencyHistogram,
  wanted: (second: number, lengthSec: number) => boolean,
): void {
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  for (const [at, line] of lines.entries()) {
    if (line === '' || line.startsWith('#') || line.startsWith('"')) continue;
    const [start = '', length = '', , payload = ''] = line.split(',');
    const second = Number(start);
    const lengthSec = Number(length);
    try {
      if (!(second >= 0) || !(lengthSec > 0)) throw new Error('no time stamp');
      if (!wanted(Math.round(second), lengthSec)) continue;
      addV2(inflateSync(Buffer.from(payload, 'base64').subarray(8)), into);
    } catch (cause) {
      throw new ResultsError(
        'RECORD_DAMAGED',
        `${fileName}, line ${at + 1}: not a line of an HdrHistogram log of this tool; was the file edited?`,
        { cause },
      );
    }
  }
}
