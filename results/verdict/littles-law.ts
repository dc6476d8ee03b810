import { formatCount, formatDurationUs } from '../format.js';
import type { LittlesLaw, RunRecord } from '../run-record.js';
import { PATHS, type Path } from '../series.js';
import { type Finding, reason, silence } from './finding.js';
import {
  LITTLE_LEAST_ANSWERS,
  LITTLE_SUSPECT_SHARE,
  LITTLE_WIDEST_TOLERANCE,
} from './thresholds.js';

/**
 * L = λ·W on each path: how many were between intended and answered, counted as a time integral, must be the rate
 * of answers × the mean of the response times recorded. If it is not, answers were recorded twice, not at all or with
 * the wrong time, or some never came and the response times are of the others only.
 */
export function judgeLittlesLaw(record: RunRecord): Finding[] {
  const { littlesLaw } = record;
  if (littlesLaw === undefined) {
    return silence("Little's law", 'the record has no count of what was under way');
  }
  return PATHS.flatMap((path) => {
    const law = littlesLaw[path];
    return law === undefined ? [] : judgePath(record, path, law);
  });
}

function judgePath(record: RunRecord, path: Path, law: LittlesLaw): Finding[] {
  const check = `Little's law, ${path}`;
  const { answered, inFlightMean, expectedMean, tolerance, seconds, underWayAtEnd } = law;
  if (record.generator.shardsLost > 0) {
    return silence(check, 'shards died, and took along what they had under way');
  }
  if (path === 'delivery' && record.totals.deliveries.untimed > 0) {
    return silence(check, 'deliveries that are not timed leave no response time');
  }
  if (answered < LITTLE_LEAST_ANSWERS) {
    return silence(check, `${formatCount(answered)} answers; it needs ${LITTLE_LEAST_ANSWERS}`);
  }
  const apart = Math.abs(inFlightMean - expectedMean);
  if (apart <= Math.max(tolerance, expectedMean * LITTLE_SUSPECT_SHARE)) {
    return tolerance <= expectedMean * LITTLE_WIDEST_TOLERANCE
      ? []
      : silence(
          check,
          `it may be off by ${three(tolerance)} of ${three(expectedMean)} under way: ` +
            (path === 'delivery' && underWayAtEnd > 0
              ? 'nobody knows how long deliveries that never came were under way'
              : 'too much was under way at the ends of so short a time'),
        );
  }
  const responseUs = (expectedMean * seconds * 1e6) / answered;
  return reason(
    'suspect',
    'LITTLES_LAW',
    `${path}: ${three(inFlightMean)} were under way on average, but ${three(answered / seconds)} answers/s × ` +
      `${formatDurationUs(responseUs)} mean response make ${three(expectedMean)} (± ${three(tolerance)}): ` +
      (underWayAtEnd > 0 && inFlightMean > expectedMean
        ? `${formatCount(underWayAtEnd)} were never answered, so the response times are of the others only and too good`
        : 'response times are missing, wrong or recorded twice'),
  );
}

function three(value: number): string {
  return Math.abs(value) >= 999.5 ? formatCount(value) : String(Number(value.toPrecision(3)));
}
