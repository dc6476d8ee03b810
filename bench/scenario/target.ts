/** What MQTT goes over: TCP, TLS, WebSocket (RFC 6455), WebSocket over TLS. */
export type Transport = 'mqtt' | 'mqtts' | 'ws' | 'wss';

/** Where devices connect. */
export interface Target {
  readonly transport: Transport;
  readonly host: string;
  readonly port: number;
  /** Of WebSockets: path and query of the URL; empty for the others. */
  readonly path: string;
}

export class TargetError extends Error {
  readonly code = 'TARGET_INVALID';

  constructor(text: string, why: string) {
    super(`target '${text}': ${why}`);
    this.name = 'TargetError';
  }
}

const SCHEMES = new Map<string, Transport>([
  ['mqtt', 'mqtt'],
  ['tcp', 'mqtt'],
  ['mqtts', 'mqtts'],
  ['ssl', 'mqtts'],
  ['tls', 'mqtts'],
  ['ws', 'ws'],
  ['wss', 'wss'],
]);
/** IANA's for MQTT, those of the URL standard for WebSockets. */
const DEFAULT_PORTS: Readonly<Record<Transport, number>> = {
  mqtt: 1883,
  mqtts: 8883,
  ws: 80,
  wss: 443,
};
/** Where EMQX, HiveMQ and others serve it; mosquitto takes any. */
const DEFAULT_PATH = '/mqtt';

/**
 * `mqtt://host:1883`, `mqtts://host`, `ws://host:8083/mqtt`, `wss://host`, `host:1883`, `[::1]`. Ports are
 * 1883, 8883, 80 and 443 if none is given, and the path of a WebSocket is /mqtt.
 */
export function parseTarget(text: string): Target {
  const spelled = text.includes('://') ? text : `mqtt://${text}`;
  let url: URL;
  try {
    url = new URL(spelled);
  } catch {
    throw new TargetError(text, 'expected a URL such as mqtt://127.0.0.1:1883');
  }
  const scheme = url.protocol.slice(0, -1);
  if (scheme === 'quic') {
    throw new TargetError(text, 'there is no QUIC here; use mqtts:// (TLS) or mqtt:// (TCP)');
  }
  const transport = SCHEMES.get(scheme);
  if (transport === undefined) {
    throw new TargetError(
      text,
      `expected mqtt://, mqtts://, ws:// or wss:// in front, not ${scheme}://`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new TargetError(text, "user name and password stand in the scenario's groups");
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (host === '') throw new TargetError(text, 'the host is missing');
  const port = url.port === '' ? DEFAULT_PORTS[transport] : Number(url.port);
  if (port === 0) throw new TargetError(text, 'expected a port from 1 to 65535');
  return { transport, host, port, path: pathOf(url, text, transport) };
}

function pathOf(url: URL, text: string, transport: Transport): string {
  const isBare = url.pathname === '' || url.pathname === '/';
  if (transport === 'ws' || transport === 'wss') {
    if (url.hash !== '') throw new TargetError(text, `'${url.hash}' is never sent to a server`);
    return (isBare && !text.endsWith('/') ? DEFAULT_PATH : url.pathname) + url.search;
  }
  const tail = isBare ? url.search + url.hash : url.pathname;
  if (tail !== '') throw new TargetError(text, `nothing may follow the port, not '${tail}'`);
  return '';
}

/** The other way round; what `parseTarget` reads back. */
export function formatTarget({ transport, host, port, path }: Target): string {
  return `${transport}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
}

export function isTls({ transport }: Target): boolean {
  return transport === 'mqtts' || transport === 'wss';
}

export function isWebSocket({ transport }: Target): boolean {
  return transport === 'ws' || transport === 'wss';
}
