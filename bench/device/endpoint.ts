import type { SecureContext } from 'node:tls';
import type { SourcePorts } from './source-ports.js';

/** Where one device connects to, from where and over what. Devices share it where they can. */
export interface Endpoint {
  /** Numeric: names are resolved once, before the run. */
  address: string;
  port: number;
  /** undefined: the one that the machine's routes say. */
  sourceAddress: string | undefined;
  /** The local ports of this pair of addresses. */
  ports: SourcePorts;
  tls: TlsClient | undefined;
  webSocket: { path: string; host: string } | undefined;
}

export interface TlsClient {
  /** Trusted certificates, the device's own, versions and ciphers. */
  context: SecureContext;
  /** What is asked for in SNI, and must stand in the target's certificate; undefined: no SNI, the address must. */
  servername: string | undefined;
  alpn: string[] | undefined;
  /** False takes whatever certificate the target shows. */
  verify: boolean;
  /** A device that connects again offers the session that it had. */
  resume: boolean;
}

/** A device cannot connect, for what it needs is not there: its certificate. */
export class EndpointError extends Error {
  readonly code = 'ENDPOINT';
}
