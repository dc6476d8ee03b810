/** Where devices connect. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

export class TargetError extends Error {
  readonly code = 'TARGET_INVALID';

  constructor(text: string, why: string) {
    super(`target '${text}': ${why}`);
    this.name = 'TargetError';
  }
}

const DEFAULT_PORT = 1883;
const LATER = new Map([
  ['mqtts', 'TLS'],
  ['ssl', 'TLS'],
  ['tls', 'TLS'],
  ['ws', 'WebSocket'],
  ['wss', 'WebSocket'],
  ['quic', 'QUIC'],
]);

/** `mqtt://host:1883`, `tcp://host`, `host:1883`, `[::1]`; the port is 1883 if none is given. */
export function parseTarget(text: string): Target {
  const spelled = text.includes('://') ? text : `mqtt://${text}`;
  let url: URL;
  try {
    url = new URL(spelled);
  } catch {
    throw new TargetError(text, 'expected a URL such as mqtt://127.0.0.1:1883');
  }
  const scheme = url.protocol.slice(0, -1);
  const later = LATER.get(scheme);
  if (later !== undefined) {
    throw new TargetError(text, `${later} is not there yet; use mqtt:// (plain TCP)`);
  }
  if (scheme !== 'mqtt' && scheme !== 'tcp') {
    throw new TargetError(text, `expected mqtt:// in front, not ${scheme}://`);
  }
  const tail = url.pathname === '' || url.pathname === '/' ? url.search + url.hash : url.pathname;
  if (tail !== '') throw new TargetError(text, `nothing may follow the port, not '${tail}'`);
  if (url.username !== '' || url.password !== '') {
    throw new TargetError(text, "user name and password stand in the scenario's groups");
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (host === '') throw new TargetError(text, 'the host is missing');
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  if (port === 0) throw new TargetError(text, 'expected a port from 1 to 65535');
  return { host, port };
}

/** The other way round; what `parseTarget` reads back. */
export function formatTarget({ host, port }: Target): string {
  return `mqtt://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
