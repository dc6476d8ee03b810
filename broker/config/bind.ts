import { isIP, isIPv6 } from 'node:net';

/** An address to listen on. */
export interface Bind {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** `1883`, `:1883` (both: every IPv4 address), `127.0.0.1:1883`, `localhost:1883`, `[::1]:1883`. */
export function readBind(text: string): Bind | undefined {
  const match = /^(?:\[([^\]]+)\]:|(.*):)?(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, bracketed, bare, digits] = match;
  const port = Number(digits);
  if (port > 65_535) return undefined;
  if (bracketed !== undefined) return isIPv6(bracketed) ? { host: bracketed, port } : undefined;
  if (bare === undefined || bare === '') return { host: '0.0.0.0', port };
  return isHost(bare) ? { host: bare, port } : undefined;
}

export function bindText({ host, port }: Bind): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** An IP address, or a name as DNS and /etc/hosts have them (RFC 1123, 2.1): not all digits and dots. */
export function isHost(text: string): boolean {
  if (isIP(text) !== 0) return true;
  if (text.length > 253 || /^[\d.]+$/.test(text)) return false;
  return /^(?!-)[a-z\d_-]{1,63}(?<!-)(\.(?!-)[a-z\d_-]{1,63}(?<!-))*$/i.test(text);
}
