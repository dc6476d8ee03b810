import { connect, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Endpoint } from './endpoint.js';

/**
 * Opens the socket of one device: TCP, with TLS over it where the endpoint says so. `connect` or
 * `secureConnect` tells when it may be used.
 *
 * @param localPort undefined: whichever the kernel finds
 * @param onread one buffer for all sockets instead of one per read
 * @param session to be resumed, if the target agrees
 */
export function dial(
  endpoint: Endpoint,
  localPort: number | undefined,
  onread?: OnReadOpts,
  session?: Buffer,
): Socket | TLSSocket {
  const { address, port, sourceAddress, tls } = endpoint;
  const options = {
    host: address,
    port,
    ...(sourceAddress === undefined ? {} : { localAddress: sourceAddress }),
    ...(localPort === undefined ? {} : { localPort }),
    noDelay: true,
    ...(onread === undefined ? {} : { onread }),
  };
  if (tls === undefined) return connect(options);
  return connectTls({
    ...options,
    secureContext: tls.context,
    rejectUnauthorized: tls.verify,
    ...(tls.servername === undefined ? {} : { servername: tls.servername }),
    ...(tls.alpn === undefined ? {} : { ALPNProtocols: tls.alpn }),
    ...(session === undefined ? {} : { session }),
  });
}

/** The local port was taken, or all its ways to the target are: another may be free. */
export function isPortTaken({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EADDRINUSE' || code === 'EADDRNOTAVAIL';
}

/** Source ports tried before the kernel is asked to find one. */
export const MOST_PORT_TRIES = 20;
