import type { BenchValues } from './bench-values.js';
import type { ScenarioSpelling } from './schema.js';
import type { Target } from './target.js';
import type { TlsVersion } from './tls.js';

/** emqtt-bench's flags for TLS and WebSocket: what devices speak MQTT over. */
export function benchTransport(values: BenchValues): Pick<Target, 'transport' | 'path'> {
  const tls = usesTls(values);
  if (values.boolean('ws', false)) return { transport: tls ? 'wss' : 'ws', path: '/mqtt' };
  return { transport: tls ? 'mqtts' : 'mqtt', path: '' };
}

export function benchSources(values: BenchValues): Pick<ScenarioSpelling, 'sourceAddresses'> {
  const given = values.optional('ifaddr');
  if (given === undefined) return {};
  return { sourceAddresses: given.split(',').map((address) => address.trim()) };
}

const VERSIONS: Readonly<Record<string, TlsVersion>> = {
  'tlsv1.1': 'TLSv1.1',
  'tlsv1.2': 'TLSv1.2',
  'tlsv1.3': 'TLSv1.3',
  'tlsv1.3_nocompat': 'TLSv1.3',
};
const ONLY_WITH_TLS = [
  ...(['cacertfile', 'certfile', 'keyfile', 'ciphers'] as const),
  ...(['signature-algs', 'keyex-algs'] as const),
] as const;

export function benchTls(values: BenchValues): Pick<ScenarioSpelling, 'tls'> {
  const [ca, cert, key, ciphers, signatures, exchange] = ONLY_WITH_TLS.map((long) =>
    values.optional(long),
  );
  if (!usesTls(values)) {
    const idle = ONLY_WITH_TLS.find((long) => values.optional(long) !== undefined);
    if (idle !== undefined) values.problem(idle, 'has a meaning with -S only');
    return {};
  }
  const version = tlsVersion(values);
  return {
    tls: {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      // As emqtt-bench does; --cacertfile makes it a check.
      ...(ca === undefined && { verify: false }),
      ...(version !== undefined && { minVersion: version, maxVersion: version }),
      ...(ciphers !== undefined && { ciphers: listOf(ciphers) }),
      ...(signatures !== undefined && { signatureAlgorithms: listOf(signatures) }),
      ...(exchange !== undefined && { keyExchange: listOf(exchange) }),
    },
  };
}

/** OpenSSL's spelling of a list. */
function listOf(commaList: string): string {
  return commaList
    .split(',')
    .map((name) => name.trim())
    .join(':');
}

function usesTls(values: BenchValues): boolean {
  return values.boolean('ssl', false) || values.optional('ssl-version') !== undefined;
}

function tlsVersion(values: BenchValues): TlsVersion | undefined {
  const given = values.optional('ssl-version');
  if (given === undefined) return undefined;
  const version = VERSIONS[given];
  if (given === 'tlsv1.3_nocompat') {
    values.note(
      '--ssl-version tlsv1.3_nocompat: as tlsv1.3; Node cannot leave out the middlebox mode, a record of six bytes in a handshake.',
    );
  }
  if (version === undefined) {
    values.problem(
      'ssl-version',
      `expected one of ${Object.keys(VERSIONS).join(', ')}, not '${given}'`,
    );
  }
  return version;
}
