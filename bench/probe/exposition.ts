import { ProbeError } from './probe-error.js';

// Prometheus' text format, version 0.0.4: what exporters answer to a scrape.

export interface Series {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  /** The source's own time of the value, if it gives one. */
  readonly timestampMs: number | undefined;
}

export interface Exposition {
  readonly series: readonly Series[];
  /** By name, as `# TYPE` says: counter, gauge, histogram, summary, untyped. */
  readonly types: ReadonlyMap<string, string>;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*,?/;

/** @throws ProbeError NOT_READABLE on the first line that is not of this format */
export function parseExposition(text: string): Exposition {
  const series: Series[] = [];
  const types = new Map<string, string>();
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed === '') continue;
    if (trimmed.startsWith('#')) {
      const [, word, name, type] = trimmed.split(/\s+/);
      if (word === 'TYPE' && name !== undefined && type !== undefined) types.set(name, type);
      continue;
    }
    const one = parseSeries(trimmed);
    if (one === undefined) {
      throw new ProbeError(
        'NOT_READABLE',
        `not Prometheus' text format: ${JSON.stringify(trimmed.slice(0, 60))}`,
      );
    }
    series.push(one);
  }
  return { series, types };
}

function parseSeries(line: string): Series | undefined {
  const selector = readSelector(line);
  if (selector === undefined) return undefined;
  const [value = '', timestamp, ...more] = selector.rest.trim().split(/\s+/);
  const number = parseValue(value);
  if (number === undefined || more.length > 0) return undefined;
  const timestampMs = timestamp === undefined ? undefined : Number(timestamp);
  if (timestampMs !== undefined && !Number.isInteger(timestampMs)) return undefined;
  return { name: selector.name, labels: selector.labels, value: number, timestampMs };
}

/** A name with labels or without, and what follows it. */
export function readSelector(
  text: string,
): { name: string; labels: Map<string, string>; rest: string } | undefined {
  const name = NAME.exec(text)?.[0];
  if (name === undefined) return undefined;
  const labels = new Map<string, string>();
  let rest = text.slice(name.length);
  const open = /^\s*\{/.exec(rest);
  if (open === null) return { name, labels, rest };
  rest = rest.slice(open[0].length);
  for (let label = LABEL.exec(rest); label !== null; label = LABEL.exec(rest)) {
    labels.set(label[1]!, unescaped(label[2]!));
    rest = rest.slice(label[0].length);
  }
  const close = /^\s*\}/.exec(rest);
  return close === null ? undefined : { name, labels, rest: rest.slice(close[0].length) };
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
}

/** As Go's ParseFloat: `+Inf`, `-Inf` and `NaN` are values. */
function parseValue(text: string): number | undefined {
  if (/^[+-]?inf$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return Number.NaN;
  const value = Number(text);
  return text === '' || Number.isNaN(value) ? undefined : value;
}
