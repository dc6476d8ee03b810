import { isIP } from 'node:net';
import type { IdentityFiles } from './identity-files.js';

/** A member as its command line says it. */
export interface MemberFlags {
  name: string;
  dataDir: string;
  host: string;
  clientPort: number;
  peerPort: number;
  quotaBytes: number;
  /** Addresses of this machine; etcd binds to no names. */
  listen: readonly string[];
  /** Without: plain HTTP. */
  identity: IdentityFiles | undefined;
  cluster: readonly string[];
  state: 'new' | 'existing';
  /** Of a cluster that begins. Etcd makes ids of it and the addresses: two that begin at one address have no other difference. */
  token: string;
}

/**
 * The flags beside addresses and names. Compaction keeps five minutes of history, far more than a watch that
 * breaks needs. Pings find a client that stands still long before that: below 3.4.31 etcd can otherwise drop
 * changes for it in silence when it compacts (issue 17529).
 */
const FLAGS = [
  ['--logger', 'zap'],
  ['--log-level', 'error'],
  ['--log-outputs', 'stderr'],
  // Fewer entries of the log in memory than the default of 100,000.
  ['--snapshot-count', '10000'],
  ['--auto-compaction-mode', 'periodic'],
  ['--auto-compaction-retention', '5m'],
  // One that was cut off must not have the others elect anew when it comes back.
  '--pre-vote',
  // A retained message may be large.
  ['--max-request-bytes', String(8 * 2 ** 20)],
  ['--grpc-keepalive-interval', '10s'],
  ['--grpc-keepalive-timeout', '20s'],
  // JSON over HTTP, which nobody here speaks.
  ['--enable-grpc-gateway=false'],
].flat();

export function argsOf(member: MemberFlags): string[] {
  const { name, dataDir, host, clientPort, peerPort, quotaBytes, listen, identity } = member;
  const isSafe = identity !== undefined;
  const listenAt = (port: number): string =>
    listen.map((address) => urlOf(address, port, isSafe)).join(',');
  return [
    ...FLAGS,
    ...['--quota-backend-bytes', String(quotaBytes)],
    ...['--name', name],
    ...['--data-dir', dataDir],
    ...['--listen-client-urls', listenAt(clientPort)],
    ...['--advertise-client-urls', urlOf(host, clientPort, isSafe)],
    ...['--listen-peer-urls', listenAt(peerPort)],
    ...['--initial-advertise-peer-urls', urlOf(host, peerPort, isSafe)],
    ...['--initial-cluster', member.cluster.join(',')],
    ...['--initial-cluster-state', member.state],
    ...['--initial-cluster-token', member.token],
    ...(identity === undefined ? [] : tlsFlags(identity)),
  ];
}

/** Members and clients alike must show a certificate of the authority. */
function tlsFlags({ ca, cert, key }: IdentityFiles): string[] {
  return [
    ...['--cert-file', cert, '--key-file', key],
    ...['--client-cert-auth', '--trusted-ca-file', ca],
    ...['--peer-cert-file', cert, '--peer-key-file', key],
    ...['--peer-client-cert-auth', '--peer-trusted-ca-file', ca],
    // A member shows the same certificate where it is the client, and then comes from any address its machine has.
    '--experimental-peer-skip-client-san-verification',
  ];
}

export function urlOf(host: string, port: number, isSafe: boolean): string {
  return `${isSafe ? 'https' : 'http'}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}
