import { stringify } from 'csv-stringify/sync';
import type { ProbePoint } from './interval-report.js';
import type { ProbeKind } from './probe-totals.js';

/** One line a figure: what a probe can say differs from target to target, and a gap has no lines. */
export const PROBES_HEADER = 'second,node,part,metric,value,overSec,readAt\n';

/** Those that can tell CPU and memory: they have columns in `intervals.csv`, the others do not. */
export function tellsCpu(kind: ProbeKind): boolean {
  return kind !== 'emqx' && kind !== 'sys';
}

/** All figures of a second; `readAt` is s of the run, so that a figure's age can be told. */
export function probeRows(second: number, points: readonly ProbePoint[]): string {
  return stringify(
    points.flatMap(({ node, readAtUs, values }) =>
      values.map(({ part, metric, value, overSec }) => [
        second,
        node,
        part,
        metric,
        Number(value.toPrecision(9)),
        overSec === 0 ? '' : overSec.toFixed(3),
        (readAtUs / 1e6).toFixed(3),
      ]),
    ),
  );
}
