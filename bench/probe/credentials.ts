import { readFileSync } from 'node:fs';
import { ProbeError } from './probe-error.js';

/** The environment, and how a file that it names is read. */
export interface CredentialSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  readFile(path: string): string;
}

export const processCredentials: CredentialSource = {
  env: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
};

/**
 * `user:password` or `key:secret` for a probe: `FLEETGAUGE_PROBE_<NAME>_CREDENTIALS` for one of them, else
 * `FLEETGAUGE_PROBE_CREDENTIALS`; with `_FILE` behind it, the file whose first line has them.
 * @throws ProbeError INVALID for a file that cannot be read, or text without a colon
 */
export function credentialsOf(
  node: string,
  { env, readFile }: CredentialSource,
): string | undefined {
  const own = `FLEETGAUGE_PROBE_${node.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}_CREDENTIALS`;
  for (const name of [own, 'FLEETGAUGE_PROBE_CREDENTIALS']) {
    const path = env[`${name}_FILE`];
    const text = env[name] ?? (path === undefined ? undefined : firstLine(name, path, readFile));
    if (text === undefined || text === '') continue;
    if (text.includes(':')) return text;
    throw new ProbeError('INVALID', `${name}: expected user:password or key:secret`);
  }
  return undefined;
}

function firstLine(name: string, path: string, read: (path: string) => string): string {
  try {
    return read(path).split(/\r?\n/)[0]!;
  } catch (cause) {
    throw new ProbeError('INVALID', `${name}_FILE: cannot read ${path}`, { cause });
  }
}
