import { FleetError } from './fleet-error.js';
import type { TargetAddress } from './messages.js';

const LATER = new Set(['mqtts', 'ssl', 'tls', 'ws', 'wss', 'quic', 'mqtt+quic']);

/**
 * Reads `mqtt://host:port`, `tcp://host:port`, `host:port` or `host`; the port is 1883 if it is left out.
 * @throws FleetError TARGET
 */
export function parseTarget(text: string): TargetAddress {
  const written = text.trim();
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(written) ? written : `mqtt://${written}`);
  const scheme = url?.protocol.slice(0, -1) ?? '';
  if (LATER.has(scheme)) {
    throw new FleetError(
      'TARGET',
      `${written}: ${scheme} is not spoken yet; use plain TCP, mqtt://host:1883`,
    );
  }
  if (url === null || url.hostname === '' || (scheme !== 'mqtt' && scheme !== 'tcp')) {
    throw new FleetError(
      'TARGET',
      `'${written}' is not a target: expected mqtt://host:port, such as mqtt://127.0.0.1:1883`,
    );
  }
  if (url.pathname.length > 1 || url.search !== '' || url.username !== '') {
    throw new FleetError(
      'TARGET',
      `${written}: a target is only mqtt://host:port; user name and password belong into the scenario`,
    );
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { host, port: url.port === '' ? 1883 : Number(url.port) };
}

export function formatTarget({ host, port }: TargetAddress): string {
  return `mqtt://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
