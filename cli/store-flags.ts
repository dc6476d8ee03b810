import { readFileSync } from 'node:fs';
import { readDurationUs, type StoreAccess } from '../bench/mod.js';
import { UsageError } from './usage-error.js';

/** How the store that agents and coordinator meet at is reached. */
export interface StoreFlags {
  store?: string | undefined;
  secretFile?: string | undefined;
  storeCa?: string | undefined;
  storeCert?: string | undefined;
  storeKey?: string | undefined;
}

/** A secret in the environment is not seen by other users of the machine, as one on a command line would be. */
const SECRET = 'FLEETGAUGE_SECRET';

export function storeAccess(flags: StoreFlags, env: NodeJS.ProcessEnv = process.env): StoreAccess {
  const { store = 'embedded', secretFile, storeCa, storeCert, storeKey } = flags;
  const secret =
    secretFile === undefined ? env[SECRET] : read('secret-file', secretFile).toString();
  const tls = {
    ...(storeCa === undefined ? {} : { ca: read('store-ca', storeCa) }),
    ...(storeCert === undefined ? {} : { cert: read('store-cert', storeCert) }),
    ...(storeKey === undefined ? {} : { key: read('store-key', storeKey) }),
  };
  return {
    text: store,
    secret: secret?.trim() || undefined,
    tls: Object.keys(tls).length === 0 ? undefined : tls,
  };
}

/** `host:port`, `[::1]:port`. */
export function listenAddress(text: string): { host: string; port: number } {
  const [, host, port] = /^(\[[0-9a-fA-F:]+\]|[^:]+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535) {
    throw new UsageError(`--listen ${text}: expected host:port, such as 10.0.0.1:7350`);
  }
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

export function durationMs(flag: string, text: string): number {
  const us = readDurationUs(text);
  if (us === undefined || us < 1_000_000) {
    throw new UsageError(`--${flag} ${text}: expected a duration of 1s or more, such as 60s`);
  }
  return us / 1000;
}

function read(flag: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--${flag}: ${why}`);
  }
}
