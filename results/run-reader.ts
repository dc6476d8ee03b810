import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { addHlog } from './hlog.js';
import { type IntervalRow, parseIntervals } from './intervals-csv.js';
import { CumulativeHistogram, type LatencyHistogram } from './latency-histogram.js';
import { placeSecond } from './phases.js';
import { errorCode } from './record-files.js';
import { ResultsError } from './results-error.js';
import { RECORD_SCHEMA, type RunRecord, runRecordSchema } from './run-record.js';
import { hlogFile, INTERVALS_FILE, RECORD_FILE } from './run-writer.js';
import type { SeriesName } from './series.js';

/** Which seconds of a run to read: all, those its `latency` figures are of, or a range. */
export type SecondRange = 'whole' | 'measured' | { fromSecond: number; toSecond: number };

/** A run record on disk. */
export interface Run {
  readonly folder: string;
  readonly record: RunRecord;
  /** The rows of `intervals.csv`. @throws ResultsError RECORD_DAMAGED */
  intervals(): Promise<IntervalRow[]>;
  /**
   * One series, merged exactly from its log; empty when nothing was recorded. `measured` (the default) are
   * the seconds the record's `latency` figures are of.
   * @throws ResultsError RECORD_DAMAGED
   */
  histogram(series: SeriesName, range?: SecondRange): Promise<LatencyHistogram>;
}

/**
 * Opens a run record; `folder` may also be the path of its `run.json`.
 * @throws ResultsError RECORD_NOT_FOUND, RECORD_DAMAGED, RECORD_FOREIGN
 */
export async function readRun(folder: string): Promise<Run> {
  const at = folder.endsWith(`/${RECORD_FILE}`) ? folder.slice(0, -RECORD_FILE.length - 1) : folder;
  const path = join(at, RECORD_FILE);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ResultsError(
      'RECORD_NOT_FOUND',
      `cannot read ${path} (${errorCode(cause) || 'unreadable'}); give the folder that a run left behind`,
      { cause },
    );
  });
  const record = parseRecord(text, path);
  return {
    folder: at,
    record,
    async intervals() {
      return parseIntervals(await readOrEmpty(join(at, INTERVALS_FILE)), INTERVALS_FILE);
    },
    async histogram(series, range = 'measured') {
      const into = new CumulativeHistogram();
      const file = hlogFile(series);
      const wanted = secondsOf(record, series, range);
      addHlog(await readOrEmpty(join(at, file)), file, into, wanted);
      return into;
    },
  };
}

/** Validates the text of a `run.json`. @throws ResultsError RECORD_DAMAGED, RECORD_FOREIGN */
export function parseRecord(text: string, path: string): RunRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ResultsError('RECORD_DAMAGED', `${path} is not JSON: it was cut short or edited`, {
      cause,
    });
  }
  const head = z.object({ schema: z.string() }).safeParse(value);
  const [family, version] = RECORD_SCHEMA.split('/');
  if (!head.success || !head.data.schema.startsWith(`${family}/`)) {
    throw new ResultsError(
      'RECORD_FOREIGN',
      `${path} is not a run record: its "schema" is not ${RECORD_SCHEMA}`,
    );
  }
  if (head.data.schema !== RECORD_SCHEMA) {
    throw new ResultsError(
      'RECORD_FOREIGN',
      `${path} has schema ${head.data.schema}, this version reads ${family}/${version}; ` +
        'use the version of the tool that wrote it, or a newer one',
    );
  }
  const parsed = runRecordSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = issue === undefined || issue.path.length === 0 ? 'it' : issue.path.join('.');
  throw new ResultsError(
    'RECORD_DAMAGED',
    `${path} is damaged: ${place}: ${issue?.message ?? 'unreadable'}`,
    { cause: parsed.error },
  );
}

function secondsOf(
  record: RunRecord,
  series: SeriesName,
  range: SecondRange,
): (second: number, lengthSec: number) => boolean {
  if (range === 'whole') return () => true;
  if (range !== 'measured') {
    return (second) => second >= range.fromSecond && second < range.toSecond;
  }
  if (series.startsWith('connect.') || series.startsWith('subscribe.')) return () => true;
  return (second, lengthSec) => {
    const place = placeSecond(record.phases, second, lengthSec);
    return place.measured || place.tail;
  };
}

/** A run killed before its first second has no such file yet. */
async function readOrEmpty(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    if (errorCode(cause) === 'ENOENT') return '';
    throw new ResultsError('RECORD_DAMAGED', `cannot read ${path} (${errorCode(cause)})`, {
      cause,
    });
  });
}
