import type { ProbedNode } from '../../results/mod.js';
import { ProbeError } from './probe-error.js';
import { type NamedMetric, parseNamedMetric } from './prometheus.js';

/** Something to watch, as a command line or a scenario names it. */
export type ProbeSpec =
  | (ProbedNode & { readonly kind?: 'process'; readonly pid: number })
  | { readonly node: string; readonly kind: 'machine' }
  | {
      readonly node: string;
      readonly kind: 'prometheus' | 'node-exporter' | 'emqx' | 'sys';
      readonly url: URL;
      /** Of `prometheus` only. */
      readonly metrics: readonly NamedMetric[];
    };

const FORMS =
  'name=pid, name=machine, name=prometheus:http://host:port/metrics, ' +
  'name=node-exporter:http://host:9100, name=emqx:http://host:18083 or name=sys:mqtt://host:1883';

const SCHEMES = {
  prometheus: ['http:', 'https:'],
  'node-exporter': ['http:', 'https:'],
  emqx: ['http:', 'https:'],
  sys: ['mqtt:', 'mqtts:', 'ws:', 'wss:'],
} as const;

/** `name=source`. @throws ProbeError INVALID */
export function parseProbe(text: string): ProbeSpec {
  const at = text.indexOf('=');
  if (at < 1) throw invalid(text, `expected ${FORMS}`);
  return probeSpec(text.slice(0, at), text.slice(at + 1));
}

/** A source under a name. @throws ProbeError INVALID */
export function probeSpec(node: string, source: string): ProbeSpec {
  const text = `${node}=${source}`;
  if (!/^[^=,\s]+$/.test(node)) throw invalid(text, 'a name has no blanks, commas or equals signs');
  if (/^[1-9]\d*$/.test(source)) return { node, pid: Number(source) };
  if (source === 'machine') return { node, kind: source };
  const colon = source.indexOf(':');
  const kind = source.slice(0, colon);
  if (!isRemote(kind)) throw invalid(text, `expected ${FORMS}`);
  const url = parseUrl(text, source.slice(colon + 1), SCHEMES[kind]);
  // What follows the # is ours: it never goes over the wire.
  const named = decodeFragment(url.hash);
  url.hash = '';
  if (named !== '' && kind !== 'prometheus') {
    throw invalid(text, 'only prometheus takes names of series after a #');
  }
  if (kind === 'node-exporter' && url.pathname === '/') url.pathname = '/metrics';
  return { node, kind, url, metrics: named === '' ? [] : named.split('&').map(parseNamedMetric) };
}

/** Names must differ: a column of the record has one. @throws ProbeError INVALID */
export function checkProbeNames(specs: readonly { readonly node: string }[]): void {
  const seen = new Set<string>();
  for (const { node } of specs) {
    if (seen.has(node)) throw invalid(node, 'two probes have this name');
    seen.add(node);
  }
}

function isRemote(kind: string): kind is keyof typeof SCHEMES {
  return kind in SCHEMES;
}

function parseUrl(text: string, spelled: string, schemes: readonly string[]): URL {
  let url: URL;
  try {
    url = new URL(spelled);
  } catch {
    throw invalid(text, `'${spelled}' is no URL; expected ${FORMS}`);
  }
  if (!schemes.includes(url.protocol)) {
    throw invalid(text, `expected ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`);
  }
  if (url.hostname === '') throw invalid(text, 'the host is missing');
  if (url.username !== '' || url.password !== '') {
    throw invalid(
      text.replace(/\/\/[^@]*@/, '//…@'),
      'credentials come from the environment, for the URL stands in the record: FLEETGAUGE_PROBE_CREDENTIALS',
    );
  }
  return url;
}

function decodeFragment(hash: string): string {
  try {
    return decodeURIComponent(hash.slice(1));
  } catch {
    return hash.slice(1);
  }
}

function invalid(text: string, why: string): ProbeError {
  return new ProbeError('INVALID', `probe ${text}: ${why}`);
}
