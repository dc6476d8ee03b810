import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type CookieCertificates, cookieCertificates } from '../cookie-certificates.js';
import type { ManagedEtcdOptions } from '../member-start.js';
import { freePort } from './free-port.js';

/** A member on loopback, all but how it comes into its cluster. */
export async function memberIn(
  folder: string,
  name: string,
): Promise<Omit<ManagedEtcdOptions, 'initialCluster'>> {
  return {
    name,
    dataDir: join(folder, name),
    host: '127.0.0.1',
    clientPort: await freePort(),
    peerPort: await freePort(),
  };
}

export function certificatesOf(
  cookie: string,
  cluster = 'c',
  host = '127.0.0.1',
): Promise<CookieCertificates> {
  return cookieCertificates({ cookie, cluster, host });
}

/** Looks again and again, for a bounded time. */
export async function until(
  met: () => boolean | Promise<boolean>,
  withinMs = 20_000,
): Promise<void> {
  const untilMs = performance.now() + withinMs;
  while (!(await met())) {
    assert.ok(performance.now() < untilMs, `not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
