import { type Exposition, readSelector, type Series } from './exposition.js';
import { ProbeError } from './probe-error.js';
import type { Reading, Sample } from './reading.js';

/** A series of an endpoint that goes into the record under a name. */
export interface NamedMetric {
  readonly metric: string;
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
}

/** The names that every client library of Prometheus gives the process's own figures. */
const CPU_SECONDS = 'process_cpu_seconds_total';
const RESIDENT_BYTES = 'process_resident_memory_bytes';
const START_SECONDS = 'process_start_time_seconds';

/** Names with a meaning of their own: where a target calls CPU and memory otherwise. */
const CPU_NAME = 'cpuSeconds';
const MEMORY_NAME = 'rssBytes';

/** `connections=emqx_connections_count`, `heap=jvm_memory_used_bytes{area="heap"}`. @throws ProbeError INVALID */
export function parseNamedMetric(text: string): NamedMetric {
  const at = text.indexOf('=');
  const metric = text.slice(0, at).trim();
  const selector = at < 0 ? undefined : readSelector(text.slice(at + 1).trim());
  if (!/^[A-Za-z_][\w.-]*$/.test(metric) || selector === undefined || selector.rest !== '') {
    throw new ProbeError(
      'INVALID',
      `expected name=series after the #, such as connections=emqx_connections_count or ` +
        `heap=jvm_memory_used_bytes{area="heap"}, not '${text}'`,
    );
  }
  return { metric, name: selector.name, labels: selector.labels };
}

/**
 * CPU, memory and the named metrics of an endpoint's answer. Of series that differ in labels a name stands
 * for the sum. A counter becomes a rate, `<metric>PerSec`.
 */
export function readEndpoint(
  { series, types }: Exposition,
  named: readonly NamedMetric[],
  atUs: number,
): Reading {
  const matching = (name: string, labels?: ReadonlyMap<string, string>): Series[] =>
    series.filter(
      (one) =>
        one.name === name &&
        [...(labels ?? [])].every(([label, value]) => one.labels.get(label) === value),
    );
  const cpu = named.find(({ metric }) => metric === CPU_NAME);
  const memory = named.find(({ metric }) => metric === MEMORY_NAME);
  const used: Series[] = [];
  const samples: Sample[] = [];
  const add = (metric: string, kind: Sample['kind'], found: readonly Series[], factor = 1) => {
    const value = found.reduce((sum, one) => sum + one.value, 0) * factor;
    if (found.length === 0 || !Number.isFinite(value)) return;
    used.push(...found);
    samples.push({ part: '', metric, value, kind });
  };
  add('cpuPercent', 'counter', matching(cpu?.name ?? CPU_SECONDS, cpu?.labels), 100);
  add('rssBytes', 'level', matching(memory?.name ?? RESIDENT_BYTES, memory?.labels));
  for (const { metric, name, labels } of named) {
    if (metric === CPU_NAME || metric === MEMORY_NAME) continue;
    const isCounter = types.has(name) ? types.get(name) === 'counter' : name.endsWith('_total');
    const found = matching(name, labels);
    if (isCounter) add(`${metric}PerSec`, 'counter', found);
    else add(metric, 'level', found);
  }
  const starts = matching(START_SECONDS).map(({ value }) => value);
  // Values that carry their own time are as old as that, however often they are asked for.
  const times = used.flatMap(({ timestampMs }) => timestampMs ?? []);
  return {
    atUs: times.length === 0 ? atUs : Math.max(...times) * 1000,
    samples,
    startedSec: new Map(starts.length === 0 ? [] : [['', Math.max(...starts)]]),
  };
}

/** Whether the values carry times of their own, as those of a federating server do. */
export function hasOwnTimes({ series }: Exposition): boolean {
  return series.some(({ timestampMs }) => timestampMs !== undefined);
}
